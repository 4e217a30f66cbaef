"""Every algorithm trains on every type of problem: it learns, repeats itself and adds up."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_code.core.tables import Columns
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.matrix import feature_matrix
from pipeline_code.steps.model import Matrix, Model, sigmoid, softmax
from pipeline_code.steps.predict import load_model, save_model
from pipeline_code.steps.train import (
    HYPERPARAMETERS,
    LEARNERS,
    ForeignAlgorithmError,
    TrainedModel,
    UselessSettingError,
    train,
)
from tests.mixed_tables import PROBLEMS, mixed_rows, mixed_usecase

FOREST = "sklearn:sklearn.ensemble.ExtraTrees"
ALGORITHMS = (
    "xgboost",
    "lightgbm",
    "linear",
    FOREST,
    pytest.param(
        "torch",
        marks=pytest.mark.skipif(
            importlib.util.find_spec("torch") is None,
            reason="PyTorch is an extra of its own: pip install 'acequia[torch]'",
        ),
    ),
)
EXACT = ALGORITHMS[:3]


def settled(problem: str, algorithm: str, **settings: Any) -> UseCase:
    """Make a use case for one algorithm, with quick settings."""
    if algorithm == FOREST:
        algorithm += "Regressor" if problem == "regression" else "Classifier"
        settings = {"parameters": {"n_estimators": 40, "min_samples_leaf": 3}, **settings}
    if algorithm == "torch":
        settings = {"hidden_units": 32, "epochs": 60, **settings}
    return mixed_usecase(problem, algorithm=algorithm, **settings)


def trained(problem: str, algorithm: str, **settings: Any) -> TrainedModel:
    """Train on the mixed table."""
    usecase = settled(problem, algorithm, **settings)
    return train(mixed_rows(problem), mixed_rows(problem, 150, seed=1), usecase)


def matrix(model: Model, rows: Columns) -> Matrix:
    """Encode rows as the model takes them."""
    return feature_matrix(rows, model.features, "rows", model.categories)


def test_every_algorithm_is_tested_here() -> None:
    """A new one has to hold what the others hold."""
    assert {*LEARNERS, "auto"} == set(HYPERPARAMETERS)
    assert set(LEARNERS) == {"xgboost", "lightgbm", "linear", "sklearn", "torch"}


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_model_beats_a_guess_on_new_rows(algorithm: str, problem: str) -> None:
    """Numbers, gaps, a flag and categories all arrive."""
    model = trained(problem, algorithm, n_estimators=60).model
    rows = mixed_rows(problem, 500, seed=2)
    scores = model.predict(matrix(model, rows))
    if problem == "binary":
        assert ((scores > 0.5) == rows["y"]).mean() > 0.8
    elif problem == "multiclass":
        assert scores.shape == (500, 3)
        np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-6)
        assert (scores.argmax(axis=1) == rows["y"]).mean() > 0.75
    else:
        assert np.mean((scores - rows["y"]) ** 2) < 0.3 * rows["y"].var()


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_explanation_adds_up_to_the_prediction(algorithm: str, problem: str) -> None:
    """Log odds of a probability, margins of classes, the value itself."""
    model = trained(problem, algorithm).model
    x = matrix(model, mixed_rows(problem, 40, seed=3))
    said = model.explain(x)
    assert said.shape == ((40, 3, 6) if problem == "multiclass" else (40, 6))
    margins = said.sum(axis=-1)
    turn = {"binary": sigmoid, "multiclass": softmax, "regression": np.asarray}[problem]
    np.testing.assert_allclose(turn(margins), model.predict(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_model_is_kept_and_read_bit_for_bit(algorithm: str, problem: str, tmp_path: Path) -> None:
    """With its categories, its classes and its memory of some rows."""
    model = trained(problem, algorithm).model
    save_model(model, tmp_path)
    again = load_model(tmp_path)
    x = matrix(again, mixed_rows(problem, 50, seed=4))
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    np.testing.assert_array_equal(again.explain(x), model.explain(x))
    assert again.categories == model.categories
    probe = again.metadata.probe
    assert probe is not None
    assert probe.deviation(again.predict(probe.matrix)) == 0
    assert np.isnan(probe.matrix[-1]).all()


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_same_rows_give_the_same_bytes(algorithm: str, problem: str) -> None:
    """A run that is repeated is confirmed."""
    one, two = (trained(problem, algorithm, subsample=0.7) for _ in range(2))
    assert one.model.weights() == two.model.weights()
    assert one.model.metadata == two.model.metadata
    assert json.dumps(one.record) == json.dumps(two.record)


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_unseen_and_missing_categories_are_scored(algorithm: str, problem: str) -> None:
    """A shop that opened yesterday is one of the others."""
    model = trained(problem, algorithm).model
    rows = mixed_rows(problem, 2, seed=5)
    rows["shop"] = np.array(["opened yesterday", None], dtype=object)
    rows["kind"] = np.array([None, "never seen"], dtype=object)
    assert np.isfinite(model.predict(matrix(model, rows))).all()


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_refit_learns_from_the_validation_rows_too(algorithm: str, problem: str) -> None:
    """With the rounds and the threshold of the first fit, which those rows chose."""
    settings = {"early_stopping_rounds": 5, "learning_rate": 0.3}
    first = trained(problem, algorithm, **settings)
    second = trained(problem, algorithm, refit=True, **settings)
    assert second.model.weights() != first.model.weights()
    assert second.model.metadata.best_iteration == first.model.metadata.best_iteration
    assert second.model.threshold == first.model.threshold
    assert second.record["validation_score"] == first.record["validation_score"]

    none = {name: values[:0] for name, values in mixed_rows(problem).items()}
    usecase = settled(problem, algorithm, refit=True)
    alone = train(mixed_rows(problem), none, usecase)
    assert alone.record["validation_score"]["value"] is None


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("problem", ["binary", "multiclass"])
def test_balanced_classes_raise_the_rare_one(algorithm: str, problem: str) -> None:
    """Its probability grows, as if it were not rare."""
    rows = mixed_rows(problem, 600)
    rare = rows["y"].max()
    keep = (rows["y"] != rare) | (np.arange(600) % 5 == 0)
    rows = {name: values[keep] for name, values in rows.items()}

    def mean(weighted: str) -> float:
        usecase = settled(problem, algorithm, class_weight=weighted)
        model = train(rows, mixed_rows(problem, 100, seed=1), usecase).model
        scores = model.predict(matrix(model, rows))
        return float((scores[:, -1] if problem == "multiclass" else scores).mean())

    assert mean("balanced") > 1.3 * mean("none")


def test_weights_of_classes_are_refused_where_there_are_none() -> None:
    """A setting that nothing reads would be believed to work."""
    with pytest.raises(UselessSettingError, match=r"training\.class_weight.*a regression has none"):
        trained("regression", "xgboost", class_weight="balanced")


@pytest.mark.parametrize("algorithm", [one for one in ALGORITHMS if one != FOREST])
def test_class_that_no_training_row_has_gets_next_to_nothing(algorithm: str) -> None:
    """It is a class of the problem, so it has its place among the scores."""
    rows = mixed_rows("multiclass")
    for absent in (0, 2):
        some = {name: values[rows["y"] != absent] for name, values in rows.items()}
        model = train(some, some, settled("multiclass", algorithm, n_estimators=60)).model
        scores = model.predict(matrix(model, some))
        assert scores.shape[1] == 3
        assert scores[:, absent].max() < 0.05
        assert (scores.argmax(axis=1) == some["y"]).mean() > 0.8


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_empty_constant_and_unknown_columns_are_borne(algorithm: str, problem: str) -> None:
    """Nothing but gaps, nothing but one value, nothing but rare categories."""
    rows = mixed_rows(problem, 60)
    rows["size"] = np.full(60, np.nan)
    rows["price"] = np.full(60, 7.0)
    rows["kind"] = np.array([None] * 60, dtype=object)
    rows["shop"] = np.array([f"id{one}" for one in range(60)], dtype=object)
    model = train(rows, rows, settled(problem, algorithm)).model
    x = matrix(model, rows)
    assert np.isfinite(model.predict(x)).all()
    assert np.isfinite(model.explain(x)).all()
    assert model.categories == {"kind": (), "shop": ()}


def test_gate_metric_is_told_once_and_each_round_only_where_trials_are_ended() -> None:
    """Tuning reads it; Hyperband ends a hopeless trial by it."""
    rows, held_out = mixed_rows("binary"), mixed_rows("binary", seed=1)

    def told(usecase: UseCase) -> list[tuple[float, int | None]]:
        found: list[tuple[float, int | None]] = []
        train(rows, held_out, usecase, metric=lambda *one: found.append(one))
        return found

    usecase = mixed_usecase("binary")
    ((value, rounds),) = told(usecase)
    assert rounds == 30
    assert 0 < value < 0.7
    tuned = UseCase.model_validate(
        {
            **usecase.model_dump(exclude_unset=True),
            "tuning": {"strategy": "hyperband", "ranges": {"max_depth": {"values": [2, 3]}}},
        }
    )
    steps = told(tuned)
    assert [step for _, step in steps] == [1, 11, 21, 30]
    assert steps[-1] == (value, rounds)


@pytest.mark.parametrize(
    "algorithm", ["aws:xgboost", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:1"]
)
def test_images_of_others_are_refused(algorithm: str) -> None:
    """A setting of one execution may name one, too."""
    with pytest.raises(ForeignAlgorithmError, match=f"{algorithm} is an image of its own"):
        trained("binary", algorithm)


@pytest.mark.parametrize(
    ("algorithm", "refit"), [("linear", False), ("linear", True), ("auto", False)]
)
def test_a_model_says_whether_it_knows_the_validation_rows(algorithm: str, refit: bool) -> None:
    """Whoever measures it there must know that it has seen them."""
    rows, held_out = (mixed_rows("binary", seed=seed) for seed in (1, 2))
    usecase = settled("binary", algorithm, refit=refit)
    none = {name: values[:0] for name, values in held_out.items()}

    assert train(rows, held_out, usecase).model.metadata.knows_validation == (
        refit or algorithm == "auto"
    )
    assert not train(rows, none, usecase).model.metadata.knows_validation
