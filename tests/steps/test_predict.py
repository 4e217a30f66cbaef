"""A model that is read back is the model that was saved, or it is refused in one line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

from pipeline_code.core.usecase import Costs
from pipeline_code.steps.predict import (
    LinearModel,
    LinearWeights,
    Matrix,
    Model,
    ModelMetadata,
    UnreadableModelError,
    WrongFeaturesError,
    XgboostModel,
    load_model,
    save_model,
    sigmoid,
)

FEATURES = ("amount", "night", "risk")


def metadata(algorithm: str, **changes: Any) -> ModelMetadata:
    """Describe a small model."""
    return ModelMetadata.model_validate(
        {
            "algorithm": algorithm,
            "usecase": "fraud",
            "features": FEATURES,
            "target": "TX_FRAUD",
            "threshold": 0.25,
            "costs": Costs(false_positive=5, false_negative=120),
            "hyperparameters": {"max_depth": 3},
            "weights": {"xgboost": "model.ubj", "linear": "weights.json"}[algorithm],
            "weights_hash": "",
            **changes,
        }
    )


def rows(count: int = 200) -> Matrix:
    """Make rows with some missing values."""
    generator = np.random.default_rng(7)
    x = generator.normal(size=(count, len(FEATURES))).astype(np.float32)
    x[generator.random(x.shape) < 0.1] = np.nan
    return x


@pytest.fixture(scope="module")
def boosted() -> XgboostModel:
    """A small booster."""
    x = rows()
    y = (np.nan_to_num(x[:, 0]) + np.nan_to_num(x[:, 2]) ** 2 > 1).astype(np.float32)
    settings = {"objective": "binary:logistic", "max_depth": 3, "nthread": 1}
    booster = xgboost.train(settings, xgboost.DMatrix(x, y), num_boost_round=8)
    return XgboostModel(metadata("xgboost"), booster)


@pytest.fixture(scope="module")
def linear() -> LinearModel:
    """A linear model with weights that are easy to follow."""
    weights = LinearWeights(
        mean=(1.0, 0.0, 2.0), scale=(2.0, 1.0, 0.1), coefficients=(0.5, -1.0, 0.1), intercept=-3.0
    )
    return LinearModel(metadata("linear"), weights)


@pytest.fixture(params=["boosted", "linear"])
def model(request: pytest.FixtureRequest) -> Model:
    """Each kind of model."""
    found: Model = request.getfixturevalue(request.param)
    return found


def test_model_read_back_predicts_and_explains_bit_for_bit(model: Model, tmp_path: Path) -> None:
    """What is served is what was evaluated."""
    save_model(model, tmp_path)
    again = load_model(tmp_path)

    assert again.features == FEATURES
    assert again.threshold == 0.25
    np.testing.assert_array_equal(again.predict(rows()), model.predict(rows()))
    np.testing.assert_array_equal(again.explain(rows()), model.explain(rows()))


def test_saving_twice_writes_the_same_bytes(model: Model, tmp_path: Path) -> None:
    """The step cache hashes content: an equal model must have equal files."""
    for name in ("one", "two"):
        save_model(model, tmp_path / name)

    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(files) in {2, 3}
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_explanation_sums_to_the_log_odds_of_the_prediction(model: Model) -> None:
    """SHAP values that do not add up explain another model."""
    x = rows()
    np.testing.assert_allclose(sigmoid(model.explain(x).sum(axis=1)), model.predict(x), atol=1e-5)


def test_linear_model_takes_the_training_mean_for_a_missing_value(linear: LinearModel) -> None:
    """A missing value moves the prediction neither way: its SHAP value is zero."""
    known = np.array([[1.0, 0.0, 2.0]], dtype=np.float32)
    missing = np.full((1, 3), np.nan, dtype=np.float32)

    np.testing.assert_allclose(linear.predict(known), 1 / (1 + np.exp(3.0)))
    np.testing.assert_array_equal(linear.predict(missing), linear.predict(known))
    np.testing.assert_array_equal(linear.explain(missing), [[0.0, 0.0, 0.0, -3.0]])


def test_no_rows_give_no_predictions(model: Model) -> None:
    """An empty batch is no error."""
    nothing = np.empty((0, 3), dtype=np.float32)
    assert model.predict(nothing).shape == (0,)
    assert model.explain(nothing).shape == (0, 4)


@pytest.mark.parametrize("shape", [(5, 2), (5, 4), (3,)])
def test_rows_of_other_width_are_refused(model: Model, shape: tuple[int, ...]) -> None:
    """A column too few or too many would score nonsense without complaint."""
    with pytest.raises(WrongFeaturesError, match="3 features"):
        model.predict(np.zeros(shape, dtype=np.float32))
    with pytest.raises(WrongFeaturesError, match="3 features"):
        model.explain(np.zeros(shape, dtype=np.float32))


def test_gain_is_a_share_of_each_feature(boosted: XgboostModel, linear: LinearModel) -> None:
    """Shares sum to one and name every feature; a linear model has none."""
    shares = boosted.gain()
    assert shares is not None
    assert tuple(shares) == FEATURES
    assert sum(shares.values()) == pytest.approx(1.0)
    assert linear.gain() is None


def test_sigmoid_does_not_overflow() -> None:
    """Far log odds are probabilities of 0 and 1, not a warning."""
    np.testing.assert_array_equal(sigmoid(np.array([-1e4, 0.0, 1e4])), [0.0, 0.5, 1.0])


def _remove_metadata(folder: Path) -> None:
    (folder / "model.json").unlink()


def _remove_weights(folder: Path) -> None:
    next(path for path in folder.iterdir() if path.name != "model.json").unlink()


def _truncate_weights(folder: Path) -> None:
    path = next(path for path in folder.iterdir() if path.name != "model.json")
    path.write_bytes(path.read_bytes()[:50])


def _no_json(folder: Path) -> None:
    (folder / "model.json").write_text("{", encoding="utf-8")


def _list(folder: Path) -> None:
    (folder / "model.json").write_text("[]", encoding="utf-8")


def _edit(**changes: Any) -> Any:
    def edit(folder: Path) -> None:
        path = folder / "model.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**document, **changes}), encoding="utf-8")

    return edit


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (_remove_metadata, "has no model.json"),
        (_remove_weights, "No such file"),
        (_truncate_weights, "other than the one it was saved with"),
        (_no_json, "no JSON"),
        (_list, "not ours"),
        (_edit(format_version=99), "format_version"),
        (_edit(algorithm="pickle"), "algorithm"),
        (_edit(features=list(FEATURES[:2])), "features"),
        (_edit(weights="../elsewhere"), "'../elsewhere'"),
        (_edit(threshold=-1), "threshold"),
    ],
)
def test_damaged_model_is_refused_in_one_line(
    model: Model, damage: Any, says: str, tmp_path: Path
) -> None:
    """A broken model never serves, and the message says what is broken."""
    save_model(model, tmp_path)
    damage(tmp_path)

    with pytest.raises(UnreadableModelError, match=says) as caught:
        load_model(tmp_path)
    assert "\n" not in str(caught.value)


def test_booster_that_is_none_is_refused(boosted: XgboostModel, tmp_path: Path) -> None:
    """Bytes with the right hash that are no booster are an error of ours, not of the library."""
    save_model(boosted, tmp_path)
    (tmp_path / "model.ubj").write_bytes(b"no booster")
    _edit(weights_hash=f"sha256:{hashlib.sha256(b'no booster').hexdigest()}")(tmp_path)

    with pytest.raises(UnreadableModelError, match="is no booster"):
        load_model(tmp_path)
