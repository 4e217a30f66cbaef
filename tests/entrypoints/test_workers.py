"""Several processes behind one port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
START = "import sys\nfrom pipeline_code.entrypoints.workers import run_workers\n"


def start(script: str) -> subprocess.Popen[str]:
    """Run workers in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", START + script],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def pool() -> Iterator[subprocess.Popen[str]]:
    """Two workers that wait to be told to stop, and say who they are."""
    process = start(
        "import os, signal\n"
        "def work(ready):\n"
        "    os.write(1, b'%d\\n' % os.getpid())\n"
        "    ready()\n"
        "    signal.sigwait([signal.SIGUSR1])\n"
        "sys.exit(run_workers(work, count=2, ready=lambda: print('ready', flush=True)))\n"
    )
    yield process
    process.kill()
    process.communicate()


def workers(process: subprocess.Popen[str], count: int) -> list[int]:
    """Read the ids of workers as they say them."""
    assert process.stdout is not None
    found: list[int] = []
    while len(found) < count:
        line = process.stdout.readline()
        assert line, "the pool ended"
        if line.strip() != "ready":
            found.append(int(line))
    return found


def test_a_killed_worker_is_replaced(pool: subprocess.Popen[str]) -> None:
    """The other one serves meanwhile."""
    first, second = workers(pool, 2)
    os.kill(first, signal.SIGKILL)
    (third,) = workers(pool, 1)

    assert third not in {first, second}
    os.kill(second, 0)
    assert pool.poll() is None


def test_stopping_ends_all_workers_with_success(pool: subprocess.Popen[str]) -> None:
    """What SageMaker sends to the container's first process reaches every worker."""
    found = workers(pool, 2)
    pool.send_signal(signal.SIGTERM)

    assert pool.wait(timeout=20) == 0
    for worker in found:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)


def test_workers_end_with_a_parent_that_is_killed(pool: subprocess.Popen[str]) -> None:
    """Else they would hold the port for ever, and nobody would stop them."""
    workers(pool, 2)
    pool.kill()

    pool.communicate(timeout=20)  # ends only when no worker holds the output any more


def test_what_one_worker_refuses_ends_the_server() -> None:
    """A broken model is broken for the next worker too: one line, exit code 2."""
    process = start(
        "from pipeline_code.core.errors import PipelineError\n"
        "def work(ready):\n"
        "    raise PipelineError('the model is broken')\n"
        "sys.exit(run_workers(work, count=2, ready=print))\n"
    )
    _, errors = process.communicate(timeout=20)

    assert process.returncode == 2
    assert "the model is broken" in errors
    assert "Traceback" not in errors


def test_workers_that_die_young_are_not_replaced_for_ever() -> None:
    """Else a server that cannot start would look as if it were starting."""
    begin = time.monotonic()
    process = start(
        "def work(ready):\n"
        "    ready()\n"
        "    raise MemoryError\n"
        "sys.exit(run_workers(work, count=2, ready=lambda: None))\n"
    )
    process.communicate(timeout=30)

    assert process.returncode == 1
    assert time.monotonic() - begin < 25
