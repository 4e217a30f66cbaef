"""Errors that a pipeline step raises on purpose: what, where, what to do."""

from __future__ import annotations

from collections.abc import Iterable


class PipelineError(Exception):
    """Base of every error a pipeline step raises on purpose; its message is one line."""


class MissingColumnsError(PipelineError, ValueError):
    """A data set lacks columns that its contract promises."""

    def __init__(self, dataset: str, missing: Iterable[str], found: Iterable[str]) -> None:
        self.missing = tuple(sorted(missing))
        super().__init__(
            f"{dataset} lacks {', '.join(self.missing)}; found {', '.join(sorted(found))}; "
            "correct the source, or the columns under contract in usecase.yaml"
        )


class EmptySampleError(PipelineError, ValueError):
    """A computation was given no rows."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} has no rows; check the source and the split in usecase.yaml")


class SingleClassError(PipelineError, ValueError):
    """A data set shows only one class, so nothing can be learned or measured on it."""

    def __init__(self, dataset: str, target: str, value: object) -> None:
        super().__init__(
            f"{dataset} has a single class: every {target} is {value}; "
            "check the label's source, or widen the window under split in usecase.yaml"
        )


class SettingsError(PipelineError, ValueError):
    """A settings file has mistakes; all of them are listed, one a line."""

    def __init__(self, source: str, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        count = len(self.mistakes)
        title = f"{source}: {count} mistake{'s' if count != 1 else ''}"
        super().__init__("\n".join([title, *(f"  {mistake}" for mistake in self.mistakes)]))
