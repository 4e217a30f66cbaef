"""How single jobs are run: training, retries, limits, caching."""

from __future__ import annotations

import json
import tarfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline_code import contract
from pipeline_code.local import records
from pipeline_code.local.home import Home
from pipeline_code.local.runner import Runner

Put = Callable[[str, str], str]

DEPTH = ({"Name": "Depth", "Type": "Integer", "DefaultValue": 3},)
FIT = """
import os, pathlib
root = pathlib.Path(os.environ["ACEQUIA_ML_ROOT"])
data = "".join(f.read_text() for f in sorted((root / "input/data/train").iterdir()))
(root / "model/nested").mkdir()
(root / "model/nested/weights").write_text(data)
(root / "model/config").write_text((root / "input/config/hyperparameters.json").read_text())
(root / "output/data/training.json").write_text("{}")
"""
COUNT = "import os; open(os.environ['COUNT'], 'a').write('x'); "
RETRY = {"BackoffRate": 1.0, "IntervalSeconds": 0, "MaxAttempts": 3}


def run(runner: Runner, definition: Any, **parameters: object) -> records.ExecutionResult:
    """Run a definition to its end."""
    return runner.run(definition, parameters, pipeline_name="small")


def only(result: records.ExecutionResult) -> records.StepRecord:
    """Return the record of an execution's first step."""
    return result.steps[0]


@pytest.fixture
def counted(build: Any, tmp_path: Path) -> Callable[..., Any]:
    """Make a definition of one job that counts its runs in the file ``count``."""

    def make(script: str, *kinds: str, **arguments: Any) -> Any:
        policies = [{**RETRY, "ExceptionType": list(kinds)}] if kinds else []
        arguments["Environment"] = {"COUNT": str(tmp_path / "count")}
        step = build.processing("Only", COUNT + script, arguments=arguments, RetryPolicies=policies)
        return build.definition(step)

    return make


def runs(tmp_path: Path) -> int:
    """Return how often the counted job ran."""
    return len((tmp_path / "count").read_text())


def test_a_training_job_gets_its_channels_and_leaves_its_archives(
    build: Any, runner: Runner, put: Put, home: Home
) -> None:
    """Hyperparameters are strings and the artifacts lie where SageMaker puts them."""
    raw = put("s3://raw/train/a.csv", "rows")
    training = build.training("Fit", FIT, channels={"train": raw})

    result = run(runner, build.definition(training, parameters=DEPTH), Depth=7)

    uri = f"s3://artifacts/models/pipelines-{result.execution_id}-Fit/output/model.tar.gz"
    assert result.succeeded, result.reason
    assert only(result).outputs["model"] == uri
    assert only(result).properties["ModelArtifacts"] == {"S3ModelArtifacts": uri}
    with tarfile.open(home.path(uri)) as archive:
        assert archive.getnames() == ["config", "nested/weights"]
        config = archive.extractfile("config")
        assert config is not None
        assert json.load(config) == {"max_depth": "7"}
    assert home.path(only(result).outputs["output"]).name == "output.tar.gz"


KEEP = """
import os, pathlib, signal
root = pathlib.Path(os.environ["ACEQUIA_ML_ROOT"])
state = root / "checkpoints/a/state"
if not state.exists():
    state.parent.mkdir()
    state.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
(root / "model/weights").write_text(state.read_text() + " and half")
state.unlink()
state.parent.rmdir()
"""


@pytest.mark.parametrize("place", ["/opt/ml/checkpoints", None])
def test_a_training_that_was_killed_finds_its_state_in_the_next_execution(
    build: Any, runner: Runner, put: Put, home: Home, place: str | None
) -> None:
    """A run that dies in training goes on there, as a spot instance does."""
    raw = put("s3://raw/train/a.csv", "rows")
    training = build.training("Fit", KEEP, channels={"train": raw})
    config = {"S3Uri": "s3://artifacts/small/checkpoints", "LocalPath": place}
    training["Arguments"]["CheckpointConfig"] = {k: v for k, v in config.items() if v}
    definition = build.definition(training, parameters=DEPTH)

    killed = run(runner, definition)
    assert "SIGKILL" in str(only(killed).reason)
    assert home.path("s3://artifacts/small/checkpoints/a/state").read_text() == "half"
    result = run(runner, definition)

    assert result.succeeded, result.reason
    with tarfile.open(home.path(only(result).outputs["model"])) as archive:
        weights = archive.extractfile("weights")
        assert weights is not None
        assert weights.read() == b"half and half"
    assert list(home.path("s3://artifacts/small/checkpoints").iterdir()) == []


def test_a_place_of_states_outside_of_the_container_is_refused(
    build: Any, runner: Runner, put: Put
) -> None:
    """It would be a folder of this machine."""
    raw = put("s3://raw/train/a.csv", "rows")
    training = build.training("Fit", KEEP, channels={"train": raw})
    training["Arguments"]["CheckpointConfig"] = {"S3Uri": "s3://a/b", "LocalPath": "/tmp/x"}
    result = run(runner, build.definition(training, parameters=DEPTH))
    assert "is not below /opt/ml" in str(only(result).reason)


def test_one_process_stands_for_several_instances_and_says_so(
    build: Any, runner: Runner, put: Put
) -> None:
    """Nobody should take the seconds of one machine for those of three."""
    raw = put("s3://raw/train/a.csv", "rows")
    training = build.training("Fit", FIT, channels={"train": raw})
    training["Arguments"]["ResourceConfig"] = {"InstanceCount": 3}
    training["Arguments"]["EnableManagedSpotTraining"] = True
    result = run(runner, build.definition(training, parameters=DEPTH))
    assert result.succeeded, result.reason
    log = Path(str(only(result).log)).read_text(encoding="utf-8")
    assert "3 instances are asked for; on this machine one process trains for all" in log


def test_equal_models_give_equal_archives(build: Any, runner: Runner, put: Put, home: Home) -> None:
    """The registry knows a model by the hash of its archive."""
    raw = put("s3://raw/train/a.csv", "rows")
    definition = build.definition(
        build.training("Fit", FIT, channels={"train": raw}), parameters=DEPTH
    )

    archives = [home.path(only(run(runner, definition)).outputs["model"]) for _ in range(2)]

    assert archives[0] != archives[1]
    assert archives[0].read_bytes() == archives[1].read_bytes()


def test_a_passing_fault_is_retried(
    counted: Callable[..., Any], runner: Runner, tmp_path: Path
) -> None:
    """A machine that is taken away is no reason to give up."""
    script = "import os, sys; os.path.getsize(os.environ['COUNT']) > 2 or sys.exit(143)"
    events: list[records.Event] = []

    result = runner.run(
        counted(script, "SageMaker.JOB_INTERNAL_ERROR"),
        pipeline_name="small",
        on_event=events.append,
    )

    assert result.succeeded, result.reason
    assert only(result).attempts == runs(tmp_path) == 3
    assert [e.attempt for e in events if isinstance(e, records.StepRetried)] == [1, 2]


@pytest.mark.parametrize(
    ("ending", "kind", "expected"),
    [
        ("sys.exit(75)", "Step.THROTTLING", 4),
        ("sys.exit(69)", "Step.SERVICE_FAULT", 4),
        ("sys.exit(75)", "Step.SERVICE_FAULT", 1),
        ("sys.exit(1)", "SageMaker.JOB_INTERNAL_ERROR", 1),
        ("sys.exit(2)", "SageMaker.JOB_INTERNAL_ERROR", 1),
        ("os.kill(os.getpid(), 9)", "SageMaker.JOB_INTERNAL_ERROR", 1),
    ],
)
def test_only_the_faults_that_a_policy_names_are_retried(
    counted: Callable[..., Any],
    runner: Runner,
    tmp_path: Path,
    ending: str,
    kind: str,
    expected: int,
) -> None:
    """A refused input (2), a broken job (1) or one without memory would only fail again."""
    result = run(runner, counted(f"import sys; {ending}", kind))

    assert result.status == records.FAILED
    assert runs(tmp_path) == expected


def test_a_refusal_keeps_its_words_and_its_exit_code(build: Any, runner: Runner) -> None:
    """The one line that the job left is the reason of the whole execution."""
    script = (
        "import os, sys, pathlib; p = pathlib.Path(os.environ['ACEQUIA_ML_ROOT'], 'output');"
        "p.mkdir(); (p / 'failure').write_text('train has a single class'); sys.exit(2)"
    )

    result = run(runner, build.definition(build.processing("Only", script)))

    assert (result.reason, result.exit_code) == ("train has a single class", contract.EXIT_REFUSED)


def test_a_job_is_ended_at_its_time_limit(counted: Callable[..., Any], runner: Runner) -> None:
    """Everything stops; a limit is no fault that passes."""
    limit = {"MaxRuntimeInSeconds": 0.5}
    started = time.monotonic()

    result = run(runner, counted("import time; time.sleep(60)", StoppingCondition=limit))

    assert "longer than MaxRuntimeInSeconds (0.5)" in (result.reason or "")
    assert time.monotonic() - started < 10


def test_what_a_job_leaves_running_is_ended_with_it(build: Any, runner: Runner) -> None:
    """A forgotten child would hold the log open and the machine's memory with it."""
    script = "import subprocess, sys; subprocess.Popen(['sleep', '60'])"
    started = time.monotonic()

    assert run(runner, build.definition(build.processing("Only", script))).succeeded
    assert time.monotonic() - started < 10


def test_the_cache_goes_by_content(build: Any, runner: Runner, put: Put, home: Home) -> None:
    """Same bytes elsewhere are a hit; one other byte is a miss, here and in what follows."""

    def outcome(uri: str) -> list[str]:
        definition = build.definition(
            build.processing("First", inputs={"raw": uri}, **build.CACHE),
            build.processing("Second", inputs={"first": build.output("First")}, **build.CACHE),
        )
        result = run(runner, definition)
        second = result.step("Second")
        assert second is not None
        text = (home.path(second.outputs["out"]) / "out.txt").read_text()
        return [*(step.status for step in result.steps), text]

    hit, miss = records.CACHED, records.SUCCEEDED
    assert outcome(put("s3://raw/one/a.txt", "same")) == [miss, miss, "same!!"]
    assert outcome(put("s3://raw/two/a.txt", "same")) == [hit, hit, "same!!"]
    assert outcome(put("s3://raw/two/a.txt", "sane")) == [miss, miss, "sane!!"]


def test_the_cache_goes_by_the_request(build: Any, runner: Runner, put: Put) -> None:
    """Other arguments, another image: another outcome."""
    raw = put("s3://raw/a.txt", "x")

    def outcome(image: str, argument: str) -> str:
        step = build.processing("Only", inputs={"raw": raw}, **build.CACHE)
        step["Arguments"]["AppSpecification"] |= {
            "ImageUri": image,
            "ContainerArguments": [argument],
        }
        return only(run(runner, build.definition(step))).status

    seen = [outcome("one", "a"), outcome("one", "a"), outcome("two", "a"), outcome("one", "b")]
    assert seen == ["Succeeded", "Cached", "Succeeded", "Succeeded"]


def test_a_cached_outcome_that_was_touched_is_made_anew(
    build: Any, runner: Runner, put: Put, home: Home
) -> None:
    """A hit is worth something only while its outputs are what they were."""
    raw = put("s3://raw/a.txt", "x")
    definition = build.definition(build.processing("Only", inputs={"raw": raw}, **build.CACHE))
    first = only(run(runner, definition))
    (home.path(first.outputs["out"]) / "out.txt").unlink()

    again = only(run(runner, definition))

    assert again.status == records.SUCCEEDED
    assert (home.path(again.outputs["out"]) / "out.txt").read_text() == "x!"


def test_the_cache_forgets_after_expire_after(build: Any, home: Home, put: Put) -> None:
    """Thirty days in the definition are thirty days here."""
    raw = put("s3://raw/a.txt", "x")
    definition = build.definition(build.processing("Only", inputs={"raw": raw}, **build.CACHE))
    start = datetime(2026, 1, 31, tzinfo=UTC)

    def outcome(days: int) -> str:
        def clock() -> datetime:
            return start + timedelta(days=days)

        return only(run(Runner(home, code="c", clock=clock), definition)).status

    assert [outcome(0), outcome(30), outcome(31)] == ["Succeeded", "Cached", "Succeeded"]


def test_a_failure_is_not_cached(build: Any, runner: Runner, put: Put) -> None:
    """The next execution tries again."""
    raw = put("s3://raw/a.txt", "x")
    definition = build.definition(
        build.processing("Only", "raise SystemExit(1)", inputs={"raw": raw}, **build.CACHE)
    )

    assert [only(run(runner, definition)).status for _ in range(2)] == [records.FAILED] * 2


def test_a_job_cannot_reach_the_store_through_its_input_folder(
    build: Any, runner: Runner, put: Put, home: Home
) -> None:
    """Deleting an input deletes a link; published files are read-only."""
    raw = put("s3://raw/a.txt", "x")
    script = (
        f"{build.COPY}; import shutil; shutil.rmtree(r / 'input/first')"  # r: the script's root
    )
    definition = build.definition(
        build.processing("First", inputs={"raw": raw}),
        build.processing("Second", script, inputs={"first": build.output("First")}),
    )

    result = run(runner, definition)

    assert result.succeeded, result.reason
    kept = home.path(only(result).outputs["out"]) / "out.txt"
    assert kept.read_text() == "x!"
    assert kept.stat().st_mode & 0o222 == 0


def test_an_output_that_links_to_an_input_is_published_whole(
    build: Any, runner: Runner, put: Put, home: Home
) -> None:
    """The store holds content, never links into a job's folder."""
    raw = put("s3://raw/a.txt", "x")
    script = (
        "import os, pathlib; r = pathlib.Path(os.environ['ACEQUIA_ML_ROOT'], 'processing');"
        "(r / 'output/out/b.txt').symlink_to(r / 'input/raw/a.txt')"
    )

    result = run(runner, build.definition(build.processing("Only", script, inputs={"raw": raw})))

    published = home.path(only(result).outputs["out"]) / "b.txt"
    assert not published.is_symlink()
    assert published.read_text() == "x"


def test_a_record_of_another_version_of_the_code_is_still_read(build: Any, runner: Runner) -> None:
    """An upgrade must not take the history of executions away."""
    document = only(run(runner, build.definition(build.processing("Only")))).document()

    assert records.StepRecord.of({**document, "left": "over"}).name == "Only"
