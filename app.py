"""Define the platform: ``python app.py``, or ``cdk synth -c environment=staging`` (or ``all``)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import config
from pipeline_code.core.errors import SettingsError
from stacks.platform_app import PlatformApp

ROOT = Path(__file__).parent


def main() -> None:
    """Synthesise the environments that the context names into ``cdk.out``."""
    app = PlatformApp(outdir=os.environ.get("CDK_OUTDIR", str(ROOT / "cdk.out")))
    app.define(config.select(app.node.try_get_context("environment")))
    if app.node.try_get_context("nag") == "true":
        app.check()
    app.synth()


if __name__ == "__main__":
    try:
        main()
    except SettingsError as error:
        sys.exit(str(error))
