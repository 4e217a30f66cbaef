"""Whole executions: real processes, real files."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline_code import contract
from pipeline_code.definition.validate import InvalidDefinitionError
from pipeline_code.local import records
from pipeline_code.local.errors import NotResumableError, ParameterError
from pipeline_code.local.home import Home
from pipeline_code.local.runner import Runner

Put = Callable[[str, str], str]

MEET = """
import os, pathlib, sys, time
here = pathlib.Path(os.environ["MEET"])
(here / os.environ["ME"]).touch()
end = time.monotonic() + 20
while not (here / os.environ["OTHER"]).exists():
    if time.monotonic() > end:
        sys.exit("nobody came")
    time.sleep(0.01)
"""
DECISION = "import os; open(os.environ['ACEQUIA_ML_ROOT'] + '/processing/output/out/e.json', 'w')"


def run(runner: Runner, definition: Any, **parameters: object) -> records.ExecutionResult:
    """Run a definition to its end."""
    return runner.run(definition, parameters, pipeline_name="small")


def statuses(result: records.ExecutionResult) -> dict[str, str]:
    """Return how each step ended."""
    return {step.name: step.status for step in result.steps}


def test_a_step_reads_what_the_step_before_it_wrote(
    build: Any, runner: Runner, put: Put, home: Home
) -> None:
    """References make the graph; outputs travel through the object store."""
    raw = put("s3://raw/data/a.txt", "hello")
    definition = build.definition(
        build.processing("Second", inputs={"first": build.output("First")}),
        build.processing("First", inputs={"raw": raw}),
    )

    result = run(runner, definition)

    assert result.succeeded
    assert result.exit_code == 0
    second = result.step("Second")
    assert second is not None
    assert (home.path(second.outputs["out"]) / "out.txt").read_text() == "hello!!"


def test_independent_steps_work_at_the_same_time(
    build: Any, runner: Runner, tmp_path: Path
) -> None:
    """Each of two jobs ends only once the other has begun."""

    def meet(me: str, other: str) -> Any:
        environment = {"MEET": str(tmp_path), "ME": me, "OTHER": other}
        return build.processing(me, MEET, arguments={"Environment": environment})

    result = run(runner, build.definition(meet("a", "b"), meet("b", "a")))

    assert result.succeeded, result.reason


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        ("register", {"Yes": records.SUCCEEDED, "No": records.SKIPPED, "After": records.SUCCEEDED}),
        ("keep", {"Yes": records.SKIPPED, "No": records.SUCCEEDED, "After": records.SKIPPED}),
    ],
)
def test_only_the_chosen_branch_runs(
    build: Any, runner: Runner, decision: str, expected: dict[str, str]
) -> None:
    """The other branch is skipped, and so is all that needs a step of it."""
    evaluation = json.dumps({"gate": {"decision": decision}})
    asked = {"PropertyFile": {"Get": "Steps.Judge.PropertyFiles.E"}, "Path": "gate.decision"}
    definition = build.definition(
        build.processing(
            "Judge",
            f"{DECISION}.write({evaluation!r})",
            PropertyFiles=[{"PropertyFileName": "E", "OutputName": "out", "FilePath": "e.json"}],
        ),
        build.condition(
            "Ask",
            {"Std:JsonGet": asked},
            "register",
            [build.processing("Yes")],
            [build.processing("No")],
        ),
        build.processing("After", DependsOn=["Yes"]),
    )

    result = run(runner, definition)

    assert result.succeeded, result.reason
    assert statuses(result) | expected == statuses(result)


def test_a_fail_step_ends_the_execution_with_its_message(build: Any, runner: Runner) -> None:
    """The message may hold expressions."""
    words = {"Std:Join": {"On": " ", "Values": ["stopped by", {"Get": "Execution.PipelineName"}]}}
    failing = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": words}}

    result = run(runner, build.definition(build.condition("Ask", 1, 1, [failing], [])))

    assert (result.status, result.reason, result.exit_code) == ("Failed", "stopped by small", 1)


def test_a_failed_job_publishes_nothing_and_stops_what_follows(
    build: Any, runner: Runner, put: Put, home: Home
) -> None:
    """Half an output would be read as a whole one."""
    raw = put("s3://raw/a.txt", "x")
    script = f"{build.COPY}; raise SystemExit('the disk is on fire')"
    definition = build.definition(
        build.processing("Bad", script, inputs={"raw": raw}),
        build.processing("Next", inputs={"bad": build.output("Bad")}),
    )

    result = run(runner, definition)

    assert statuses(result) == {"Bad": records.FAILED, "Next": records.NOT_RUN}
    assert (result.failed_step, result.reason, result.exit_code) == (
        "Bad",
        "the disk is on fire",
        1,
    )
    assert not (home.objects / "curated").exists()
    bad = result.step("Bad")
    assert bad is not None
    assert bad.log is not None
    assert "the disk is on fire" in Path(bad.log).read_text()


def test_what_runs_beside_a_failure_may_finish(build: Any, runner: Runner, tmp_path: Path) -> None:
    """Its outcome is kept for the next execution; nothing new starts."""
    wait = "import os, time\nwhile not os.path.exists(os.environ['GO']): time.sleep(0.01)"
    go = tmp_path / "go"
    definition = build.definition(
        build.processing("Slow", wait, arguments={"Environment": {"GO": str(go)}}),
        build.processing("Bad", "raise SystemExit(1)"),
        build.processing("After", DependsOn=["Slow"]),
    )

    def on_event(event: records.Event) -> None:
        if isinstance(event, records.StepFinished) and event.record.name == "Bad":
            go.touch()

    result = runner.run(definition, pipeline_name="small", on_event=on_event)

    assert statuses(result) == {"Slow": "Succeeded", "Bad": "Failed", "After": "NotRun"}


def test_figures_and_progress_of_a_job_reach_the_caller(build: Any, runner: Runner) -> None:
    """The summary line becomes the record's figures, progress lines become events."""
    script = (
        f'print(\'{contract.PROGRESS_PREFIX}\' + \'{{"done": 1, "total": 2, "what": "rows"}}\');'
        f"print('{contract.PROGRESS_PREFIX}garbled');"
        f"print('{contract.SUMMARY_PREFIX}' + '{{\"rows_in\": 5, \"rows_out\": 4}}')"
    )
    events: list[records.Event] = []

    result = runner.run(
        build.definition(build.processing("Only", script)),
        pipeline_name="small",
        on_event=events.append,
    )

    only = result.step("Only")
    assert only is not None
    assert only.summary == {"rows_in": 5, "rows_out": 4}
    assert [e for e in events if isinstance(e, records.StepProgress)] == [
        records.StepProgress("Only", 1, 2, "rows")
    ]
    assert isinstance(events[0], records.ExecutionStarted)
    assert events[-1] == records.ExecutionFinished(result)


def test_nothing_runs_when_a_step_type_is_unknown(build: Any, runner: Runner, home: Home) -> None:
    """A step is never skipped because the twin does not know it."""
    strange = {"Name": "Scale", "Type": "Procesing", "Arguments": {}}

    with pytest.raises(InvalidDefinitionError, match="did you mean 'Processing'"):
        run(runner, build.definition(build.processing("First"), strange))

    assert not home.runs.exists()
    assert runner.list_executions() == ()


def test_wrong_parameters_are_refused_before_anything_runs(
    build: Any, runner: Runner, home: Home
) -> None:
    """All mistakes at once."""
    definition = build.definition(
        build.processing("First"),
        parameters=[{"Name": "Depth", "Type": "Integer", "DefaultValue": 3}],
    )

    with pytest.raises(ParameterError) as caught:
        run(runner, definition, Dept="4", Depth="deep")

    assert len(caught.value.mistakes) == 2
    assert not home.runs.exists()


def test_a_missing_input_is_refused_with_its_place(build: Any, runner: Runner) -> None:
    """Exit code 2: the caller gave a wrong place."""
    definition = build.definition(build.processing("First", inputs={"raw": "s3://raw/nowhere"}))

    result = run(runner, definition)

    assert result.exit_code == contract.EXIT_REFUSED
    assert "nothing to read at s3://raw/nowhere" in (result.reason or "")


def test_an_input_that_changes_under_a_job_fails_the_step(
    build: Any, runner: Runner, put: Put, home: Home, tmp_path: Path
) -> None:
    """What was hashed is what was read, or the cache would lie."""
    raw = tmp_path / "growing.csv"
    raw.write_text("1")
    script = f"{build.COPY}; open({str(raw)!r}, 'a').write('2')"
    definition = build.definition(
        build.processing("First", script, inputs={"raw": raw.as_uri()}, **build.CACHE)
    )

    result = run(runner, definition)

    assert "changed while the job was reading" in (result.reason or "")
    assert not (home.objects / "curated").exists()


def test_a_job_sees_a_small_clean_environment(
    build: Any, runner: Runner, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No credentials and no settings of the caller's shell; the services of the twin."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted")
    script = f"import os, json; {DECISION}.write(json.dumps(dict(os.environ)))"
    definition = build.definition(
        build.processing("Show", script, arguments={"Environment": {"MINE": "/opt/ml/x"}})
    )

    result = run(runner, definition)

    show = result.step("Show")
    assert show is not None
    seen = json.loads((home.path(show.outputs["out"]) / "e.json").read_text())
    assert not [name for name in seen if name.startswith("AWS")]
    assert seen["MINE"] == seen[contract.ML_ROOT_VARIABLE] + "/x"
    assert seen[contract.SERVICES_VARIABLE] == "pipeline_code.local.services:LocalServices"
    assert seen[contract.SERVICES_ROOT_VARIABLE] == str(home.root)


def test_two_executions_at_once_do_not_disturb_each_other(build: Any, home: Home, put: Put) -> None:
    """They share stores and cache, and each ends whole."""
    raw = put("s3://raw/a.txt", "x")
    definition = build.definition(
        build.processing("First", inputs={"raw": raw}, **build.CACHE),
        build.processing("Second", inputs={"first": build.output("First")}, **build.CACHE),
    )
    results: list[records.ExecutionResult] = []

    def one() -> None:
        results.append(run(Runner(home, code="sha256:code", parallelism=2), definition))

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [result.status for result in results] == [records.SUCCEEDED] * 4
    assert len({result.execution_id for result in results}) == 4
    for result in results:
        second = result.step("Second")
        assert second is not None
        assert (home.path(second.outputs["out"]) / "out.txt").read_text() == "x!!"


def test_the_journal_tells_of_an_execution_what_its_runner_told(
    build: Any, runner: Runner, home: Home
) -> None:
    """`acequia runs` reads it from another process."""
    first = run(runner, build.definition(build.processing("Only")))
    second = run(runner, build.definition(build.processing("Only", "raise SystemExit(2)")))

    other = Runner(home, code="sha256:code")

    assert other.get_execution(first.execution_id) == first
    assert other.list_executions() == (second, first)
    assert second.exit_code == contract.EXIT_REFUSED


def test_an_execution_id_is_used_once(build: Any, runner: Runner, home: Home) -> None:
    """Two executions under one id would write over each other, also once the logs are gone."""
    definition = build.definition(build.processing("Only"))
    runner.run(definition, pipeline_name="small", execution_id="mine")
    shutil.rmtree(home.runs)

    with pytest.raises(NotResumableError, match="the id is taken"):
        runner.run(definition, pipeline_name="small", execution_id="mine")
