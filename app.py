"""Define the platform: ``python app.py``, or ``cdk synth -c environment=staging`` (or ``all``).

The CDK's command line also validates the templates; Python alone only writes them.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import config
from pipeline_code.core.errors import SettingsError


def main() -> None:
    """Synthesise the environments that the context names into ``cdk.out``."""
    gc.disable()  # the CDK's 100,000 objects live to the end: looking at them costs a fifth
    from stacks.platform_app import PlatformApp

    app = PlatformApp(
        outdir=os.environ.get("CDK_OUTDIR", str(Path(__file__).with_name("cdk.out"))),
        # CDK's validation of the templates takes as long as everything else: once is enough.
        builtin_cloud_formation_validation="CDK_CLI_VERSION" in os.environ,
    )
    context = app.node.try_get_context
    app.define(config.select(context("environment"), config.overrides(context)))
    app.define_delivery(config.select_delivery(context("environment")))
    if context("nag") == "true":
        app.check()
    app.synth()


if __name__ == "__main__":
    try:
        main()
    except SettingsError as error:
        sys.exit(str(error))
