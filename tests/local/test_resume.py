"""Runners that die, and executions that are continued."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline_code.local import records
from pipeline_code.local.errors import NotResumableError, UnknownExecutionError
from pipeline_code.local.home import Home
from pipeline_code.local.runner import Runner

RUN = """
import json, pathlib, sys
from pipeline_code.local.home import Home
from pipeline_code.local.runner import Runner
home, definition = sys.argv[1:]
runner = Runner(Home(pathlib.Path(home)), code="sha256:code", parallelism=2)
result = runner.run(json.loads(definition), pipeline_name="small", execution_id="killed")
print(result.status, result.exit_code)
"""
WAIT = """
import os, pathlib, time
here = pathlib.Path(os.environ["HERE"])
out = pathlib.Path(os.environ["ACEQUIA_ML_ROOT"], "processing/output/out")
(out / f"half-{os.getpid()}").touch()
(here / "pid").write_text(str(os.getpid()))
(here / "pid").rename(here / "working")
while not (here / "go").exists():
    time.sleep(0.01)
"""
COUNT = "import os; open(os.environ['HERE'] + '/count', 'a').write('x')"


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is so, at most 20 seconds."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it did not happen within 20 seconds"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Tell whether a process still runs; one that nobody has waited for yet does not."""
    found = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return found.stdout.strip()[:1] not in ("", "Z")


@contextmanager
def running(definition: Any, home: Home, here: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a definition in a process of its own, up to the middle of its second step."""
    command = [sys.executable, "-c", RUN, str(home.root), json.dumps(definition)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            wait_for((here / "working").exists)
            yield process
        finally:
            process.kill()


@pytest.fixture
def definition(build: Any, tmp_path: Path) -> Any:
    """One step that counts its runs, and one that waits for the file ``go``."""
    environment = {"Environment": {"HERE": str(tmp_path)}}
    return build.definition(
        build.processing("First", COUNT, arguments=environment),
        build.processing("Second", WAIT, arguments=environment, DependsOn=["First"]),
    )


def test_a_killed_execution_is_continued_where_it_was(
    definition: Any, home: Home, runner: Runner, tmp_path: Path
) -> None:
    """Finished steps are kept; the half-made one starts over; the orphaned job is ended."""
    with running(definition, home, tmp_path) as process:
        process.kill()
        process.wait()
    orphan = int((tmp_path / "working").read_text())
    assert is_alive(orphan)
    assert runner.get_execution("killed").status == records.INTERRUPTED
    (tmp_path / "working").unlink()

    def on_event(event: records.Event) -> None:
        if isinstance(event, records.StepStarted):
            assert not is_alive(orphan)
            (tmp_path / "go").touch()

    result = runner.resume("killed", on_event)

    assert result.succeeded, result.reason
    assert (tmp_path / "count").read_text() == "x"
    second = result.step("Second")
    assert second is not None
    made = [path.name for path in home.path(second.outputs["out"]).iterdir()]
    assert made == [f"half-{(tmp_path / 'working').read_text()}"]
    assert runner.get_execution("killed") == result


def test_a_running_execution_cannot_be_resumed(
    definition: Any, home: Home, runner: Runner, tmp_path: Path
) -> None:
    """Two runners on one execution would undo each other's work."""
    with running(definition, home, tmp_path) as process:
        assert runner.get_execution("killed").status == records.EXECUTING
        with pytest.raises(NotResumableError, match="it is running"):
            runner.resume("killed")
        (tmp_path / "go").touch()
        out, _ = process.communicate(timeout=20)

    assert out.split() == ["Succeeded", "0"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_runner_ends_its_jobs_first(
    definition: Any, home: Home, runner: Runner, tmp_path: Path, number: signal.Signals
) -> None:
    """Ctrl-C leaves nothing running, and an execution that can be resumed."""
    with running(definition, home, tmp_path) as process:
        os.kill(process.pid, number)
        out, _ = process.communicate(timeout=20)

    assert out.split() == ["Stopped", "130"]
    assert not is_alive(int((tmp_path / "working").read_text()))
    (tmp_path / "go").touch()
    assert runner.resume("killed").succeeded


def test_a_failed_execution_is_continued_from_the_failure(
    build: Any, runner: Runner, tmp_path: Path
) -> None:
    """What went well before is not done again."""
    environment = {"Environment": {"HERE": str(tmp_path)}}
    need = "import os; os.path.exists(os.environ['HERE'] + '/go') or exit('not yet')"
    definition = build.definition(
        build.processing("First", COUNT, arguments=environment),
        build.processing("Second", need, arguments=environment, DependsOn=["First"]),
    )
    failed = runner.run(definition, pipeline_name="small")
    assert failed.reason == "not yet"
    (tmp_path / "go").touch()

    result = runner.resume(failed.execution_id)

    assert result.succeeded, result.reason
    assert result.reason is None
    assert (tmp_path / "count").read_text() == "x"


def test_a_step_whose_output_is_gone_is_done_again_with_all_that_rests_on_it(
    build: Any, runner: Runner, home: Home, tmp_path: Path
) -> None:
    """A journal that says done is not enough."""
    environment = {"Environment": {"HERE": str(tmp_path)}}
    write = f"{build.COPY}; {COUNT}"
    first = build.processing("First", write, arguments=environment)
    second = build.processing("Second", write, arguments=environment, DependsOn=["First"])
    done = runner.run(build.definition(first, second), pipeline_name="small")
    (home.path(done.steps[0].outputs["out"]) / "out.txt").unlink()

    assert runner.resume(done.execution_id).succeeded

    assert (tmp_path / "count").read_text() == "xxxx"


def test_an_execution_of_other_code_is_not_resumed(build: Any, runner: Runner, home: Home) -> None:
    """Half an execution of each would be an execution of neither."""
    done = runner.run(build.definition(build.processing("Only")), pipeline_name="small")

    with pytest.raises(NotResumableError, match="the code has changed"):
        Runner(home, code="sha256:other").resume(done.execution_id)


def test_an_unknown_execution_is_named_with_what_was_probably_meant(
    build: Any, runner: Runner
) -> None:
    """Ids are long, and typed by people."""
    done = runner.run(build.definition(build.processing("Only")), pipeline_name="small")

    with pytest.raises(UnknownExecutionError, match=f"did you mean '{done.execution_id}'"):
        runner.resume(done.execution_id[:-1])
