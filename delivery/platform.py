"""Deploy the stacks of one environment, all but the endpoint, with the image just built."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

from delivery import contract
from delivery.program import call, run
from stacks.names import Names

_ANY_VERSION: Final = 1
"""So that the endpoint's stack is defined, though not deployed: without it the other stacks
would lose the outputs that it reads."""


def deploy(values: Mapping[str, str]) -> dict[str, str]:
    """Deploy what has changed; a retry finds what is done and goes on with the rest."""
    environment = values[contract.ENVIRONMENT]
    stage = Names(environment, "").platform
    call(
        [
            *("npx", "cdk", "deploy", f"{stage}/!(Serving)", "--exclusively"),
            *("--require-approval", "never", "--progress", "events"),
            *("--change-set-name", f"commit-{values[contract.COMMIT]}"),
            *("-c", f"environment={environment}"),
            *("-c", f"image-digest={values[contract.IMAGE_DIGEST]}"),
            *("-c", f"model-version={_ANY_VERSION}"),
        ]
    )
    return {}


if __name__ == "__main__":
    sys.exit(run(contract.PLATFORM, deploy))
