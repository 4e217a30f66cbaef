"""What a use case compiles to whose model another image trains."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline_code import contract
from pipeline_code.definition import compile as compiling
from pipeline_code.definition.compile import compile_usecase
from pipeline_code.definition.lock import Lock, LockedAlgorithm, read_lock
from pipeline_code.definition.validate import InvalidDefinitionError, validate
from pipeline_code.local.values import local_image, local_values
from tests.compiled import filled
from tests.foreign_tables import ALGORITHMS, IMAGE
from tests.mixed_tables import mixed_usecase
from tests.proofs.pipeline_model import definition_problems

EVERY = (*ALGORITHMS, IMAGE)


@pytest.fixture(scope="module")
def locks(foreign_usecases: Mapping[str, Path]) -> dict[str, Lock]:
    """The lock of each image."""
    return {algorithm: read_lock(folder) for algorithm, folder in foreign_usecases.items()}


def step(lock: Lock, name: str) -> dict[str, Any]:
    """Find the arguments of a step by its name."""
    found = next(one for one in lock.definition["Steps"] if one["Name"] == name)
    arguments: dict[str, Any] = found["Arguments"]
    return arguments


@pytest.mark.parametrize("algorithm", EVERY)
def test_sagemaker_takes_the_definition(locks: dict[str, Lock], algorithm: str) -> None:
    """Arguments, references and envelope, held against the service's own model."""
    problems = definition_problems(filled(locks[algorithm].definition))

    # Which is a problem on a laptop only.
    assert [one for one in problems if "runs in the cloud only" not in one] == []


@pytest.mark.parametrize("algorithm", EVERY)
def test_two_steps_of_ours_stand_around_the_training(
    locks: dict[str, Lock], algorithm: str
) -> None:
    """The image reads what Encode wrote; what it left is read by PackageModel alone."""
    lock = locks[algorithm]
    train = step(lock, contract.TRAIN)
    later = json.dumps([step(lock, name) for name in (contract.EVALUATE, "BetterThanChampion")])

    assert train["AlgorithmSpecification"]["TrainingImage"] == "{{images.algorithm}}"
    assert "ContainerEntrypoint" not in train["AlgorithmSpecification"]
    assert json.dumps(train["InputDataConfig"]).count("Steps.Encode.") == 2
    assert "Steps.Train.ModelArtifacts" in json.dumps(step(lock, contract.PACKAGE_MODEL))
    assert "Steps.Train." not in later
    assert later.count("Steps.PackageModel.") == 2


@pytest.mark.parametrize("algorithm", EVERY)
def test_the_image_is_closed_in_like_ours(locks: dict[str, Lock], algorithm: str) -> None:
    """Somebody else's code sees the rows, and nobody else does."""
    train = step(locks[algorithm], contract.TRAIN)

    assert train["EnableNetworkIsolation"] is True
    assert train["EnableInterContainerTrafficEncryption"] is True
    assert train["VpcConfig"]["Subnets"] == ["{{network.subnets}}"]
    assert train["ResourceConfig"]["VolumeKmsKeyId"] == "{{keys.data}}"


@pytest.mark.parametrize(
    ("algorithm", "kind", "some"),
    [
        (
            "aws:xgboost",
            "application/x-parquet",
            {"objective": "multi:softprob", "num_class": "3", "eval_metric": "mlogloss"},
        ),
        (
            "aws:linear-learner",
            "text/csv",
            {"predictor_type": "multiclass_classifier", "num_classes": "3"},
        ),
        (IMAGE, "application/x-parquet", {"problem_type": "multiclass", "num_class": "3"}),
    ],
)
def test_each_image_is_spoken_to_in_its_words(
    locks: dict[str, Lock], algorithm: str, kind: str, some: dict[str, str]
) -> None:
    """Hyperparameters by its names, rows in its format."""
    train = step(locks[algorithm], contract.TRAIN)

    assert some.items() <= train["HyperParameters"].items()
    assert {one["ContentType"] for one in train["InputDataConfig"]} == {kind}
    assert "usecase" not in train["HyperParameters"]


def test_hosts_share_the_rows(locks: dict[str, Lock]) -> None:
    """Each would train on all of them otherwise, three times the work for the same trees."""
    lock = locks["aws:xgboost"]
    told = step(lock, contract.ENCODE)["AppSpecification"]["ContainerArguments"]
    sources = [
        one["DataSource"]["S3DataSource"]["S3DataDistributionType"]
        for one in step(lock, contract.TRAIN)["InputDataConfig"]
    ]

    assert told[told.index("--files") + 1] == "3"
    assert sources == ["ShardedByS3Key", "ShardedByS3Key"]
    assert "FullyReplicated" in json.dumps(step(locks[IMAGE], contract.TRAIN)["InputDataConfig"])


def test_an_operator_changes_what_the_image_reads(locks: dict[str, Lock]) -> None:
    """And is offered nothing that it would ignore."""
    lock = locks["aws:xgboost"]
    eta = json.dumps(step(lock, contract.TRAIN)["HyperParameters"]["eta"])
    parameters = {one["Name"] for one in lock.definition["Parameters"]}

    assert "Parameters.TrainingLearningRate" in eta
    assert {"TrainingNEstimators", "TrainingSeed"} <= parameters
    assert not {"TrainingAlgorithm", "TrainingEpochs", "TrainingNumLeaves"} & parameters


@pytest.mark.parametrize(
    ("algorithm", "region", "image"),
    [
        ("aws:xgboost", "us-east-1", "683313688378 sagemaker-xgboost:3.2-0"),
        ("aws:xgboost", "eu-central-1", "492215442770 sagemaker-xgboost:3.2-0"),
        ("aws:linear-learner", "us-east-1", "382416733822 linear-learner:1"),
        ("aws:linear-learner", "eu-west-1", "438346466558 linear-learner:1"),
    ],
)
def test_each_region_has_a_registry_of_its_own(
    locks: dict[str, Lock], algorithm: str, region: str, image: str
) -> None:
    """Source: Amazon SageMaker AI, "Docker Registry Paths and Example Code"."""
    found = locks[algorithm].algorithm
    assert found is not None

    assert f"{found.registries[region]} {found.repository}{found.version}" == image


def test_any_image_is_taken_from_where_it_is(locks: dict[str, Lock]) -> None:
    """In one region, by its tag or digest."""
    assert locks[IMAGE].algorithm == LockedAlgorithm(
        name=IMAGE,
        repository="mine",
        version=":1",
        registries={"eu-west-1": "123456789012"},
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_laptop_runs_what_has_a_stand_in(locks: dict[str, Lock], algorithm: str) -> None:
    """The same definition."""
    lock = locks[algorithm]
    assert validate(lock.resolve(local_values(lock, local_image())))


def test_a_laptop_refuses_an_image(locks: dict[str, Lock]) -> None:
    """Before anything runs, and with what to do."""
    lock = locks[IMAGE]
    with pytest.raises(
        InvalidDefinitionError,
        match=rf"Train: the image {re.escape(IMAGE)} runs in the cloud only.*aws:xgboost and aws:",
    ):
        validate(lock.resolve(local_values(lock, local_image())))


def folder_of(tmp_path: Path, algorithm: str, **more: Any) -> Path:
    """Write a use case that names an algorithm."""
    document = mixed_usecase("binary", algorithm=algorithm).model_dump(
        mode="json", exclude_unset=True
    )
    (tmp_path / "usecase.yaml").write_text(yaml.safe_dump({**document, **more}), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("algorithm", ["auto", "torch", "sklearn:sklearn.svm.SVC"])
def test_algorithms_of_ours_have_no_image_of_their_own(
    algorithm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What this image trains, it measures and serves."""
    monkeypatch.setattr(compiling, "_definition", lambda *_: {})  # seconds of the SDK
    assert compile_usecase(folder_of(tmp_path, algorithm))["algorithm"] is None
