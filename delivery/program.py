"""What every script does alike: read its variables, work, hand on, and fail in one line."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from delivery import exports, variables
from delivery.contract import Project
from delivery.errors import DeliveryError, WaitedTooLongError
from pipeline_code.core.errors import PipelineError

Found = TypeVar("Found")
ROOT: Final = Path(__file__).parents[1]
FAILED: Final = 1


def run(project: Project, work: Callable[[Mapping[str, str]], Mapping[str, str]]) -> int:
    """Do the work of ``project`` and return the exit code of the process."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    exports.forget()
    try:
        exports.export(project, work(variables.read(project, os.environ)), os.environ)
    except (DeliveryError, PipelineError, BotoCoreError, ClientError) as error:
        print(f"{project.name}: stopped\n{error}", file=sys.stderr)
        return FAILED
    return 0


def call(command: Sequence[str], *, secret: str | None = None, check: bool = True) -> int:
    """Run a program with its output in the log; ``secret`` goes to its standard input.

    Raises:
        DeliveryError: if it is not there, or, with ``check``, if it fails.
    """
    print(f"$ {' '.join(command)}")
    try:
        code = subprocess.run(command, input=secret, text=True, check=False).returncode
    except FileNotFoundError:
        raise DeliveryError(f"{command[0]} is not installed on this machine") from None
    if check and code != 0:
        raise DeliveryError(f"{' '.join(command[:3])} ... failed with exit code {code}; see above")
    return code


def wait(
    look: Callable[[], Found | None], what: str, *, poll_sec: float, timeout_sec: float
) -> Found:
    """Call ``look`` until it returns something else than None.

    Raises:
        WaitedTooLongError: if it still has not after ``timeout_sec``.
    """
    deadline = time.monotonic() + timeout_sec
    while (found := look()) is None:
        if time.monotonic() >= deadline:
            raise WaitedTooLongError(
                f"{what}: not yet after {timeout_sec / 60:g} minutes; a retry goes on waiting"
            )
        time.sleep(min(poll_sec, max(0.0, deadline - time.monotonic())))
    return found
