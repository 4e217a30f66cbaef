"""What a command prints, kept for a test to read."""

from __future__ import annotations

import io
import json
from typing import Any

from rich.console import Console

from acequia.terminal import _THEME as THEME
from acequia.terminal import Terminal


class Screen:
    """A terminal of 120 columns that remembers."""

    def __init__(self, *, as_json: bool = True) -> None:
        self.out, self.err = (
            Console(record=True, width=120, theme=THEME, file=io.StringIO()) for _ in range(2)
        )
        self.terminal = Terminal(as_json=as_json, out=self.out, err=self.err)

    @property
    def text(self) -> str:
        """The result, its lines as one where they were wrapped."""
        return self.out.export_text()

    @property
    def document(self) -> Any:
        """The result, where it is JSON."""
        return json.loads(self.text)
