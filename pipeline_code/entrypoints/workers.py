"""Run a server in several processes that share one port; one that dies is replaced."""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Final

from pipeline_code import contract
from pipeline_code.core.errors import PipelineError

Work = Callable[[Callable[[], None]], None]
"""What a worker does; it calls what it is given once it takes requests."""

_STOPPING: Final = (signal.SIGTERM, signal.SIGINT)
_YOUNG_SEC: Final = 5.0
_YOUNG_DEATHS: Final = 3
"""So many workers that die young mean that the next one would as well."""


class SharedFlag:
    """Tell all workers, once and for good, what one of them found out."""

    def __init__(self) -> None:
        self._byte = mmap.mmap(-1, 1)

    def set(self) -> None:
        """Raise it, in every process that was forked since it was made."""
        self._byte[0] = 1

    @property
    def is_set(self) -> bool:
        """Whether anyone has."""
        return self._byte[0] == 1


def available_cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_workers(
    work: Work,
    *,
    count: int,
    ready: Callable[[], None],
    stopping: Callable[[], None] = lambda: None,
) -> int:
    """Run ``work`` in ``count`` processes until told to stop; return the exit code.

    With one, it is done in this very process. ``ready`` is called once, when all of them take
    requests, and ``stopping`` when they are told to stop. A worker that ends with
    `contract.EXIT_REFUSED` ends the others too: what it refused is the same for all.
    """
    if count <= 1:
        work(ready)
        return 0
    return _Pool(work, stopping).run(count, ready)


class _Pool:
    def __init__(self, work: Work, stopping: Callable[[], None]) -> None:
        self._work = work
        self._stopping = stopping
        self._born: dict[int, float] = {}
        self._young_deaths = 0
        self._is_stopping = False
        # Only this process holds the end that writes, so the other one says when it is gone.
        self._life = os.pipe()
        # Of workers that refuse the same, the one that gets this byte says so.
        self._voice, voice = os.pipe()
        os.write(voice, b"1")
        os.close(voice)

    def run(self, count: int, ready: Callable[[], None]) -> int:
        for number in _STOPPING:
            signal.signal(number, self._stop)
        pipes = [self._fork() for _ in range(count)]
        if all(os.read(pipe, 1) for pipe in pipes):
            ready()
        for pipe in pipes:
            os.close(pipe)
        return self._watch()

    def _watch(self) -> int:
        code = 0
        while self._born:
            process, status = os.wait()
            born = self._born.pop(process, None)
            if born is None or self._is_stopping:
                continue
            ended = os.waitstatus_to_exitcode(status)
            self._young_deaths += time.monotonic() - born < _YOUNG_SEC
            if ended == contract.EXIT_REFUSED or self._young_deaths >= _YOUNG_DEATHS:
                code = ended if ended > 0 else 1
                self._end()
            else:
                _say(f"a worker ended with {ended}; another takes its place")
                os.close(self._fork())
        return code

    def _fork(self) -> int:
        """Start a worker; return the pipe from which a byte can be read once it is ready."""
        reader, writer = os.pipe()
        # A signal that came before the child has handlers of its own would run its parent's.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
        process = os.fork()
        if process:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
            os.close(writer)
            self._born[process] = time.monotonic()
            if self._is_stopping:  # asked to while the worker was being started
                os.kill(process, signal.SIGTERM)
            return reader
        os.close(reader)
        os.close(self._life[1])
        threading.Thread(target=_die_with_parent, args=(self._life[0],), daemon=True).start()
        os._exit(_worked(self._work, writer, self._voice))

    def _stop(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002 - its form
        self._end()

    def _end(self) -> None:
        self._is_stopping = True
        self._stopping()
        for process in self._born:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)


def _worked(work: Work, writer: int, voice: int) -> int:
    """Do the work of a child; return its exit code."""

    def ready() -> None:
        # Nobody may be left to read it where a worker replaces another.
        with contextlib.suppress(BrokenPipeError):
            os.write(writer, b"1")

    for number in _STOPPING:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        work(ready)
    except PipelineError as error:
        if os.read(voice, 1):
            _say(str(error))
        return contract.EXIT_REFUSED
    except BaseException:  # the child must never return into its parent's code
        traceback.print_exc()
        return 1
    return 0


def _die_with_parent(life: int) -> None:
    """Stop when the parent was killed: nobody else would ever stop this worker."""
    os.read(life, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")  # at once: the lines of two processes do not mix
    sys.stderr.flush()
