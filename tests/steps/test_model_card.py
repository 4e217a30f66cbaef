"""A card fits SageMaker's schema whatever the problem, and says what was measured."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from pipeline_code.core.tables import Columns
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.evaluate import Champion, evaluate
from pipeline_code.steps.evaluation_document import evaluation_document
from pipeline_code.steps.model_card import (
    MOST_CHARACTERS,
    CardTooLongError,
    card_text,
    model_card,
)
from pipeline_code.steps.train import train
from tests.steps.card_schema import CARD

MakeRows = Callable[..., Columns]

PROFILE: dict[str, Any] = {
    "data_hash": "sha256:1234",
    "feature_versions": "cards-v1",
    "rows": {"in": 1300, "out": 1200, "quarantined": 90, "deduplicated": 10},
    "split": {
        "train": {"rows": 400, "from": "2026-01-01", "to": "2026-01-04"},
        "test": {"rows": 100, "from": None, "to": None},
    },
}
SLICE = {"column": "night", "value": "1", "rows": 40, "metrics": {"recall": 0.5, "f1": None}}


@pytest.fixture
def evaluation(small_usecase: UseCase, make_rows: MakeRows) -> dict[str, Any]:
    """The evaluation of a small model against another one."""
    challenger = train(make_rows(), make_rows(seed=1), small_usecase, lambda *_: None).model
    old = train(make_rows(seed=5), make_rows(seed=6), small_usecase, lambda *_: None).model
    found = evaluate(
        make_rows(seed=2),
        make_rows(seed=1),
        challenger,
        Champion(version=3, model=old),
        small_usecase,
        lambda *_: None,
    )
    return evaluation_document(found, PROFILE)


def check(card: dict[str, Any]) -> dict[str, Any]:
    """Hold a card against the schema and against the limits of the call; return it."""
    jsonschema.validate(card, CARD)
    text = card_text(card)
    assert "\n" not in text
    assert len(text) <= MOST_CHARACTERS
    assert json.loads(text) == card
    return card


def figures(card: dict[str, Any], detail: str, group: str) -> dict[str, Any]:
    """Return the figures of one group by name."""
    (found,) = [one for one in card["evaluation_details"] if one["name"] == detail]
    (inside,) = [one for one in found["metric_groups"] if one["name"] == group]
    return {one["name"]: one for one in inside["metric_data"]}


def test_a_card_says_what_was_measured(small_usecase: UseCase, evaluation: dict[str, Any]) -> None:
    """The figures of the test rows with their intervals, and those of the champion."""
    card = check(model_card(small_usecase, evaluation, PROFILE))

    metric = evaluation["metrics"]["average_precision"]
    shown = figures(card, "Test rows", "Metrics")["average precision"]
    assert shown["value"] == metric["value"]
    assert shown["notes"] == f"from {metric['low']:.6g} to {metric['high']:.6g}"
    matrix = figures(card, "Test rows", "Confusion matrix")["confusion matrix"]
    assert matrix["value"] == evaluation["confusion_matrix"]
    old = figures(card, "Champion, version 3, on the same rows", "Metrics")
    assert (
        old["average precision"]["value"]
        == evaluation["champion"]["metrics"]["average_precision"]["value"]
    )
    assert figures(card, "Test rows", "Curves")["ROC curve"]["value"][-1] == [1.0, 1.0]
    (test, *_) = card["evaluation_details"]
    assert test["evaluation_observation"] == evaluation["gate"]["reason"]
    assert test["datasets"] == ["sha256:1234"]


def test_a_card_says_what_the_model_is_for_and_costs(
    small_usecase: UseCase, evaluation: dict[str, Any]
) -> None:
    """In the words of the use case, not in ours."""
    evaluation["model"]["weights_hash"] = "sha256:9876"
    card = check(model_card(small_usecase, evaluation, PROFILE))

    assert card["intended_uses"]["purpose_of_model"] == "Catch <thieves>."
    assert "a missed case costs 120 EUR" in card["business_details"]["business_problem"]
    factors = card["intended_uses"]["factors_affecting_model_efficiency"]
    assert "90 of 1,300 rows broke the contract." in factors
    objective = card["training_details"]["objective_function"]["function"]
    assert (objective["function"], objective["facet"]) == ("Maximize", "average precision")
    details = card["additional_information"]["custom_details"]
    assert details["data hash"] == "sha256:1234"
    assert details["weights hash"] == "sha256:9876"


def test_drift_and_leaks_are_warned_of(small_usecase: UseCase, evaluation: dict[str, Any]) -> None:
    """Only drift beyond the use case's own alarm."""
    profile = {
        **PROFILE,
        "drift": {"amount": {"test": 0.4}, "risk": {"test": 0.1}, "night": {"test": None}},
        "likely_leaks": [{"feature": "risk", "score": 0.99}],
    }

    card = check(model_card(small_usecase, evaluation, profile))

    factors = card["intended_uses"]["factors_affecting_model_efficiency"]
    assert "have drifted: amount." in factors
    assert "may leak it: risk." in factors


def test_slices_are_listed_and_small_ones_left_out(
    small_usecase: UseCase, evaluation: dict[str, Any]
) -> None:
    """A figure without value is no figure; a slice of three rows is an anecdote."""
    evaluation |= {
        "slices": [SLICE, {**SLICE, "value": "0", "too_small": True}],
        "fairness": [{"column": "night", "value": "1", "rows": 40, "disparate_impact": 0.8}],
    }

    card = check(model_card(small_usecase, evaluation, PROFILE))

    assert list(figures(card, "Slices of the test rows", "night = 1")) == ["rows", "recall"]
    assert figures(card, "How slices are treated", "night = 1")["disparate_impact"]["value"] == 0.8
    assert "Groups by night" in card["additional_information"]["ethical_considerations"]


@pytest.mark.parametrize(
    ("problem", "more"),
    [
        (
            {"type": "multiclass", "classes": ["a", "b", "c"], "target": "FRAUD"},
            {"confusion_matrix": [[1, 0, 0], [0, 2, 1], [0, 0, 3]], "classes": ["a", "b", "c"]},
        ),
        ({"type": "regression", "target": "FRAUD"}, {"residuals": {}, "target": {"mean": 1.0}}),
    ],
)
def test_other_problems_have_cards(
    evaluation: dict[str, Any], problem: dict[str, Any], more: dict[str, Any]
) -> None:
    """What an evaluation lacks is left out; classes are named where there are some."""
    from tests.steps.conftest import DOCUMENT

    document = copy.deepcopy(DOCUMENT)
    kind = problem["type"]
    metric = {"multiclass": "f1_macro", "regression": "rmse"}[kind]
    document |= {"problem": problem, "gate": {"metric": metric}}
    document["costs"] = {}
    document["split"].pop("known_positives")
    document["contract"]["columns"]["FRAUD"] = {
        "type": "string" if more.get("classes") else "number"
    }
    usecase = UseCase.model_validate(document)
    common = {"metrics": {metric: {"value": 0.5}}, "rows": 6, "problem": problem}

    card = check(model_card(usecase, {**common, **more}, PROFILE))

    function = card["training_details"]["objective_function"]["function"]["function"]
    assert function == ("Minimize" if kind == "regression" else "Maximize")
    if "classes" in more:
        found = figures(card, "Test rows", "Confusion matrix")["confusion matrix"]
        assert found["x_axis_name"] == ["a", "b", "c"]


def test_an_empty_evaluation_has_a_card(small_usecase: UseCase) -> None:
    """What nobody measured is not made up."""
    card = check(model_card(small_usecase, {}, {}))

    assert card["evaluation_details"] == [
        {
            "name": "Test rows",
            "metric_groups": [],
            "evaluation_observation": "",
            "datasets": [],
            "metadata": {},
        }
    ]


def test_what_is_no_number_is_left_out(small_usecase: UseCase) -> None:
    """JSON has no word for NaN, and SageMaker would refuse the card."""
    metrics = {"auc_roc": {"value": float("nan"), "low": 0.1, "high": 0.2}, "f1": {"value": None}}

    card = check(model_card(small_usecase, {"metrics": metrics}, PROFILE))

    assert card["evaluation_details"][0]["metric_groups"] == []


def test_long_texts_are_cut(small_usecase: UseCase, evaluation: dict[str, Any]) -> None:
    """And line breaks go: the call takes one line."""
    document = small_usecase.model_dump(exclude_unset=True)
    document["problem"]["objective"] = "much\n" * 2_000
    evaluation["model"]["hyperparameters"] = {f"p{n}": "x" * 400 for n in range(300)}

    card = check(model_card(UseCase.model_validate(document), evaluation, PROFILE))

    assert card["intended_uses"]["purpose_of_model"].endswith("…")
    assert len(card["training_details"]["training_job_details"]["hyper_parameters"]) == 100


def test_curves_make_room_before_slices_do(
    small_usecase: UseCase, evaluation: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can be seen in the report as well goes first."""
    evaluation["slices"] = [SLICE]
    full = card_text(model_card(small_usecase, evaluation, PROFILE))
    monkeypatch.setattr("pipeline_code.steps.model_card.MOST_CHARACTERS", len(full) - 1)
    less = model_card(small_usecase, evaluation, PROFILE)
    groups = {group["name"] for one in less["evaluation_details"] for group in one["metric_groups"]}
    assert "Curves" not in groups
    assert "night = 1" in groups

    monkeypatch.setattr("pipeline_code.steps.model_card.MOST_CHARACTERS", len(card_text(less)) - 1)
    least = model_card(small_usecase, evaluation, PROFILE)
    names = {one["name"] for one in least["evaluation_details"]}
    assert "Slices of the test rows" not in names

    monkeypatch.setattr("pipeline_code.steps.model_card.MOST_CHARACTERS", 100)
    with pytest.raises(CardTooLongError, match=r"100 are allowed; shorten problem\.objective"):
        model_card(small_usecase, evaluation, PROFILE)


def test_the_same_evaluation_has_the_same_card(
    small_usecase: UseCase, evaluation: dict[str, Any]
) -> None:
    """No clock and no chance: a reproduction compares it byte for byte."""
    again = copy.deepcopy(evaluation)

    assert card_text(model_card(small_usecase, evaluation, PROFILE)) == card_text(
        model_card(small_usecase, again, PROFILE)
    )


def test_rows_that_the_model_has_learned_from_are_named_so(
    small_usecase: UseCase, evaluation: dict[str, Any]
) -> None:
    """An approver who reads only the card must not take them for a test."""
    known = {**evaluation, "validation": {"auc_roc": 0.99}, "validation_in_sample": True}
    card = check(model_card(small_usecase, known, {}, {}))
    names = [one["name"] for one in card["evaluation_details"]]
    (told,) = card["training_details"]["training_job_details"]["training_metrics"]

    assert "Validation rows, which it learned from: no measure of new rows" in names
    assert told["notes"] == "validation rows, which the model has learned from"
