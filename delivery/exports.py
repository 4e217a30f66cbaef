"""Hand variables on: to CodePipeline by way of the buildspec's shell, or to GitHub's next job.

CodeBuild exports what the shell of the buildspec has set when its phases end, and a program
cannot set a variable of the shell that started it. So it writes assignments, quoted for the
shell, and the buildspec's next command reads them in with ``.``.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from delivery.contract import Project
from delivery.errors import DeliveryError

FILE: Final = Path(".delivery/exports.sh")
"""Beside the source, where the buildspec's commands start."""
GITHUB_OUTPUT: Final = "GITHUB_OUTPUT"
_LONGEST: Final = 500
"""Of a value: the text of an approval, made of some of them, may have 1,000 characters."""


class ExportError(DeliveryError, ValueError):
    """A script hands on other variables than its project promises."""


def forget() -> None:
    """Remove what a run before left: a script that stops hands on nothing."""
    FILE.unlink(missing_ok=True)


def export(project: Project, values: Mapping[str, str], environment: Mapping[str, str]) -> None:
    """Hand ``values`` on: exactly the exports of ``project``, each on one line, none empty.

    Raises:
        ExportError: if one is missing, empty or not promised.
    """
    cleaned = {name: clean(value) for name, value in values.items()}
    if set(cleaned) != set(project.exports) or not all(cleaned.values()):
        raise ExportError(
            f"{project.name} promises {', '.join(project.exports) or 'nothing'}, none empty; "
            f"it would hand on {cleaned}"
        )
    FILE.parent.mkdir(exist_ok=True)
    partial = FILE.with_suffix(".partial")
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in cleaned.items())
    partial.write_text("".join(lines), encoding="utf-8")
    partial.replace(FILE)
    if output := environment.get(GITHUB_OUTPUT):
        with Path(output).open("a", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in cleaned.items())
    for name, value in cleaned.items():
        print(f"{name} = {value}")


def clean(text: str) -> str:
    """Bring text to one printable line of bounded length."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
