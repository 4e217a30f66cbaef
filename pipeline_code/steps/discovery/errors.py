"""What is said when a table cannot become a use case."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline_code.core.errors import PipelineError


class DiscoveryError(PipelineError, ValueError):
    """A table, or what was said about it, cannot become a use case; one line says why."""


class UndecidedError(PipelineError, ValueError):
    """Something must be known that no file says; every such thing is asked for at once.

    Attributes:
        flags: the options that answer, in the order in which they are asked for.
    """

    def __init__(self, questions: Sequence[tuple[str, str]]) -> None:
        self.flags = tuple(flag for flag, _ in questions)
        width = max(len(flag) for flag in self.flags)
        lines = [f"  {flag:<{width}}  {question}" for flag, question in questions]
        super().__init__("\n".join(["only you can know this; run the command again with:", *lines]))
