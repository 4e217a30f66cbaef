"""What a use case on spot capacity, or on several instances, compiles to."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from pipeline_code import contract
from pipeline_code.definition.supported import unsupported_arguments
from tests.compiled import compiled, filled, write_usecases
from tests.proofs.pipeline_model import definition_problems

FRAUD = contract.usecase_folder("fraud")
SPOT = {"spot": True, "training_count": 2, "timeout_sec": 3_600}
CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "train": {"instances": SPOT},
    "tune": {
        "instances": SPOT | {"max_wait_sec": 9_000},
        "tuning": {"strategy": "random", "ranges": {"max_depth": {"low": 3, "high": 8}}},
    },
    "kept": {"instances": {"checkpoints": True}},
}
CHECKPOINTS = {
    "S3Uri": "s3://{{buckets.artifacts}}/fraud/checkpoints",
    "LocalPath": "/opt/ml/checkpoints",
}


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The definition of the fraud case in each case; one process, for the SDK is slow."""
    document = yaml.safe_load((FRAUD / "usecase.yaml").read_text(encoding="utf-8"))
    wanted = {name: document | changed for name, changed in CASES.items()}
    return compiled(write_usecases(tmp_path_factory.mktemp("usecases"), wanted))


def job(definition: dict[str, Any]) -> dict[str, Any]:
    """Find the request of the training jobs, of a tuning or not."""
    arguments = next(
        one["Arguments"]
        for one in definition["Steps"]
        if one["Name"] in (contract.TRAIN, contract.TUNE)
    )
    found: dict[str, Any] = arguments.get("TrainingJobDefinition", arguments)
    return found


@pytest.mark.parametrize(("case", "wait"), [("train", 7_200), ("tune", 9_000)])
def test_spot_jobs_are_interruptible_resumable_and_bounded(
    definitions: dict[str, dict[str, Any]], case: str, wait: int
) -> None:
    """Spot without a place for states begins anew each time; without a wait SageMaker refuses."""
    request = job(definitions[case])
    assert request["EnableManagedSpotTraining"] is True
    assert request["StoppingCondition"] == {
        "MaxRuntimeInSeconds": 3_600,
        "MaxWaitTimeInSeconds": wait,
    }
    assert request["CheckpointConfig"] == CHECKPOINTS
    assert request["ResourceConfig"]["InstanceCount"] == 2
    assert request["EnableInterContainerTrafficEncryption"] is True


def test_without_spot_nothing_of_it_is_asked_for(definitions: dict[str, dict[str, Any]]) -> None:
    """A wait is refused without spot, and the lock of before stays what it was."""
    request = job(definitions["plain"])
    assert not {"EnableManagedSpotTraining", "CheckpointConfig"} & request.keys()
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 7_200}
    assert request["ResourceConfig"]["InstanceCount"] == 1
    kept = job(definitions["kept"])
    assert kept["CheckpointConfig"] == CHECKPOINTS
    assert "EnableManagedSpotTraining" not in kept


def test_the_place_of_states_is_the_same_for_every_execution(
    definitions: dict[str, dict[str, Any]],
) -> None:
    """It is part of what the step cache compares; and a retry looks there for what is left."""
    assert isinstance(job(definitions["train"])["CheckpointConfig"]["S3Uri"], str)


@pytest.mark.parametrize("case", CASES)
def test_sagemaker_takes_the_definition(definitions: dict[str, dict[str, Any]], case: str) -> None:
    """Held against the service's own model: a tuning's jobs have other shapes than a job."""
    assert definition_problems(filled(definitions[case])) == []


@pytest.mark.parametrize("case", CASES)
def test_the_twin_takes_the_definition(definitions: dict[str, dict[str, Any]], case: str) -> None:
    """What is bought in the cloud must not keep anybody from trying it here."""
    for step in definitions[case]["Steps"]:
        if step["Type"] != "Condition":
            assert list(unsupported_arguments(step["Type"], step["Arguments"])) == []
