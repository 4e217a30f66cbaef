"""What the README tells a newcomer to type exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from acequia.main import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> Iterator[list[str]]:
    """Yield every ``acequia`` command of the README as its words."""
    for match in re.finditer(r"\.venv/bin/acequia ([^`\n]+)", README):
        yield match[1].split("#")[0].split()


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_a_command_of_the_readme_exists(words: list[str]) -> None:
    """Every word and option is one that the command line knows."""
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in rest if word.startswith("-")} <= known


@pytest.mark.parametrize("target", re.findall(r"^make (\w+)", README, flags=re.MULTILINE))
def test_a_target_of_the_readme_exists(target: str) -> None:
    """`make run` and `make test` are the first things that anybody types."""
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)


@pytest.mark.parametrize("path", re.findall(r"\]\(([^)#]+)\)", README))
def test_a_link_of_the_readme_leads_somewhere(path: str) -> None:
    """A dead link is the first thing that a newcomer tries."""
    assert (ROOT / path).exists()
