"""Challenger and champion are measured on the same rows, and the document says all of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipeline_code.core.errors import EmptySampleError, MissingColumnsError, SingleClassError
from pipeline_code.core.metrics import METRICS
from pipeline_code.core.tables import Columns
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.evaluate import Champion, evaluate, predictions
from pipeline_code.steps.evaluation_document import evaluation_document
from pipeline_code.steps.gate import UnmeasuredMetricError
from pipeline_code.steps.matrix import UnusableColumnError, feature_matrix
from pipeline_code.steps.predict import Model
from pipeline_code.steps.train import train

MakeRows = Callable[..., Columns]


@pytest.fixture
def model(small_usecase: UseCase, make_rows: MakeRows) -> Model:
    """A booster for the small use case."""
    return train(make_rows(), make_rows(seed=1), small_usecase).model


@pytest.fixture
def worse(small_usecase: UseCase, make_rows: MakeRows) -> Model:
    """A booster of one stump."""
    usecase = small_usecase.with_settings({"training.n_estimators": "1", "training.max_depth": "1"})
    return train(make_rows(seed=5), make_rows(seed=1), usecase).model


@pytest.fixture
def test_rows(make_rows: MakeRows) -> Columns:
    """Rows no model saw."""
    return make_rows(seed=2)


@pytest.fixture
def validation(make_rows: MakeRows) -> Columns:
    """The rows of the week before."""
    return make_rows(seed=1)


def test_first_challenger_is_measured_and_registered(
    model: Model, test_rows: Columns, validation: Columns, small_usecase: UseCase
) -> None:
    """Every metric with its interval, and no champion."""
    found = evaluate(test_rows, validation, model, None, small_usecase)
    assert tuple(found.challenger.metrics) == METRICS
    assert found.champion is None
    assert found.rival is None
    assert found.verdict.decision == "register"


def test_same_model_again_keeps_the_champion(
    model: Model, test_rows: Columns, validation: Columns, small_usecase: UseCase
) -> None:
    """Its uplift is exactly nothing, for scores and resamples are the same."""
    found = evaluate(test_rows, validation, model, Champion(4, model), small_usecase)
    assert found.rival is not None
    assert found.rival.uplift is not None
    assert (found.rival.uplift.value, found.rival.uplift.low, found.rival.uplift.high) == (0, 0, 0)
    assert found.verdict.decision == "keep_champion"


def test_better_challenger_wins_and_worse_one_loses(
    model: Model, worse: Model, test_rows: Columns, validation: Columns, small_usecase: UseCase
) -> None:
    """Swapping the two turns the uplift around."""
    up = evaluate(test_rows, validation, model, Champion(1, worse), small_usecase)
    down = evaluate(test_rows, validation, worse, Champion(1, model), small_usecase)
    assert up.verdict.decision == "register"
    assert down.verdict.decision == "keep_champion"
    assert up.rival is not None
    assert down.rival is not None
    assert up.rival.uplift is not None
    assert down.rival.uplift is not None
    assert up.rival.uplift.value == -down.rival.uplift.value > 0


def test_champion_decides_by_its_own_threshold(
    model: Model, test_rows: Columns, validation: Columns, small_usecase: UseCase
) -> None:
    """That is what it costs in production, so that is what is compared."""
    never = model.with_threshold(2.0)
    found = evaluate(test_rows, validation, model, Champion(1, never), small_usecase)
    assert found.champion is not None
    positives = int(test_rows["FRAUD"].sum())
    assert found.champion.metrics["cost"].value == positives * 120
    assert found.challenger.metrics["cost"].value < positives * 120


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"features": ("amount", "night", "AGE")}, "lack its features AGE"),
        ({"target": "CHURN"}, "it predicts CHURN, not FRAUD"),
        ({"positive_label": "yes"}, "positive is yes to it, not 1"),
        ({"problem": "regression"}, "it is a regression model, and this is a binary problem"),
    ],
)
def test_champion_that_does_not_fit_these_rows_stays(
    change: dict[str, Any],
    says: str,
    model: Model,
    test_rows: Columns,
    validation: Columns,
    small_usecase: UseCase,
) -> None:
    """The challenger is measured all the same; the gate says what is in the way."""
    other = model.with_threshold(0.5)
    other.metadata = other.metadata.model_copy(update=change)
    found = evaluate(test_rows, validation, model, Champion(2, other), small_usecase)
    assert found.verdict.decision == "keep_champion"
    assert says in found.verdict.reason
    assert found.champion is None
    document = evaluation_document(found, {})
    assert document["champion"] == {"version": 2, "metrics": None}
    assert document["uplift"] is None


def test_evaluation_is_repeatable(
    model: Model, worse: Model, test_rows: Columns, validation: Columns, small_usecase: UseCase
) -> None:
    """The step cache may answer for it."""
    one, two = (
        evaluation_document(
            evaluate(test_rows, validation, model, Champion(1, worse), small_usecase), {}
        )
        for _ in range(2)
    )
    assert one == two


def test_document_is_json_without_nan_and_adds_up(
    model: Model, worse: Model, test_rows: Columns, validation: Columns, small_usecase: UseCase
) -> None:
    """The condition step, the registry and the report read nothing else."""
    found = evaluate(test_rows, validation, model, Champion(1, worse), small_usecase)
    profile = {"data_hash": "sha256:1", "columns": {"not": "copied"}}
    document = json.loads(json.dumps(evaluation_document(found, profile), allow_nan=False))

    (tn, fp), (fn, tp) = document["confusion_matrix"]
    assert tn + fp + fn + tp == document["rows"] == 400
    assert fn + tp == document["positives"]
    assert document["cost"]["challenger"] == 5 * fp + 120 * fn
    assert document["cost"]["saved"] == 120 * (fn + tp) - document["cost"]["challenger"]
    assert document["gate"]["decision"] == "register"
    assert document["uplift"]["metric"] == "average_precision"
    assert document["champion"]["version"] == 1
    assert set(document["metrics"]) == set(document["champion"]["metrics"]) == set(METRICS)
    assert document["data"] == {"data_hash": "sha256:1"}
    assert document["explanation"]["examples"][0]["ids"]["AT"].startswith("2026-01-0")


def test_predictions_keep_ids_and_leave_features_out(
    model: Model, test_rows: Columns, validation: Columns, small_usecase: UseCase
) -> None:
    """One row a test row, in their order; no champion means a missing score."""
    found = predictions(evaluate(test_rows, validation, model, None, small_usecase))
    assert list(found) == ["ID", "AT", "CARD", "FRAUD", "score", "champion_score"]
    x = feature_matrix(test_rows, model.features, "rows")
    np.testing.assert_array_equal(found["score"], model.predict(x))
    assert np.isnan(found["champion_score"]).all()


def test_validation_rows_may_be_missing(
    model: Model, test_rows: Columns, validation: Columns, small_usecase: UseCase
) -> None:
    """A split without validation days leaves a file without rows."""
    empty = {name: values[:0] for name, values in validation.items()}
    assert evaluate(test_rows, empty, model, None, small_usecase).validation is None


def test_without_a_card_there_is_no_card_precision(
    model: Model, test_rows: Columns, validation: Columns, small_usecase: UseCase
) -> None:
    """Nothing is made up, and rows are resampled one by one."""
    document = small_usecase.model_dump(mode="json")
    document["split"]["known_positives"] = None
    document["evaluation"]["resample_by"] = None
    found = evaluate(test_rows, validation, model, None, UseCase.model_validate(document))
    assert "card_precision_100" not in found.challenger.metrics

    document["gate"]["metric"] = "card_precision_100"
    with pytest.raises(UnmeasuredMetricError):
        evaluate(test_rows, validation, model, None, UseCase.model_validate(document))


def test_cards_without_times_have_no_card_precision(
    model: Model, test_rows: Columns, validation: Columns, small_usecase: UseCase
) -> None:
    """It is a figure of a day; rows of one card are resampled together all the same."""
    document = small_usecase.model_dump(mode="json", exclude_unset=True)
    document["split"] = {"method": "random"}
    found = evaluate(test_rows, validation, model, None, UseCase.model_validate(document))
    assert "card_precision_100" not in found.challenger.metrics
    assert "auc_roc" in found.challenger.metrics


def test_unmeasurable_rows_are_refused(
    model: Model, test_rows: Columns, validation: Columns, small_usecase: UseCase
) -> None:
    """In one line, with the file."""

    def check(rows: Columns) -> None:
        evaluate(rows, validation, model, None, small_usecase)

    with pytest.raises(EmptySampleError, match=r"test\.parquet"):
        check({name: values[:0] for name, values in test_rows.items()})
    with pytest.raises(SingleClassError, match=r"test\.parquet"):
        check({**test_rows, "FRAUD": np.ones(400)})
    with pytest.raises(UnusableColumnError, match="AT is not a column of times"):
        check({**test_rows, "AT": np.arange(400)})
    for column in ("CARD", "AT", "risk", "FRAUD"):
        with pytest.raises(MissingColumnsError, match=column):
            check({name: values for name, values in test_rows.items() if name != column})


def test_constant_scores_are_measured(
    worse: Model, test_rows: Columns, validation: Columns, small_usecase: UseCase
) -> None:
    """A model that learned nothing is not registered, and nothing breaks."""
    blind = {**test_rows, "risk": np.full(400, np.nan), "amount": np.full(400, 0.0)}
    found = evaluate(blind, validation, worse, None, small_usecase)
    assert found.challenger.metrics["auc_roc"].value == 0.5
    assert found.verdict.decision == "keep_champion"
    json.dumps(evaluation_document(found, {}), allow_nan=False)
