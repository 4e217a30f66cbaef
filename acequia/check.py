"""Hold data against a use case before anything is trained, and say what was found."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.text import Text

from acequia.project import shown, usecase_folder
from acequia.run import find_data
from acequia.terminal import Terminal
from pipeline_code.core.usecase import UseCase, load_usecase, read_sql
from pipeline_code.local.home import Home
from pipeline_code.steps.check import CheckResult, check


@dataclass(frozen=True)
class Finding:
    """What a check found of some data."""

    usecase: UseCase
    source: Path
    result: CheckResult

    @property
    def is_clean(self) -> bool:
        """Whether no feature sees the future; likely leaks are for a person to judge."""
        return not self.result.looks

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        reception = self.result.reception
        return {
            "usecase": self.usecase.name,
            "source": str(self.source),
            "clean": self.is_clean,
            "rows": reception.intake.figures(),
            "joins": reception.figures(),
            "quarantine_reasons": reception.reasons(),
            "split": {part.name: part.figures() for part in self.result.parts},
            "future_looks": [asdict(look) for look in self.result.looks],
            "likely_leaks": self.result.leaks,
            "drift": self.result.drift,
        }

    def view(self) -> Group:
        """Return it as a person reads it."""
        return Group(*self._lines())

    def _lines(self) -> Iterator[Text]:
        intake = self.result.reception.intake
        yield Text(f"  {self.usecase.name}: {intake.rows_in:,} rows of {shown(self.source)}")
        yield _line(
            intake.quarantined == 0,
            f"{intake.rows_out:,} keep the contract, {intake.quarantined:,} break it, "
            f"{intake.deduplicated:,} came twice",
        )
        for reason, rows in self.result.reception.reasons().items():
            yield Text(f"      {rows:,} rows: {reason}")
        sizes = ", ".join(f"{part.rows:,} {part.name}" for part in self.result.parts)
        yield _line(True, f"split into {sizes}")
        yield _line(self.is_clean, f"{_count(self.result.looks)} into the future")
        for look in self.result.looks:
            yield Text(f"      {look}")
        yield _line(not self.result.leaks, f"{len(self.result.leaks)} likely leaks of the target")
        for leak in self.result.leaks:
            yield Text(f"      {leak['why']}")
        alarm = self.usecase.monitoring.drift_alarm
        moved = {
            name: max(one for one in parts.values() if one is not None)
            for name, parts in self.result.drift.items()
            if any(one is not None and one > alarm for one in parts.values())
        }
        yield _line(not moved, f"{len(moved)} features drifted between the parts")
        for name, index in sorted(moved.items(), key=lambda one: -one[1]):
            yield Text(f"      {name}: {index:.2f}, the alarm is at {alarm:g}")


def check_data(name: str, data: Path | None, home: Home, terminal: Terminal) -> Finding:
    """Check the data that are named, else those that a run would take.

    Raises:
        NotFoundError: if there is no such use case, or there are no data.
        PipelineError: if the rows, the SQL or the split cannot be used at all.
    """
    folder = usecase_folder(name)
    usecase = load_usecase(folder)
    source = find_data(usecase, data, home, terminal)
    with tempfile.TemporaryDirectory() as spill, terminal.working(f"Checking {shown(source)}"):
        result = check(source, usecase, read_sql(folder, usecase), spill=Path(spill))
    return Finding(usecase, source, result)


def _line(good: bool, text: str) -> Text:
    return Text.assemble(("  ✓ ", "good") if good else ("  ! ", "bad"), text)


def _count(looks: tuple[object, ...]) -> str:
    return "no feature looks" if not looks else f"{len(looks)} features look"
