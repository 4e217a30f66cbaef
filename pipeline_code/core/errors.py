"""Errors that a pipeline step raises on purpose: what, where, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class PipelineError(Exception):
    """Base of every error a pipeline step raises on purpose; its message is one line."""


class MissingColumnsError(PipelineError, ValueError):
    """A data set lacks columns that its contract promises."""

    def __init__(self, dataset: str, missing: Iterable[str], found: Iterable[str]) -> None:
        self.missing = tuple(sorted(missing))
        names = tuple(found)
        super().__init__(
            f"{dataset} lacks {', '.join(self.missing)}; found {', '.join(sorted(names))}"
            f"{_probably_renamed(self.missing, names)}; "
            "correct the source, or the columns under contract in usecase.yaml"
        )


class ErrorBudgetExceededError(PipelineError, ValueError):
    """More rows break the contract than the use case allows."""

    def __init__(
        self, dataset: str, *, broken: int, rows: int, budget: float, most_often: str
    ) -> None:
        super().__init__(
            f"{dataset}: {broken:,} of {rows:,} rows ({broken / rows:.2%}) break the contract, "
            f"the error budget is {budget:.2%}; most often: {most_often}; "
            "correct the source, or raise contract.error_budget in usecase.yaml"
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


def _probably_renamed(missing: Iterable[str], found: Iterable[str]) -> str:
    """Say which of the found names each missing one may have become."""
    names = {name.lower(): name for name in found}
    hints = [
        f"did you mean {names[near[0]]!r} for {name}?"
        for name in missing
        if (near := difflib.get_close_matches(name.lower(), list(names), n=1, cutoff=0.6))
    ]
    return f"; {' '.join(hints)}" if hints else ""
