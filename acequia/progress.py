"""Show an execution while it runs: a bar a step, or a line a step where nobody watches."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from acequia.terminal import Terminal
from pipeline_code.local import records

_MARKS = {
    records.SUCCEEDED: "[good]done[/]",
    records.CACHED: "[good]cached[/]",
    records.FAILED: "[bad]failed[/]",
    records.SKIPPED: "[faint]skipped[/]",
    records.NOT_RUN: "[faint]not run[/]",
    records.STOPPED: "[bad]stopped[/]",
}


def mark(status: str) -> str:
    """Write a step's status as markup."""
    return _MARKS.get(status, status)


class ExecutionView:
    """Listen to an execution's events and draw them on standard error."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._tasks: dict[str, TaskID] = {}
        self._live = terminal.shows_progress and terminal.err.is_terminal
        self._progress = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.fields[what]}", style="faint"),
            console=terminal.err,
            disable=not self._live,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def __call__(self, event: records.Event) -> None:
        """Take one event of the runner."""
        if isinstance(event, records.StepStarted):
            self._tasks[event.step] = self._progress.add_task(
                f"{event.step:<18}", total=None, what=""
            )
        elif isinstance(event, records.StepProgress):
            self._advance(event)
        elif isinstance(event, records.StepRetried):
            self._say(
                f"{event.step}: attempt {event.attempt} failed ({event.reason}); "
                f"again in {event.wait_sec:.0f} s"
            )
        elif isinstance(event, records.StepFinished):
            self._finish(event.record)

    def _advance(self, event: records.StepProgress) -> None:
        if event.step in self._tasks:
            self._progress.update(
                self._tasks[event.step],
                total=max(event.total, 1),
                completed=event.done,
                what=event.what,
            )

    def _finish(self, record: records.StepRecord) -> None:
        if not self._live:
            seconds = f" {record.duration_sec:.1f} s" if record.duration_sec else ""
            self._say(f"{record.name}: {mark(record.status)}{seconds}")
            return
        if record.name not in self._tasks:
            self._tasks[record.name] = self._progress.add_task(
                f"{record.name:<18}", total=1, what=""
            )
        task = self._tasks[record.name]
        total = self._progress.tasks[list(self._tasks).index(record.name)].total or 1
        self._progress.update(
            task, total=total, completed=total if record.is_done else 0, what=mark(record.status)
        )
        self._progress.stop_task(task)

    def _say(self, text: str) -> None:
        self._terminal.note(text)
