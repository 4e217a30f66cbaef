"""A linear model is the library's, by feature: numbers, gaps and categories."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from pipeline_code.steps.linear_model import LinearModel, LinearWeights
from pipeline_code.steps.matrix import feature_matrix
from pipeline_code.steps.model import Matrix, ModelMetadata
from pipeline_code.steps.train import train
from tests.mixed_tables import INPUTS, PROBLEMS, mixed_rows, mixed_usecase


def linear(problem: str, **settings: Any) -> tuple[LinearModel, Matrix, Any]:
    """Train on the mixed table; return the model, its rows and their target."""
    rows = mixed_rows(problem)
    usecase = mixed_usecase(problem, algorithm="linear", **settings)
    none = {name: values[:0] for name, values in rows.items()}
    model = train(rows, none, usecase).model
    assert isinstance(model, LinearModel)
    return model, feature_matrix(rows, INPUTS, "rows", model.categories), rows["y"]


def spread(x: Matrix, model: LinearModel) -> Any:
    """Write by hand what the library is to see: numbers, gaps, a column a category."""
    numbers = x[:, :3].astype(np.float64)
    mean, scale = (
        np.nanmean(numbers, axis=0),
        np.sqrt(np.nansum((numbers - np.nanmean(numbers, axis=0)) ** 2, axis=0) / len(numbers)),
    )
    columns = [np.nan_to_num((numbers - mean) / scale), np.isnan(x[:, :1]) * 1.0]
    for place, name in ((3, "kind"), (4, "shop")):
        known = len(model.categories[name])
        codes = np.where(np.isnan(x[:, place]), known + 1, x[:, place]).astype(int)
        columns.append(np.eye(known + 2)[codes])
    return np.hstack(columns)


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("sparse", [False, True])
def test_model_predicts_what_the_library_predicts(
    problem: str, sparse: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the table of categories is spread out in full or not."""
    if sparse:
        monkeypatch.setattr("pipeline_code.steps.design_matrix.DENSE_CELLS", 0)
    model, x, y = linear(problem, inverse_regularization=0.5)
    table = spread(x, model)
    if problem == "regression":
        expected = Ridge(alpha=2.0).fit(table, y).predict(table)
    else:
        found = LogisticRegression(C=0.5, max_iter=1_000).fit(table, y).predict_proba(table)
        expected = found[:, 1] if problem == "binary" else found
    np.testing.assert_allclose(model.predict(x), expected, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_contributions_are_centred_on_the_training_rows(problem: str) -> None:
    """So the base is the mean of the margins: that is what makes them SHAP values."""
    model, x, _ = linear(problem)
    said = model.explain(x)
    np.testing.assert_allclose(said[..., :-1].mean(axis=0), 0, atol=1e-6)
    assert np.ptp(said[..., -1], axis=0) == pytest.approx(0)


def document(**changes: Any) -> dict[str, Any]:
    """Write weights of two features as JSON has them."""
    return {
        "mean": [0, 0],
        "scale": [1, 1],
        "coefficients": [[1, 2]],
        "intercept": [0],
        "levels": {"b": [[1, 2, 3]]},
        **changes,
    }


METADATA = ModelMetadata.model_validate(
    {
        "algorithm": "linear",
        "usecase": "small",
        "features": ("a", "b"),
        "categories": {"b": ["x"]},
        "target": "y",
        "threshold": 0.5,
        "costs": {},
        "hyperparameters": {},
        "weights": "weights.json",
        "weights_hash": "",
    }
)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"mean": [0]}, "weights for its 2 features"),
        ({"coefficients": [[1]]}, "weights for its 2 features"),
        ({"missing": [[1, 2]], "missing_share": [0]}, "weights for its 2 features"),
        ({"intercept": [0, 0]}, "weights for its 1 outputs"),
        ({"levels": {"b": [[1, 2, 3]] * 2}}, "weights for its 1 outputs"),
        ({"levels": {}}, "other categories"),
        ({"levels": {"b": [[1, 2]]}}, "other categories"),
    ],
)
def test_weights_that_do_not_fit_are_refused(changes: dict[str, Any], says: str) -> None:
    """A file with the right hash and the wrong lists scores nothing."""
    text = json.dumps(document()).encode()
    assert LinearModel.read(METADATA, text).predict(np.zeros((1, 2), np.float32)).shape == (1,)
    with pytest.raises(ValueError, match=says):
        LinearModel.read(METADATA, json.dumps(document(**changes)).encode())


def test_weights_of_before_are_read() -> None:
    """An approved version of one output, without categories, still serves."""
    old = LinearWeights.model_validate(
        {"mean": [0, 0], "scale": [1, 2], "coefficients": [1, 2], "intercept": -1}
    )
    assert old.coefficients == ((1, 2),)
    assert old.intercept == (-1,)
    model = LinearModel(METADATA.model_copy(update={"categories": {}}), old)
    np.testing.assert_allclose(
        model.explain(np.array([[3, 4]], dtype=np.float32)), [[3.0, 4.0, -1.0]]
    )
