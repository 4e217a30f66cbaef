"""Run one job as a process group: its log, its time limit, its end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline_code.local.locks import held_if_free, is_held

_GRACE_SEC = 10.0
_LONGEST_LINE = 1 << 20
_POLL_SEC = 0.2


@dataclass(frozen=True)
class Command:
    """What to run, where, for how long, and where its log and its lock lie."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    lock: Path
    timeout_sec: float | None = None


@dataclass(frozen=True)
class Exit:
    """How a process ended; ``code`` is negative where a signal ended it."""

    code: int
    timed_out: bool = False
    stopped: bool = False
    last_line: str = ""


def run_process(command: Command, on_line: Callable[[str], None], stop: threading.Event) -> Exit:
    """Run ``command`` to its end, its time limit or ``stop``, whichever comes first.

    The process inherits the lock, so `end_leftover` of a later runner finds it should this
    runner be killed.
    """
    with held_if_free(command.lock) as descriptor, command.log.open("ab") as log:
        if descriptor is None:
            raise BlockingIOError(f"{command.lock} is held by a job that still runs")
        process = subprocess.Popen(  # noqa: S603 - the definition says what to run
            command.arguments,
            cwd=command.folder,
            env=dict(command.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(descriptor,),
        )
        os.pwrite(descriptor, f"{process.pid:<20}".encode(), 0)
        last: list[str] = [""]
        reader = threading.Thread(target=_read, args=(process, log, on_line, last), daemon=True)
        reader.start()
        try:
            timed_out, stopped = _wait(process, command.timeout_sec, stop)
        finally:
            # Also what the job left behind: a grandchild would keep the log open for ever.
            _end_group(process.pid, process)
            reader.join()
        return Exit(process.returncode, timed_out, stopped, last[0])


def end_leftover(lock: Path) -> None:
    """End the process group that a killed runner left behind, if it still runs."""
    if not lock.exists():
        return
    with held_if_free(lock) as descriptor:
        if descriptor is not None:
            return
    # The lock is held, so the number in it is still that process and no other.
    number = lock.read_text(encoding="ascii", errors="ignore").strip()
    if number.isdigit():
        _signal_group(int(number), signal.SIGKILL)
        deadline = time.monotonic() + _GRACE_SEC
        while is_held(lock) and time.monotonic() < deadline:
            time.sleep(_POLL_SEC / 10)


def _wait(
    process: subprocess.Popen[bytes], timeout_sec: float | None, stop: threading.Event
) -> tuple[bool, bool]:
    deadline = time.monotonic() + timeout_sec if timeout_sec else float("inf")
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=max(0.0, min(_POLL_SEC, deadline - time.monotonic())))
            return False, False
        if stop.is_set():
            return False, True
        if time.monotonic() >= deadline:
            return True, False


def _read(
    process: subprocess.Popen[bytes],
    log: BinaryIO,
    on_line: Callable[[str], None],
    last: list[str],
) -> None:
    if process.stdout is None:
        return
    with process.stdout as output:
        while line := output.readline(_LONGEST_LINE):
            log.write(line)
            log.flush()
            text = line.decode("utf-8", errors="replace").rstrip()
            if text:
                last[0] = text
                on_line(text)


def _end_group(group: int, process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        _signal_group(group, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_GRACE_SEC)
    _signal_group(group, signal.SIGKILL)
    process.wait()


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
