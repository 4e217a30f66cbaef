"""Tuning steps: real trials as processes, searched by Optuna."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline_code import contract
from pipeline_code.definition.validate import InvalidDefinitionError
from pipeline_code.local import records
from pipeline_code.local.home import Home
from pipeline_code.local.runner import Runner
from pipeline_code.local.services import LocalServices
from pipeline_code.local.tuning_record import UnknownTuningError, read_tuning

Put = Callable[[str, str], str]

TRIAL = """
import json, os, pathlib
root = pathlib.Path(os.environ["ACEQUIA_ML_ROOT"])
values = json.loads((root / "input/config/hyperparameters.json").read_text())
(root / "model/model.json").write_text(json.dumps(values))
x = float(values.get("x", 0)) + float(values.get("n", 0))
print(f"acequia.metric validation={-(x - 3) ** 2:.6g}", flush=True)
"""
FAILS_BELOW_3 = TRIAL.replace("print(", "assert x >= 3, 'too small'\nprint(")
STEPS = """
import json, os, pathlib, time
root = pathlib.Path(os.environ["ACEQUIA_ML_ROOT"])
x = float(json.loads((root / "input/config/hyperparameters.json").read_text())["x"])
(root / "model/model.json").write_text("{}")
for step in range(1, 28):
    print(f"acequia.metric validation={x * step:.6g} step={step}", flush=True)
    time.sleep(0.01)
"""
BY_X = {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "6"}]}


def tune(
    ranges: dict[str, Any], *, strategy: str = "Random", trials: int = 5, **config: Any
) -> dict[str, Any]:
    """Write a tuning step with a channel ``train``."""
    return {
        "Name": "Tune",
        "Type": "Tuning",
        "Arguments": {
            "HyperParameterTuningJobConfig": {
                "Strategy": strategy,
                "HyperParameterTuningJobObjective": {
                    "Type": "Maximize",
                    "MetricName": contract.OBJECTIVE_METRIC,
                },
                "ResourceLimits": {
                    "MaxNumberOfTrainingJobs": trials,
                    "MaxParallelTrainingJobs": 2,
                },
                "ParameterRanges": ranges,
                "RandomSeed": 7,
                **config,
            },
            "TrainingJobDefinition": {
                "AlgorithmSpecification": {
                    "TrainingImage": "image@sha256:0",
                    "TrainingInputMode": "File",
                    "MetricDefinitions": [
                        {"Name": contract.OBJECTIVE_METRIC, "Regex": contract.METRIC_PATTERN}
                    ],
                },
                "StaticHyperParameters": {"usecase": "small"},
                "InputDataConfig": [
                    {
                        "ChannelName": "train",
                        "DataSource": {"S3DataSource": {"S3Uri": "s3://raw/data/a.txt"}},
                    }
                ],
                "OutputDataConfig": {"S3OutputPath": "s3://artifacts/models"},
            },
        },
        "CacheConfig": {"Enabled": True},
    }


@pytest.fixture
def trial_is(monkeypatch: pytest.MonkeyPatch, put: Put) -> Callable[[str], None]:
    """Let trials run a script; there is something in their channel."""
    put("s3://raw/data/a.txt", "rows")

    def trial_is(script: str) -> None:
        monkeypatch.setattr(contract, "job_command", lambda _: ["python", "-c", script])

    return trial_is


def run(runner: Runner, build: Any, *steps: dict[str, Any]) -> records.ExecutionResult:
    """Run a definition of these steps."""
    return runner.run(build.definition(*steps), {}, pipeline_name="small")


def tuned(result: records.ExecutionResult) -> records.StepRecord:
    """Return the record of the tuning step."""
    found = result.step("Tune")
    assert found is not None
    return found


def test_the_best_trial_gives_its_model_to_the_next_step(
    runner: Runner, build: Any, home: Home, trial_is: Callable[[str], None]
) -> None:
    """The reference that SageMaker resolves to the best model leads to it here, too."""
    trial_is(TRIAL)
    best = {
        "Std:Join": {
            "On": "/",
            "Values": [
                "s3://artifacts/models",
                {"Get": "Steps.Tune.TrainingJobSummaries[0].TrainingJobName"},
                "output/model.tar.gz",
            ],
        }
    }
    after = build.processing(
        "After",
        "import os, pathlib as p; r = p.Path(os.environ['ACEQUIA_ML_ROOT']) / 'processing';"
        "assert (r / 'input/model/model.tar.gz').is_file();"
        "(r / 'output/out/done').touch()",
        inputs={"model": best},
    )

    result = run(runner, build, tune(BY_X), after)

    assert result.succeeded, result.reason
    step = tuned(result)
    values = [
        one["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
        for one in step.properties["TrainingJobSummaries"]
    ]
    assert values == sorted(values, reverse=True)
    assert len(values) == 5
    assert step.properties["BestTrainingJob"] == step.properties["TrainingJobSummaries"][0]
    assert step.properties["HyperParameters"]["usecase"] == "small"
    assert home.path(step.outputs["model"]).is_file()


def test_the_same_search_proposes_the_same(
    runner: Runner, build: Any, home: Home, trial_is: Callable[[str], None]
) -> None:
    """Two trials at a time end in any order, and yet the search takes one way."""
    ways = []
    for script in (TRIAL, f"import time, random; time.sleep(random.random() / 5)\n{TRIAL}"):
        trial_is(script)
        config = tune(BY_X, strategy="Bayesian", trials=12)
        name = tuned(run(runner, build, config)).properties["HyperParameterTuningJobName"]
        ways.append([one["hyperparameters"] for one in read_tuning(home, name)["trials"]])
        runner = Runner(Home(home.root), code=f"sha256:{len(ways)}", parallelism=2)
        config["CacheConfig"] = {"Enabled": False}

    assert ways[0] == ways[1]


def test_a_tuning_with_nothing_new_comes_from_the_cache(
    runner: Runner, build: Any, trial_is: Callable[[str], None]
) -> None:
    """Thirty trials are not run again for the same rows."""
    trial_is(TRIAL)
    first = tuned(run(runner, build, tune(BY_X)))

    second = tuned(run(runner, build, tune(BY_X)))

    assert second.status == records.CACHED
    assert second.properties == first.properties


def test_a_grid_tries_every_point_once(
    runner: Runner, build: Any, home: Home, trial_is: Callable[[str], None]
) -> None:
    """The number of trials follows from the values."""
    trial_is(TRIAL)
    ranges = {
        "CategoricalParameterRanges": [
            {"Name": "x", "Values": ["0", "1", "2"]},
            {"Name": "n", "Values": ["0", "1"]},
        ]
    }

    step = tuned(run(runner, build, tune(ranges, strategy="Grid", trials=6)))

    name = step.properties["HyperParameterTuningJobName"]
    tried = {
        (one["hyperparameters"]["x"], one["hyperparameters"]["n"])
        for one in read_tuning(home, name)["trials"]
    }
    assert len(tried) == 6
    assert step.properties["HyperParameters"] == {"usecase": "small", "x": "2", "n": "1"}


def test_trials_that_fail_are_left_out(
    runner: Runner, build: Any, trial_is: Callable[[str], None]
) -> None:
    """Some combinations are impossible; the search goes on without them."""
    trial_is(FAILS_BELOW_3)
    ranges = {"CategoricalParameterRanges": [{"Name": "x", "Values": ["5", "1", "4", "2"]}]}

    step = tuned(run(runner, build, tune(ranges, strategy="Grid", trials=4)))

    assert step.status == records.SUCCEEDED
    assert step.properties["HyperParameters"]["x"] == "4"
    assert len(step.properties["TrainingJobSummaries"]) == 2


def test_what_refuses_the_first_trial_ends_the_tuning(
    runner: Runner, build: Any, trial_is: Callable[[str], None]
) -> None:
    """Rows that cannot be used are not refused thirty times."""
    trial_is("import sys; sys.exit('the train split has a single class')")

    step = tuned(run(runner, build, tune(BY_X, trials=30)))

    assert step.status == records.FAILED
    assert step.reason is not None
    assert "single class" in step.reason
    assert step.exit_code == contract.EXIT_REFUSED


def test_hyperband_ends_trials_that_are_behind(
    runner: Runner, build: Any, home: Home, trial_is: Callable[[str], None]
) -> None:
    """Most trials get a few rounds only."""
    trial_is(STEPS)
    bounds = {"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 27}}
    config = tune(BY_X, strategy="Hyperband", trials=12, StrategyConfig=bounds)

    step = tuned(run(runner, build, config))

    name = step.properties["HyperParameterTuningJobName"]
    ended = [one["status"] for one in read_tuning(home, name)["trials"]]
    assert "Stopped" in ended
    assert "Completed" in ended
    assert step.status == records.SUCCEEDED


def test_a_warm_start_begins_with_the_trials_of_before(
    runner: Runner, build: Any, home: Home, trial_is: Callable[[str], None]
) -> None:
    """The model of the search knows them, so its first proposals are no guesses."""
    trial_is(TRIAL)
    parent = tuned(run(runner, build, tune(BY_X, strategy="Bayesian", trials=16)))
    name = parent.properties["HyperParameterTuningJobName"]
    child = tune(BY_X, strategy="Bayesian", trials=4)
    child["Arguments"]["WarmStartConfig"] = {
        "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": name}],
        "WarmStartType": "TransferLearning",
    }

    warm = tuned(run(runner, build, child)).properties["HyperParameterTuningJobName"]

    cold = [float(t["hyperparameters"]["x"]) for t in read_tuning(home, name)["trials"][:4]]
    ours = [float(t["hyperparameters"]["x"]) for t in read_tuning(home, warm)["trials"]]
    assert ours != cold
    assert sum(abs(x - 3) for x in ours) < sum(abs(x - 3) for x in cold)


def test_a_warm_start_from_nothing_says_what_there_is(
    runner: Runner, build: Any, trial_is: Callable[[str], None]
) -> None:
    """A name that was mistyped would else be a cold start that nobody notices."""
    trial_is(TRIAL)
    config = tune(BY_X)
    config["Arguments"]["WarmStartConfig"] = {
        "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "nobody"}]
    }

    step = tuned(run(runner, build, config))

    assert step.status == records.FAILED
    assert "no tuning job 'nobody'" in str(step.reason)


def test_an_unknown_strategy_is_refused_before_anything_runs(runner: Runner, build: Any) -> None:
    """What the twin cannot follow it does not skip."""
    with pytest.raises(InvalidDefinitionError, match="Strategy 'Annealing' is not supported"):
        run(runner, build, tune(BY_X, strategy="Annealing"))


def test_jobs_are_told_what_was_tried(
    runner: Runner, build: Any, home: Home, trial_is: Callable[[str], None]
) -> None:
    """The report draws the trials; the job that fetches them asks as it would ask AWS."""
    trial_is(TRIAL)
    step = tuned(run(runner, build, tune(BY_X)))

    trials = LocalServices(home).trials(step.properties["HyperParameterTuningJobName"])

    assert len(trials) == 5
    assert max(one.value or -99 for one in trials) == step.summary["validation"]
    with pytest.raises(UnknownTuningError):
        LocalServices(home).trials("nobody")


def test_the_record_names_every_trial(
    runner: Runner, build: Any, home: Home, trial_is: Callable[[str], None], tmp_path: Path
) -> None:
    """A model that is kept can be traced to its trial."""
    trial_is(TRIAL)
    step = tuned(run(runner, build, tune(BY_X)))
    name = step.properties["HyperParameterTuningJobName"]

    names = [one["name"] for one in read_tuning(home, name)["trials"]]

    assert names == [f"{name}-{number:03d}" for number in range(5)]
    assert len(name) <= 32
    assert json.dumps(step.document())
