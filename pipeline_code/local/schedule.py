"""Decide which step may run next; knows nothing of processes or files."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline_code.definition.graph import Graph, Step
from pipeline_code.local.records import FAILED, NOT_RUN, SKIPPED, STOPPED, StepRecord

OUTCOME = "Outcome"


class Schedule:
    """Where every step of an execution stands.

    After a failure nothing new starts, as on SageMaker; what runs already may finish.
    """

    def __init__(self, graph: Graph, kept: Mapping[str, StepRecord] | None = None) -> None:
        self._graph = graph
        self._started: set[str] = set()
        self.records: dict[str, StepRecord] = {}
        for record in (kept or {}).values():
            self.finish(record)

    def ready(self) -> list[Step]:
        """Return the steps whose turn it is: nothing they wait for is left, nothing failed."""
        self._skip()
        if self.has_failed:
            return []
        return [
            step
            for name, step in self._graph.steps.items()
            if name not in self._started
            and name not in self.records
            and all(self._is_done(other) for other in step.waits_for)
        ]

    def start(self, step: Step) -> None:
        """Note that a step works now."""
        self._started.add(step.name)

    def finish(self, record: StepRecord) -> None:
        """Note how a step ended."""
        self._started.discard(record.name)
        self.records[record.name] = record

    @property
    def has_failed(self) -> bool:
        """Whether a step failed or was stopped."""
        return any(record.status in (FAILED, STOPPED) for record in self.records.values())

    @property
    def working(self) -> int:
        """How many steps have started and not yet ended."""
        return len(self._started)

    def rest(self) -> list[StepRecord]:
        """Return the records of the steps whose turn never came."""
        self._skip()
        return [
            StepRecord(step.name, step.type, NOT_RUN)
            for name, step in self._graph.steps.items()
            if name not in self.records and name not in self._started
        ]

    def skipped(self) -> list[StepRecord]:
        """Return the records of the steps that conditions left out so far."""
        self._skip()
        return [record for record in self.records.values() if record.status == SKIPPED]

    def _skip(self) -> None:
        """Leave out what lies in a branch that was not chosen, and all that needs it."""
        found = True
        while found:
            found = False
            for name, step in self._graph.steps.items():
                if name not in self.records and name not in self._started and self._is_left(step):
                    self.records[name] = StepRecord(name, step.type, SKIPPED)
                    found = True

    def _is_left(self, step: Step) -> bool:
        if step.guard is not None:
            decided = self.records.get(step.guard.condition)
            if decided is not None and decided.is_done:
                return bool(decided.properties[OUTCOME]) != step.guard.branch
        return any(
            other in self.records and self.records[other].status == SKIPPED
            for other in step.waits_for
        )

    def _is_done(self, name: str) -> bool:
        return name in self.records and self.records[name].is_done
