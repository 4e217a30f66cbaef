"""Where the project lies and who is at work in it."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
from pathlib import Path

from acequia.errors import NotFoundError
from pipeline_code import contract
from pipeline_code.core.mistakes import closest
from pipeline_code.core.usecase import USECASE_FILE

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_USECASE = "fraud"
"""What commands are about where none is named."""


def usecase_folder(name: str) -> Path:
    """Locate a use case of this project.

    Raises:
        NotFoundError: if there is none of that name; the message lists those there are.
    """
    folder = contract.usecase_folder(name)
    if not (folder / USECASE_FILE).is_file():
        known = sorted(path.parent.name for path in folder.parent.glob(f"*/{USECASE_FILE}"))
        raise NotFoundError(
            f"no use case {name!r} under {shown(folder.parent)}; there are: "
            f"{', '.join(known)}{closest(name, known)}"
        )
    return folder


def code_commit() -> str:
    """Name the commit that is checked out; ``-dirty`` where files differ from it."""
    commit = _git("rev-parse", "HEAD")
    if commit is None:
        return "unknown"
    return f"{commit}-dirty" if _git("status", "--porcelain") else commit


def author() -> str:
    """Name who is at work: git's user, else the system's."""
    name = _git("config", "user.name")
    if name:
        return name
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        return "unknown"


def tool_environment() -> dict[str, str]:
    """Return the environment in which Node.js tools run: our virtual environment comes first."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path}


def shown(path: Path) -> str:
    """Write a path as short as it can be typed: relative where it lies below here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _git(*arguments: str) -> str | None:
    try:
        result = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None
