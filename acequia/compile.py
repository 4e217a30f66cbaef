"""Renew the pipeline locks, in a process of its own: the SDK takes seconds to import."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from acequia.errors import NotFoundError, ToolError
from acequia.project import ROOT, usecase_folder
from acequia.terminal import Terminal


def compile_usecases(names: Sequence[str], terminal: Terminal) -> None:
    """Compile the use cases named, or all, and name the locks that were written.

    Raises:
        NotFoundError: if a use case or the SDK is not there.
        ToolError: if the definition does not compile.
    """
    for name in names:
        usecase_folder(name)
    if find_spec("sagemaker") is None:
        raise NotFoundError("the SageMaker SDK is not installed; run: scripts/setup")
    with terminal.working("Compiling with the SageMaker SDK"):
        result = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "pipeline_code.definition.compile", *names],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    if result.returncode != 0:
        lines = result.stderr.strip().splitlines() or ["no reason given"]
        raise ToolError(f"compile failed: {lines[-1]}")
    for line in result.stdout.splitlines():
        terminal.out.print(f"wrote {line}")
