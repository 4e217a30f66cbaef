"""Check a commit as a person would: lint, types, imports, tests, and synthesis with its rules."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from delivery.contract import VERIFY
from delivery.program import call, run


def verify(_: Mapping[str, str]) -> dict[str, str]:
    """Run what `make test` runs, then synthesise every environment under the security rules."""
    # The buildspec has set everything up; what came as a ZIP archive is as old as the archive says.
    call(["make", "-o", ".venv/.ready-test", "test"])
    call(["npx", "cdk", "synth", "--quiet", "-c", "environment=all", "-c", "nag=true"])
    return {}


if __name__ == "__main__":
    sys.exit(run(VERIFY, verify))
