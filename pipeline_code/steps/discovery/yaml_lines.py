"""Write YAML line by line, each with a comment that says why."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any, Final

import yaml

WIDTH: Final = 100
_FAR: Final = 1 << 30


def scalar(value: Any) -> str:
    """Write one value as YAML reads it back, in a list or a mapping of one line, too."""
    text = yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, width=_FAR)
    return text.strip()[1:-1]


def line(text: str, comment: str = "", *, indent: int = 0) -> Iterator[str]:
    """Write a line with its comment behind it, or above it where there is no room."""
    space = " " * indent
    if not comment:
        yield f"{space}{text}"
    elif len(space) + len(text) + len(comment) + 4 <= WIDTH:
        yield f"{space}{text}  # {_one_line(comment)}"
    else:
        yield from remark(comment, indent=indent)
        yield f"{space}{text}"


def remark(comment: str, *, indent: int = 0) -> Iterator[str]:
    """Write a comment of its own, as many lines as it needs."""
    space = " " * indent
    yield from textwrap.wrap(
        _one_line(comment),
        width=WIDTH,
        initial_indent=f"{space}# ",
        subsequent_indent=f"{space}# ",
        break_on_hyphens=False,
        break_long_words=False,
    )


def _one_line(text: str) -> str:
    """Keep what a file says inside the comment: it may hold line ends and control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
