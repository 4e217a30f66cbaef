"""What a use case with tuning compiles to, for every strategy."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from pipeline_code import contract
from pipeline_code.steps.discovery.search import tuning_lines
from tests.compiled import compiled, filled, write_usecases
from tests.proofs.pipeline_model import definition_problems

FRAUD = contract.usecase_folder("fraud")
PROPOSED = "what init proposes"
STRATEGIES = ("grid", "random", "bayesian", "hyperband")
RANGES: dict[str, Any] = {
    "max_depth": {"low": 3, "high": 8},
    "learning_rate": {"low": 0.01, "high": 0.3, "scale": "log"},
    "reg_lambda": {"values": [1, 10]},
}
GRID: dict[str, Any] = {"max_depth": {"values": [3, 6, 8]}, "reg_lambda": {"values": [1, 10]}}


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The definition of the fraud case with each strategy; one process, for the SDK is slow."""
    document = yaml.safe_load((FRAUD / "usecase.yaml").read_text(encoding="utf-8"))
    wanted = {}
    for strategy in STRATEGIES:
        ranges = GRID if strategy == "grid" else RANGES
        tuning = {"strategy": strategy, "trials": 12, "parallel_trials": 3, "ranges": ranges}
        if strategy == "bayesian":
            tuning |= {"warm_start": "of-last-month", "seed": 5}
        wanted[strategy] = document | {"tuning": tuning}
    proposed = yaml.safe_load("\n".join(tuning_lines(30)))
    training = {"training": {"algorithm": "auto", "folds": 5}}
    wanted[PROPOSED] = document | training | proposed
    return compiled(write_usecases(tmp_path_factory.mktemp("usecases"), wanted))


def step(definition: dict[str, Any], name: str) -> dict[str, Any]:
    """Find a step by its name."""
    found: dict[str, Any] = next(one for one in definition["Steps"] if one["Name"] == name)
    return found


@pytest.mark.parametrize("strategy", [*STRATEGIES, PROPOSED])
def test_sagemaker_takes_the_definition(
    definitions: dict[str, dict[str, Any]], strategy: str
) -> None:
    """Arguments, references and envelope, held against the service's own model."""
    assert definition_problems(filled(definitions[strategy])) == []


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_tuning_takes_the_place_of_training(
    definitions: dict[str, dict[str, Any]], strategy: str
) -> None:
    """Whatever read the model of Train reads that of the best trial."""
    definition = definitions[strategy]
    names = [one["Name"] for one in definition["Steps"]]
    assert contract.TUNE in names
    assert contract.TRAIN not in names
    assert "Steps.Train." not in json.dumps(definition)
    evaluate = json.dumps(step(definition, contract.EVALUATE))
    assert "Steps.Tune.TrainingJobSummaries[0].TrainingJobName" in evaluate
    champion = json.dumps(step(definition, contract.RESOLVE_CHAMPION))
    assert "Steps.Tune.HyperParameterTuningJobName" in champion


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_jobs_of_a_tuning_are_as_closed_as_others(
    definitions: dict[str, dict[str, Any]], strategy: str
) -> None:
    """The SDK forgets network and volume key of the trainer that it is given."""
    job = step(definitions[strategy], contract.TUNE)["Arguments"]["TrainingJobDefinition"]
    assert job["EnableNetworkIsolation"] is True
    assert job["EnableInterContainerTrafficEncryption"] is True
    assert job["VpcConfig"]["Subnets"] == ["{{network.subnets}}"]
    assert job["ResourceConfig"]["VolumeKmsKeyId"] == "{{keys.data}}"
    assert job["OutputDataConfig"]["KmsKeyId"] == "{{keys.data}}"


def test_each_strategy_is_bounded(definitions: dict[str, dict[str, Any]]) -> None:
    """A search that nobody bounds is a bill that nobody expects."""
    configs = {
        name: step(definitions[name], contract.TUNE)["Arguments"]["HyperParameterTuningJobConfig"]
        for name in STRATEGIES
    }
    limits = {name: one["ResourceLimits"] for name, one in configs.items()}
    assert limits["grid"]["MaxNumberOfTrainingJobs"] == 6
    assert limits["random"]["MaxNumberOfTrainingJobs"] == 12
    assert all(one["MaxParallelTrainingJobs"] == 3 for one in limits.values())
    assert all(one["TrainingJobEarlyStoppingType"] == "Off" for one in configs.values())
    hyperband = configs["hyperband"]["StrategyConfig"]["HyperbandStrategyConfig"]
    assert 1 <= hyperband["MinResource"] < hyperband["MaxResource"] == 400
    assert {name: one["RandomSeed"] for name, one in configs.items()} == {
        "grid": 0,
        "random": 0,
        "bayesian": 5,
        "hyperband": 0,
    }


def test_the_objective_follows_the_gate(definitions: dict[str, dict[str, Any]]) -> None:
    """What decides in the end is what the search looks for."""
    config = step(definitions["random"], contract.TUNE)["Arguments"][
        "HyperParameterTuningJobConfig"
    ]
    assert config["HyperParameterTuningJobObjective"] == {
        "Type": "Maximize",
        "MetricName": contract.OBJECTIVE_METRIC,
    }


def test_what_is_tuned_is_no_parameter(definitions: dict[str, dict[str, Any]]) -> None:
    """Somebody who set it for one execution would wonder why nothing changes."""
    names = {one["Name"] for one in definitions["random"]["Parameters"]}
    assert contract.parameter_name("training.max_depth") not in names
    assert contract.parameter_name("training.subsample") in names


def test_a_warm_start_names_its_parent(definitions: dict[str, dict[str, Any]]) -> None:
    """Without it the request has no such part at all."""
    warm = step(definitions["bayesian"], contract.TUNE)["Arguments"]["WarmStartConfig"]
    assert warm["ParentHyperParameterTuningJobs"] == [
        {"HyperParameterTuningJobName": "of-last-month"}
    ]
    assert "WarmStartConfig" not in step(definitions["random"], contract.TUNE)["Arguments"]
