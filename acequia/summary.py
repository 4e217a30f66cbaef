"""What an execution came to, on one page: for a person, and as JSON for a machine."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from acequia.progress import mark
from acequia.project import DEFAULT_USECASE, shown
from acequia.synth import StackSummary, document, stack_table
from pipeline_code import contract
from pipeline_code.local.records import ExecutionResult

_FIGURES = ("rows_in", "rows_out", "quarantined", "deduplicated")
_TITLES = {
    "auc_roc": "AUC ROC",
    "auc_roc_macro": "AUC ROC macro",
    "brier": "Brier score",
    "card_precision_100": "card precision@100",
    "mae": "MAE",
    "mape": "MAPE",
    "r2": "R²",
    "rmse": "RMSE",
}
"""What a metric is called where its id with spaces is not what people say."""

_SMALL, _LARGE = 0.001, 10


@dataclass(frozen=True)
class RunSummary:
    """Everything that ``acequia run`` says at its end."""

    result: ExecutionResult
    evaluation: Mapping[str, Any] | None
    model: Mapping[str, Any] | None
    report: Path | None
    templates: Path | None = None
    stacks: Sequence[StackSummary] = field(default_factory=tuple)

    def with_platform(self, stacks: Sequence[StackSummary], templates: Path) -> RunSummary:
        """Add what was synthesised before the execution."""
        return replace(self, stacks=tuple(stacks), templates=templates)

    def failure(self) -> str:
        """Say in one line which step failed, why, and where its log is."""
        step = self.result.step(self.result.failed_step or "")
        log = f"; log: {shown(Path(step.log))}" if step and step.log else ""
        where = f"{self.result.failed_step}: " if self.result.failed_step else ""
        return f"{where}{self.result.reason or self.result.status}{log}"

    @property
    def next_commands(self) -> tuple[tuple[str, str], ...]:
        """Name the three commands that are worth typing now, as they can be typed here."""
        program = shown(Path(sys.argv[0]))
        # The use case that commands take when none is named needs no naming.
        named = "" if self.result.pipeline == DEFAULT_USECASE else f" -u {self.result.pipeline}"
        first = ("models list", "see every version and its state")
        if self.model and self.model["status"] == contract.PENDING:
            first = (f"models approve {self.model['version']}", "let this version serve")
        return tuple(
            (f"{program} {words}{named}", purpose)
            for words, purpose in (
                first,
                ("serve", "answer requests with the approved version"),
                (f"run --set {self._another}", "train a challenger"),
            )
        )

    @property
    def _another(self) -> str:
        """Name a setting that makes another model: what searches its settings has a seed."""
        parameters = self.result.parameters
        reads_depth = parameters.get("TrainingAlgorithm") in ("xgboost", "lightgbm")
        return (
            "training.max_depth=8"
            if reads_depth and "TrainingMaxDepth" in parameters
            else "training.seed=1"
        )

    def document(self) -> dict[str, Any]:
        """Return the summary as JSON values."""
        return {
            "execution": self.result.document(),
            "platform": {
                "templates": str(self.templates) if self.templates else None,
                "stacks": document(self.stacks),
            },
            "evaluation": self.evaluation,
            "model": self.model,
            "report": str(self.report) if self.report else None,
            "next": [command for command, _ in self.next_commands],
        }

    def view(self) -> RenderableType:
        """Lay the summary out for a terminal."""
        return Group(*self._parts())

    def _parts(self) -> Iterator[RenderableType]:
        if self.stacks and self.templates:
            total = sum(stack.resources for stack in self.stacks)
            yield heading(f"Platform: {len(self.stacks)} stacks, {total} resources")
            yield stack_table(self.stacks)
            yield Text(f"  templates  {shown(self.templates)}/")
        yield heading(f"Pipeline: execution {self.result.execution_id}")
        yield _step_table(self.result)
        if self.evaluation:
            yield heading(f"Test metrics on {self.evaluation['rows']:,} rows")
            yield metric_table(self.evaluation)
            # Not markup: a value of a slice may have brackets.
            yield Text(f"  {self.evaluation['gate']['reason']}")
        yield heading("Result")
        yield from self._outcome()
        yield heading("Next")
        width = max(len(command) for command, _ in self.next_commands)
        for command, purpose in self.next_commands:
            yield Text.from_markup(f"  [command]{command:<{width}}[/]  [faint]{purpose}[/]")

    def _outcome(self) -> Iterator[RenderableType]:
        if self.model:
            known = " (registered before, unchanged)" if self.model.get("known") else ""
            yield Text(f"  model   version {self.model['version']}, {self.model['status']}{known}")
        else:
            yield Text("  model   none registered")
        if self.report:
            # A path that is cut or wrapped cannot be clicked or copied.
            yield Text(f"  report  {shown(self.report)}", no_wrap=True, overflow="ignore")


def metric_table(evaluation: Mapping[str, Any]) -> Table:
    """Lay the metrics of a challenger next to the champion's."""
    champion = evaluation.get("champion")
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="head")
    table.add_column("  metric")
    table.add_column("challenger")
    table.add_column(f"champion (version {champion['version']})" if champion else "champion")
    others = (champion and champion["metrics"]) or {}
    absent = "not measured" if champion else "none yet"
    for name, metric in evaluation["metrics"].items():
        other = others.get(name)
        table.add_row(
            f"  {title(name)}",
            interval(metric),
            interval(other) if other else f"[faint]{absent}[/]",
        )
    return table


def interval(metric: Mapping[str, Any]) -> str:
    """Write a metric with its interval, with as many digits as its size can bear."""
    value, low, high = metric["value"], metric.get("low"), metric.get("high")
    digits = _digits(value)
    if low is None or high is None:
        return f"{value:,.{digits}f}"
    return f"{value:,.{digits}f} [faint]\\[{low:,.{digits}f}, {high:,.{digits}f}][/]"


def _digits(value: float) -> int:
    """Count decimals: three, fewer of large numbers, more of a small one that would vanish."""
    size = abs(value)
    if size >= _LARGE:
        return max(0, 3 - int(math.log10(size)))
    return 3 if size >= _SMALL or size == 0 else min(9, 2 - math.floor(math.log10(size)))


def title(metric: str) -> str:
    """Write the name of a metric as people say it."""
    return _TITLES.get(metric, metric.replace("_", " "))


def heading(text: str) -> Text:
    """Write a heading with a line of air above it."""
    return Text(f"\n{text}", style="head")


def _step_table(result: ExecutionResult) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="head")
    table.add_column("  step", no_wrap=True)
    table.add_column("status", no_wrap=True)
    for name in ("seconds", "rows in", "rows out", "quarantined", "duplicates"):
        table.add_column(name, justify="right", no_wrap=True)
    for step in result.steps:
        figures = [step.summary.get(name) for name in _FIGURES]
        seconds = f"{step.duration_sec:.1f}" if step.duration_sec is not None else ""
        table.add_row(
            f"  {step.name}",
            mark(step.status),
            seconds,
            *("" if value is None else f"{value:,}" for value in figures),
        )
    total = f"{result.duration_sec:.1f}" if result.duration_sec is not None else ""
    table.add_row("  total", "", total, style="faint")
    return table
