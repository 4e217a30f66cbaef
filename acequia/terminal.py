"""How commands speak: results on standard output, progress on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, TextIO

from rich.console import Console, RenderableType
from rich.theme import Theme

_THEME = Theme(
    {
        "good": "green",
        "bad": "red",
        "busy": "cyan",
        "faint": "dim",
        "head": "bold",
        "command": "bold cyan",
    }
)
_WIDTH_OF_A_FILE = 120


def _console(stream: TextIO) -> Console:
    """Write to ``stream``; a file or pipe has no width, and must not lose words to one."""
    width = None if stream.isatty() else _WIDTH_OF_A_FILE
    return Console(file=stream, theme=_THEME, highlight=False, width=width)


@dataclass(frozen=True)
class Terminal:
    """Where a command writes, and how much: NO_COLOR and pipes are respected by rich."""

    as_json: bool = False
    quiet: bool = False
    out: Console = field(default_factory=lambda: _console(sys.stdout))
    err: Console = field(default_factory=lambda: _console(sys.stderr))

    @property
    def shows_progress(self) -> bool:
        """Whether anything but the result is wanted."""
        return not (self.as_json or self.quiet)

    def result(self, document: Mapping[str, Any] | list[Any], *, view: RenderableType) -> None:
        """Print a result: as JSON for a machine, else as it is to be seen."""
        if self.as_json:
            self.out.out(json.dumps(document, indent=2, default=str), highlight=False)
        else:
            self.out.print(view)

    def working(self, text: str) -> AbstractContextManager[object]:
        """Show that something takes a while; it disappears when it is done."""
        return self.err.status(text) if self.shows_progress else nullcontext()

    def note(self, text: str) -> None:
        """Say what is happening, to a person only."""
        if self.shows_progress:
            self.err.print(text)

    def error(self, text: str) -> None:
        """Say why a command failed; never coloured into illegibility, never markup."""
        self.err.print(f"error: {text}", style="bad", markup=False, soft_wrap=True)
