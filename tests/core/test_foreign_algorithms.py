"""Images of others: what they are told, and what cannot be asked of them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pipeline_code.core.foreign_algorithms import (
    fixed_hyperparameters,
    foreign_algorithm,
    tunable_settings,
)
from pipeline_code.core.usecase import UseCase
from tests.mixed_tables import mixed_usecase

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/mine"
DIGEST = f"@sha256:{'a' * 64}"


@pytest.mark.parametrize(
    "algorithm",
    [
        "aws:xgboost",
        "aws:linear-learner",
        f"{IMAGE}:1.0",
        f"{IMAGE}{DIGEST}",
        "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/mine:1",
    ],
)
def test_images_are_told_from_algorithms_of_ours(algorithm: str) -> None:
    """By tag or digest, in every partition."""
    assert foreign_algorithm(algorithm) is not None
    assert mixed_usecase("binary", algorithm=algorithm).training.algorithm == algorithm


@pytest.mark.parametrize("algorithm", ["xgboost", "auto", "sklearn:sklearn.svm.SVC"])
def test_algorithms_of_ours_are_none(algorithm: str) -> None:
    """They run in our image."""
    assert foreign_algorithm(algorithm) is None


@pytest.mark.parametrize(
    "algorithm", [IMAGE, "docker.io/library/python:3.11", "aws:xgbost", "aws:blazingtext"]
)
def test_what_sagemaker_could_not_pull_is_refused(algorithm: str) -> None:
    """An image without a version is another one each week; SageMaker pulls from ECR alone."""
    with pytest.raises(ValidationError, match=r"is no algorithm; allowed: .*aws:xgboost"):
        mixed_usecase("binary", algorithm=algorithm)


@pytest.mark.parametrize(
    ("problem", "objective", "classes"),
    [
        ("binary", "binary:logistic", None),
        ("multiclass", "multi:softprob", "3"),
        ("regression", "reg:squarederror", None),
    ],
)
def test_xgboost_is_told_the_problem(problem: str, objective: str, classes: str | None) -> None:
    """Its container refuses a number of classes where there are none."""
    told = fixed_hyperparameters(mixed_usecase(problem, algorithm="aws:xgboost"), "rmse")

    assert told["objective"] == objective
    assert told.get("num_class") == classes
    assert told["eval_metric"] == "rmse"


def test_an_early_end_is_not_named_where_there_is_none() -> None:
    """The container takes rounds from 1 on."""
    never = mixed_usecase("binary", algorithm="aws:xgboost")
    soon = mixed_usecase("binary", algorithm="aws:xgboost", early_stopping_rounds=5)

    assert "early_stopping_rounds" not in tunable_settings(never)
    assert tunable_settings(soon)["early_stopping_rounds"] == "early_stopping_rounds"


@pytest.mark.parametrize(
    ("problem", "name", "value"),
    [
        ("binary", "positive_example_weight_mult", "balanced"),
        ("multiclass", "balance_multiclass_weights", "true"),
    ],
)
def test_the_linear_learner_weighs_classes(problem: str, name: str, value: str) -> None:
    """By a hyperparameter of another name for each type of problem."""
    usecase = mixed_usecase(problem, algorithm="aws:linear-learner", class_weight="balanced")

    assert fixed_hyperparameters(usecase, "")[name] == value


def test_more_hyperparameters_reach_the_image_as_text() -> None:
    """SageMaker takes text only."""
    usecase = mixed_usecase(
        "multiclass", algorithm=f"{IMAGE}:1", parameters={"depth": 3, "deep": True}
    )

    assert fixed_hyperparameters(usecase, "") == {
        "problem_type": "multiclass",
        "num_class": "3",
        "depth": "3",
        "deep": "true",
    }


@pytest.mark.parametrize(
    ("training", "more", "where"),
    [
        ({"refit": True}, {}, "training.refit"),
        ({"folds": 5}, {}, "training.folds"),
        ({"class_weight": "balanced"}, {}, "training.class_weight"),
        ({"parameters": {"eta": 0.1}}, {}, "training.parameters.eta"),
        ({"parameters": {"objective": "rank:map"}}, {}, "training.parameters.objective"),
        ({}, {"split": {"method": "random", "validation_share": 0}}, "split"),
        ({}, {"instances": {"spot": True}}, "instances.max_wait_sec"),
        ({}, {"tuning": {"ranges": {"max_depth": {"values": [2, 3]}}}}, "tuning"),
    ],
)
def test_what_cannot_be_asked_is_said_with_its_place(
    training: dict[str, Any], more: dict[str, Any], where: str
) -> None:
    """Before a machine is paid for."""
    usecase = mixed_usecase("binary", algorithm="aws:xgboost")
    document = usecase.model_dump(mode="json", exclude_unset=True)
    document["training"] |= training
    with pytest.raises(ValidationError, match=f"{where} "):
        UseCase.model_validate(document | more)
