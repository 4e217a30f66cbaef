"""Let the steps of a schedule work, so many at once, until none is left or somebody stops it."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from pipeline_code.definition.graph import Step
from pipeline_code.local.executor import Executor
from pipeline_code.local.records import FAILED, Event, StepFinished, StepRecord
from pipeline_code.local.schedule import Schedule

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class Dispatcher:
    """Hand ready steps to threads, each of which waits for one process.

    ``note`` gets every record and ``deliver`` every other event, both in the calling thread.
    """

    executor: Executor
    schedule: Schedule
    events: queue.SimpleQueue[Event | None]
    note: Callable[[StepRecord], None]
    deliver: Callable[[Event], None]
    parallelism: int
    _skipped: set[str] = field(default_factory=set)

    def run(self) -> bool:
        """Work until nothing is left to do; return whether a signal ended it early."""
        stop = self.executor.surroundings.stop
        with ThreadPoolExecutor(self.parallelism) as pool, self._heeding_signals(stop):
            try:
                while self._turn(pool, stop):
                    pass
                return stop.is_set()
            finally:
                # Also when this thread fails: the pool waits for jobs, and they for this.
                stop.set()

    def _turn(self, pool: ThreadPoolExecutor, stop: threading.Event) -> bool:
        if not stop.is_set():
            free = self.parallelism - self.schedule.working
            for step in self.schedule.ready()[:free]:
                self.schedule.start(step)
                pool.submit(self._execute, step, dict(self.schedule.records))
        for record in self.schedule.skipped():
            if record.name not in self._skipped:
                self._skipped.add(record.name)
                self.note(record)
        if not self.schedule.working:
            return False
        event = self.events.get()
        if isinstance(event, StepFinished):
            self.schedule.finish(event.record)
            self.note(event.record)
        elif event is not None:
            self.deliver(event)
        return True

    def _execute(self, step: Step, records: dict[str, StepRecord]) -> None:
        try:
            record = self.executor.execute(step, records)
        except Exception as error:  # a thread that dies silently would be waited for for ever
            reason = f"{type(error).__name__}: {error}"
            record = StepRecord(step.name, step.type, FAILED, reason=reason, exit_code=1)
        self.events.put(StepFinished(record))

    @contextmanager
    def _heeding_signals(self, stop: threading.Event) -> Iterator[None]:
        """End the jobs on Ctrl-C and SIGTERM, where signals can be heeded: in the main thread."""

        def heed(_number: int, _frame: FrameType | None) -> None:
            stop.set()
            self.events.put(None)  # wakes `get`; a SimpleQueue allows it inside a handler

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, heed) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
