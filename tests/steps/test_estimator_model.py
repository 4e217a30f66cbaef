"""An estimator by its import path is kept without pickle, or refused in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from pipeline_code.core.errors import PipelineError
from pipeline_code.steps.estimator_model import EstimatorModel
from pipeline_code.steps.matrix import feature_matrix
from pipeline_code.steps.predict import load_model, save_model
from pipeline_code.steps.sampled_model import NoBackgroundError
from pipeline_code.steps.train import TrainedModel, train
from tests.mixed_tables import mixed_rows, mixed_usecase


class Unknown(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """An estimator of the user's own, which ONNX does not know."""

    def __init__(self, strength: float = 1.0) -> None:
        self.strength = strength

    def fit(self, _x: Any, y: Any) -> Unknown:
        """Remember the classes."""
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, x: Any) -> Any:
        """Say the same for every row."""
        return np.full((len(x), len(self.classes_)), 1 / len(self.classes_))


class NoEstimator:
    """A class that does not learn."""


def fitted(path: str, problem: str = "binary", **settings: Any) -> TrainedModel:
    """Train an estimator on the mixed table."""
    usecase = mixed_usecase(problem, algorithm=f"sklearn:{path}", **settings)
    return train(mixed_rows(problem), mixed_rows(problem, 100, seed=1), usecase)


@pytest.mark.parametrize(
    ("path", "problem", "parameters"),
    [
        ("sklearn.neighbors.KNeighborsClassifier", "multiclass", {"n_neighbors": 7}),
        ("sklearn.naive_bayes.GaussianNB", "binary", {}),
        ("sklearn.svm.SVR", "regression", {"C": 30.0}),
        ("sklearn.neural_network.MLPClassifier", "binary", {"max_iter": 30}),
    ],
)
def test_estimators_of_every_kind_are_kept_and_explained(
    path: str, problem: str, parameters: dict[str, Any], tmp_path: Path
) -> None:
    """Neighbours, Bayes, support vectors, networks: what is read back says the same."""
    model = fitted(path, problem, parameters=parameters).model
    assert model.metadata.algorithm == "sklearn"
    assert model.metadata.hyperparameters == {"seed": 0, "estimator": path, **parameters}
    save_model(model, tmp_path)
    again = load_model(tmp_path)
    rows = mixed_rows(problem, 20, seed=2)
    x = feature_matrix(rows, again.features, "rows", again.categories)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert np.isfinite(again.explain(x[:3])).all()
    assert again.gain() is None


def test_seed_goes_to_an_estimator_that_draws() -> None:
    """Unless its parameters say another."""
    path = "sklearn.ensemble.RandomForestClassifier"
    few: dict[str, Any] = {"n_estimators": 3}
    one, same = (fitted(path, parameters=few, seed=5).model.weights() for _ in range(2))
    other = fitted(path, parameters=few, seed=6).model.weights()
    named = fitted(path, parameters={**few, "random_state": 5}, seed=6).model.weights()
    assert one == same == named != other


@pytest.mark.parametrize(
    ("path", "problem", "settings", "says"),
    [
        ("sklearn.svm.SVCC", "binary", {}, "cannot be imported.*SVCC"),
        ("no_such_module.SVC", "binary", {}, "cannot be imported.*no_such_module"),
        (f"{__name__}.NoEstimator", "binary", {}, "is no class with a method fit"),
        (f"{__name__}.Unknown", "binary", {}, "cannot be kept without pickle"),
        ("sklearn.svm.SVC", "binary", {"parameters": {"c": 1}}, "'c'; it takes C, kernel"),
        ("sklearn.svm.SVR", "regression", {"parameters": {"C": -1.0}}, "cannot be fitted.*'C'"),
        ("sklearn.svm.SVC", "binary", {}, "has no predict_proba, which a binary problem needs"),
        ("sklearn.svm.SVR", "multiclass", {}, "has no predict_proba"),
        ("sklearn.naive_bayes.GaussianNB", "regression", {}, "is a classifier"),
        (
            "sklearn.neighbors.KNeighborsClassifier",
            "binary",
            {"class_weight": "balanced"},
            "cannot be fitted.*sample_weight",
        ),
    ],
)
def test_estimator_that_cannot_be_used_is_refused(
    path: str, problem: str, settings: dict[str, Any], says: str
) -> None:
    """Which one, why, and what to do."""
    with pytest.raises(PipelineError, match=says) as caught:
        fitted(path, problem, **settings)
    assert f"training.algorithm sklearn:{path} " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_class_without_training_rows_is_refused() -> None:
    """The estimator would have no column for it."""
    rows = mixed_rows("multiclass")
    some = {name: values[rows["y"] != 1] for name, values in rows.items()}
    usecase = mixed_usecase("multiclass", algorithm="sklearn:sklearn.naive_bayes.GaussianNB")
    with pytest.raises(PipelineError, match="needs training rows of every class"):
        train(some, some, usecase)


def test_graph_that_is_none_or_of_other_columns_is_refused() -> None:
    """Bytes with the right hash that do not fit are an error of ours."""
    model = fitted("sklearn.naive_bayes.GaussianNB").model
    with pytest.raises(ValueError, match="is no ONNX model"):
        EstimatorModel.read(model.metadata, b"no graph")
    fewer = model.metadata.model_copy(update={"features": ("a", "b")})
    with pytest.raises(ValueError, match="takes other columns than its 2 features"):
        EstimatorModel.read(fewer, model.weights())


def test_model_without_rows_to_compare_with_cannot_explain_itself() -> None:
    """It says so, instead of explaining against nothing."""
    model = fitted("sklearn.naive_bayes.GaussianNB").model
    bare = EstimatorModel(model.metadata.model_copy(update={"probe": None}), model.weights())
    with pytest.raises(NoBackgroundError, match="train it again"):
        bare.explain(np.zeros((1, 5), dtype=np.float32))
