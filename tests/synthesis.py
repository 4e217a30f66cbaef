"""The templates of every environment, synthesised by Python alone."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

EVERYTHING = Path(__file__).parent / "settings" / "everything.yaml"
"""The settings of an environment that uses every option, those that ours leave off too."""

_PROGRAMS = Path(sys.executable).parent
# The CDK needs Node.js 22 or 24. Where the machine has none, it is in the virtual environment,
# which need not be activated.
if (_PROGRAMS / "node").exists():
    os.environ["PATH"] = os.pathsep.join([str(_PROGRAMS), os.environ.get("PATH", "")])

RELEASES = EVERYTHING.with_name("releases.yaml")
"""The settings of a delivery that uses what ours leaves off."""
DELIVERIES = ("delivery", "releases")
"""What stands beside the environments among the templates."""

Templates = dict[str, dict[str, dict[str, Any]]]


def define(folder: Path) -> Any:
    """Synthesise environments and deliveries, ours and those with every option, into a folder."""
    import config
    from stacks.platform_app import PlatformApp

    app = PlatformApp(outdir=str(folder), builtin_cloud_formation_validation=False)
    app.define([*config.select("all"), config.load(EVERYTHING)])
    for settings in (config.load_delivery(), config.load_delivery(RELEASES)):
        app.define_delivery(settings)
    app.synth()
    return app


def read(app: Any) -> Templates:
    """Return every template: by environment, then by the stack's short name (``Data``)."""
    return {
        environment: {
            artifact.stack_name.rpartition("-")[2]: json.loads(
                Path(artifact.template_full_path).read_text(encoding="utf-8")
            )
            for artifact in stage.synth().stacks
        }
        for environment, stage in app.stages.items()
    }


def synthesise(folder: Path) -> Templates:
    """Return the templates of every environment."""
    return read(define(folder))


if __name__ == "__main__":
    define(Path(sys.argv[1]))
