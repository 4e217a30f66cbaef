"""What is known of an execution and its steps, and what is told while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from pipeline_code import contract

EXECUTING = "Executing"
SUCCEEDED = "Succeeded"
CACHED = "Cached"
FAILED = "Failed"
STOPPED = "Stopped"
INTERRUPTED = "Interrupted"
"""The runner vanished: the execution says Executing, but nobody executes it."""
SKIPPED = "Skipped"
"""The step lies in the branch that was not chosen, or needs one that does."""
NOT_RUN = "NotRun"

FINISHED_WELL = (SUCCEEDED, CACHED)
_EXIT_STOPPED = 130


@dataclass(frozen=True)
class StepRecord:
    """One step of one execution.

    ``summary`` holds the figures the job printed (``rows_in``, ...), ``outputs`` the URI of each
    output by name, ``inputs`` and ``output_hashes`` content hashes by channel, ``properties``
    what ``Get Steps.NAME...`` reads, ``writes`` what the job wrote to the feature store.
    """

    name: str
    type: str
    status: str
    started: str | None = None
    duration_sec: float | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None
    log: str | None = None
    exit_code: int | None = None
    attempts: int = 0
    cached_from: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    output_hashes: Mapping[str, str] = field(default_factory=dict)
    property_files: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)
    writes: tuple[Mapping[str, Any], ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether what the step was to make is there."""
        return self.status in FINISHED_WELL

    def document(self) -> dict[str, Any]:
        """Return the record as JSON values."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> StepRecord:
        """Read a record that `document` wrote, also that of another version of the code."""
        known = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in document.items() if name in known})


@dataclass(frozen=True)
class ExecutionResult:
    """One execution, as far as it came."""

    execution_id: str
    pipeline: str
    status: str
    started: str
    steps: tuple[StepRecord, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    finished: str | None = None
    duration_sec: float | None = None
    reason: str | None = None
    failed_step: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether every step that was to run did so."""
        return self.status == SUCCEEDED

    @property
    def exit_code(self) -> int:
        """The exit code for a command: 2 when a job refused its input, 130 when stopped."""
        if self.succeeded:
            return 0
        if self.status == STOPPED:
            return _EXIT_STOPPED
        codes = [step.exit_code for step in self.steps if step.name == self.failed_step]
        return contract.EXIT_REFUSED if contract.EXIT_REFUSED in codes else 1

    def step(self, name: str) -> StepRecord | None:
        """Return the record of one step; None where the execution has no such step."""
        return next((step for step in self.steps if step.name == name), None)

    def document(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        return {**asdict(self), "exit_code": self.exit_code}


@dataclass(frozen=True)
class ExecutionStarted:
    """An execution begins; ``steps`` are name and type in the order of the definition."""

    execution_id: str
    pipeline: str
    steps: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class StepStarted:
    """A step begins to work; ``log`` grows while it does."""

    step: str
    type: str
    log: str


@dataclass(frozen=True)
class StepProgress:
    """A job says how far it is: ``done`` of ``total``."""

    step: str
    done: float
    total: float
    what: str


@dataclass(frozen=True)
class StepRetried:
    """An attempt failed for a reason that may pass; the next one comes after ``wait_sec``."""

    step: str
    attempt: int
    reason: str
    wait_sec: float


@dataclass(frozen=True)
class StepFinished:
    """A step is over: done, cached, failed, skipped or not run."""

    record: StepRecord


@dataclass(frozen=True)
class ExecutionFinished:
    """The execution is over."""

    result: ExecutionResult


Event = (
    ExecutionStarted | StepStarted | StepProgress | StepRetried | StepFinished | ExecutionFinished
)
