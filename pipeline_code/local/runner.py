"""Run a pipeline definition on this machine, exactly as it stands."""

from __future__ import annotations

import os
import queue
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline_code.definition.graph import Graph
from pipeline_code.definition.validate import validate
from pipeline_code.local.attempt import Surroundings
from pipeline_code.local.cache import StepCache
from pipeline_code.local.dispatch import Dispatcher
from pipeline_code.local.errors import NotResumableError
from pipeline_code.local.executions import RUNNER_LOCK, Executions, Plan
from pipeline_code.local.executor import Executor
from pipeline_code.local.hashes import Hashes
from pipeline_code.local.home import Home
from pipeline_code.local.locks import held_if_free
from pipeline_code.local.parameters import resolve_parameters
from pipeline_code.local.records import (
    FAILED,
    STOPPED,
    SUCCEEDED,
    Event,
    ExecutionFinished,
    ExecutionResult,
    ExecutionStarted,
    StepFinished,
    StepRecord,
)
from pipeline_code.local.registry import Registry
from pipeline_code.local.schedule import Schedule
from pipeline_code.local.values import code_digest

OnEvent = Callable[[Event], None]


class Runner:
    """The local twin of SageMaker Pipelines.

    Args:
        home: where everything is kept.
        code: identity of the code that jobs run, by default its digest; a resumed execution
            must find the same.
        parallelism: how many steps may work at once, by default one a CPU.
        usecases: a folder of use cases other than the package's own.
        clock: returns the time, with its zone.
    """

    def __init__(
        self,
        home: Home,
        *,
        code: str | None = None,
        parallelism: int | None = None,
        usecases: Path | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self.home = home
        self._code = code or code_digest(usecases=usecases)
        self._parallelism = parallelism or available_cpus()
        self._usecases = usecases
        self._clock = clock or (lambda: datetime.now(UTC))
        self._executions = Executions(home)
        self._hashes = Hashes(home.state)
        self._cache = StepCache(home, self._hashes)
        self._registry = Registry(home, clock=self._clock)

    def run(
        self,
        definition: Mapping[str, Any],
        parameters: Mapping[str, object] | None = None,
        *,
        pipeline_name: str,
        on_event: OnEvent | None = None,
        execution_id: str | None = None,
    ) -> ExecutionResult:
        """Execute a resolved definition and return when every step is over.

        A failed step is no exception: see ``status``, ``reason`` and ``exit_code`` of the
        result. ``on_event`` is called in this thread. Ctrl-C and SIGTERM end the jobs.

        Raises:
            InvalidDefinitionError: before anything runs, if there is anything that the twin
                cannot execute.
            ParameterError: likewise, with every mistake in ``parameters``.
        """
        graph = validate(definition)
        values = resolve_parameters(definition["Parameters"], parameters or {})
        started = self._clock()
        plan = Plan(
            execution_id=execution_id or f"{started:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
            pipeline=pipeline_name,
            code=self._code,
            definition=definition,
            parameters=values,
            started=started.isoformat(timespec="milliseconds"),
        )
        if self._executions.has(plan.execution_id):
            raise NotResumableError(
                plan.execution_id, "the id is taken; leave it out for a new one"
            )
        return self._execute(plan, graph, {}, on_event)

    def resume(self, execution_id: str, on_event: OnEvent | None = None) -> ExecutionResult:
        """Continue an execution that was killed, stopped or failed; finished steps are kept.

        Raises:
            UnknownExecutionError: if there is none with this id.
            NotResumableError: if it is running, or the code has changed since.
        """
        plan = self._executions.plan(execution_id)
        if plan.code != self._code:
            why = "the code has changed since; run anew, and unchanged steps come from the cache"
            raise NotResumableError(execution_id, why)
        graph = validate(plan.definition)
        before = {record.name: record for record in self.get_execution(execution_id).steps}
        return self._execute(plan, graph, self._kept(graph, before), on_event)

    def list_executions(self) -> tuple[ExecutionResult, ...]:
        """Return all executions, the newest first."""
        return self._executions.list()

    def get_execution(self, execution_id: str) -> ExecutionResult:
        """Return one execution; ``Interrupted`` means that its runner was killed."""
        return self._executions.get(execution_id)

    def _kept(self, graph: Graph, before: Mapping[str, StepRecord]) -> dict[str, StepRecord]:
        """Keep what is done, still lies where it was, and rests on nothing that must be redone."""
        kept = {
            name: record
            for name, record in before.items()
            if record.is_done and self._cache.is_intact(record)
        }
        while True:
            loose = [n for n in kept if any(o not in kept for o in graph.steps[n].waits_for)]
            if not loose:
                return kept
            for name in loose:
                del kept[name]

    def _execute(
        self, plan: Plan, graph: Graph, kept: Mapping[str, StepRecord], on_event: OnEvent | None
    ) -> ExecutionResult:
        deliver = on_event or (lambda _: None)
        positions = {name: position for position, name in enumerate(graph.steps)}

        def note(record: StepRecord) -> None:
            self._executions.save_step(plan.execution_id, positions[record.name], record)
            deliver(StepFinished(record))

        with held_if_free(self.home.execution(plan.execution_id) / RUNNER_LOCK) as lock:
            if lock is None:
                raise NotResumableError(plan.execution_id, "it is running")
            began = time.monotonic()
            self._executions.begin(plan)
            steps = tuple((step.name, step.type) for step in graph.steps.values())
            deliver(ExecutionStarted(plan.execution_id, plan.pipeline, steps))
            schedule = Schedule(graph, kept)
            for record in kept.values():
                note(record)
            was_stopped = self._dispatch(plan, schedule, note, deliver)
            for record in schedule.rest():
                note(record)
            result = self._end(plan, was_stopped, time.monotonic() - began)
        deliver(ExecutionFinished(result))
        return result

    def _dispatch(
        self, plan: Plan, schedule: Schedule, note: Callable[[StepRecord], None], deliver: OnEvent
    ) -> bool:
        events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        executor = Executor(
            plan=plan,
            surroundings=Surroundings(self.home, threading.Event(), self._usecases),
            hashes=self._hashes,
            cache=self._cache,
            registry=self._registry,
            clock=self._clock,
            emit=events.put,
        )
        return Dispatcher(executor, schedule, events, note, deliver, self._parallelism).run()

    def _end(self, plan: Plan, was_stopped: bool, duration_sec: float) -> ExecutionResult:
        so_far = self._executions.get(plan.execution_id)
        failed = next((step for step in so_far.steps if step.status == FAILED), None)
        status, reason = SUCCEEDED, None
        if was_stopped:
            status, reason = STOPPED, "stopped by the user; it can be resumed"
        elif failed:
            status, reason = FAILED, failed.reason
        result = replace(
            so_far,
            status=status,
            finished=self._clock().isoformat(timespec="milliseconds"),
            duration_sec=round(duration_sec, 3),
            reason=reason,
            failed_step=failed.name if failed else None,
        )
        self._executions.end(result)
        return result


def available_cpus() -> int:
    """Count the CPUs that this process may use, which in a container are not all."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
