"""Trees are read as their libraries mean them: explanations are those of the libraries."""

from __future__ import annotations

import struct
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost
from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.core.tree_ensemble import Doubles, Floats, UnsupportedTreesError
from pipeline_code.core.tree_readers import from_lightgbm, from_xgboost
from pipeline_code.core.tree_shap import TreeShap

FEATURES = 6
CATEGORICAL = 5
KINDS = [*["q"] * CATEGORICAL, "c"]


def rows(count: int, seed: int) -> Floats:
    """Draw rows of whole numbers, so that many lie on a threshold; some zero, some missing."""
    random = np.random.default_rng(seed)
    x = random.integers(-4, 5, size=(count, FEATURES)).astype(np.float32)
    x[:, 0] = random.normal(size=count)
    x[:, CATEGORICAL] = random.integers(0, 12, size=count)
    x[random.random(x.shape) < 0.1] = np.nan
    return x


TRAINING = rows(600, 0)
# Categories that no training row showed, and values beyond any threshold.
TEST = np.vstack([rows(80, 1), [[1e30] * 5 + [40], [-1e30] * 5 + [-1], [np.nan] * 6]])
TEST = TEST.astype(np.float32)


def target(classes: int) -> Doubles:
    """Draw targets that hang on products of features and on some of the categories."""
    x = np.nan_to_num(TRAINING, nan=2.0)
    score = x[:, 0] * x[:, 1] + x[:, 2] + 3 * np.isin(x[:, CATEGORICAL], (1, 4, 7))
    if classes == 0:
        return 100 + score
    return np.digitize(score, np.quantile(score, np.arange(1, classes) / classes)).astype(float)


def boosted_by_xgboost(classes: int, *, rounds: int = 8, **parameters: Any) -> xgboost.Booster:
    """Train trees of XGBoost, the last feature being a category."""
    data = xgboost.DMatrix(
        TRAINING, label=target(classes), feature_types=KINDS, enable_categorical=True
    )
    return xgboost.train({"max_cat_to_onehot": 2, "nthread": 1} | parameters, data, rounds)


def boosted_by_lightgbm(classes: int, *, rounds: int = 8, **parameters: Any) -> lightgbm.Booster:
    """Train trees of LightGBM, the last feature being a category."""
    settings = {
        "verbose": -1,
        "num_threads": 1,
        "min_data_in_leaf": 3,
        "min_data_per_group": 5,
        "cat_smooth": 1,
        "max_cat_to_onehot": 1,
    }
    data = lightgbm.Dataset(TRAINING, label=target(classes), categorical_feature=[CATEGORICAL])
    return lightgbm.train(settings | parameters, data, rounds)


def xgboost_explains(booster: xgboost.Booster) -> Doubles:
    """Return XGBoost's own values of the test rows."""
    data = xgboost.DMatrix(TEST, feature_types=KINDS, enable_categorical=True)
    return np.asarray(booster.predict(data, pred_contribs=True), dtype=np.float64)


@pytest.mark.parametrize(
    ("classes", "parameters"),
    [
        (2, {"objective": "binary:logistic"}),
        (2, {"objective": "binary:logitraw", "base_score": 0.3}),
        (0, {"objective": "reg:squarederror"}),
        (0, {"objective": "reg:gamma"}),
        (0, {"objective": "reg:absoluteerror", "max_depth": 1}),
        (3, {"objective": "multi:softprob", "num_class": 3}),
        (2, {"objective": "binary:logistic", "num_parallel_tree": 3, "subsample": 0.5}),
        (2, {"objective": "binary:logistic", "max_depth": 14, "min_child_weight": 0}),
        (2, {"objective": "binary:logistic", "grow_policy": "lossguide", "max_leaves": 40}),
        (2, {"objective": "binary:logistic", "gamma": 1e6}),
    ],
)
def test_values_are_those_of_xgboost(classes: int, parameters: dict[str, Any]) -> None:
    """Missing values, ties on a threshold, unknown categories and the base score of XGBoost."""
    booster = boosted_by_xgboost(classes, **parameters)

    found = TreeShap(from_xgboost(booster)).values(TEST)

    np.testing.assert_allclose(found, xgboost_explains(booster), rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize(
    ("classes", "parameters"),
    [
        (2, {"objective": "binary"}),
        (2, {"objective": "binary", "zero_as_missing": True}),
        (2, {"objective": "binary", "use_missing": False}),
        (2, {"objective": "binary", "max_cat_to_onehot": 20}),
        (2, {"objective": "binary", "num_leaves": 120, "min_data_in_leaf": 1}),
        (2, {"objective": "binary", "boosting": "dart"}),
        (0, {"objective": "regression"}),
        (0, {"objective": "gamma"}),
        (3, {"objective": "multiclass", "num_class": 3}),
        (2, {"objective": "binary", "min_data_in_leaf": 590}),
    ],
)
def test_values_are_those_of_lightgbm(classes: int, parameters: dict[str, Any]) -> None:
    """Zeros that are missing, missing values that are zeros, and categories of LightGBM."""
    booster = boosted_by_lightgbm(classes, **parameters)

    found = TreeShap(from_lightgbm(booster)).values(TEST)

    theirs = np.asarray(booster.predict(TEST, pred_contrib=True)).reshape(found.shape)
    np.testing.assert_allclose(found, theirs, rtol=1e-4, atol=1e-5)


def test_every_tree_asks_for_categories_somewhere() -> None:
    """Else the two tests above would say nothing of them."""
    for trees in (
        from_xgboost(boosted_by_xgboost(2, objective="binary:logistic")),
        from_lightgbm(boosted_by_lightgbm(2, objective="binary")),
    ):
        assert max(len(codes) for tree in trees.trees for codes in tree.categories.values()) > 1


def test_a_booster_without_rounds_is_its_base_score() -> None:
    """The start is a margin, not a probability: log odds of 0.3."""
    booster = boosted_by_xgboost(2, rounds=0, objective="binary:logistic", base_score=0.3)

    trees = from_xgboost(booster)

    assert trees.trees == ()
    assert trees.base == pytest.approx(np.log([0.3 / 0.7]))


def test_one_class_alone_makes_trees_of_one_leaf() -> None:
    """A target that never changes leaves LightGBM with a leaf and no question."""
    data = lightgbm.Dataset(TRAINING, label=np.full(len(TRAINING), 4.0))
    booster = lightgbm.train({"objective": "regression", "verbose": -1}, data, 3)

    found = TreeShap(from_lightgbm(booster)).values(TEST[:2])

    assert found == pytest.approx(np.array([[0.0] * FEATURES + [4.0]] * 2))


@pytest.mark.parametrize("kind", ["dart", "gblinear"])
def test_other_boosters_of_xgboost_are_refused(kind: str) -> None:
    """Trees that are dropped or absent do not add up as they stand."""
    data = xgboost.DMatrix(np.nan_to_num(TRAINING), label=target(2))
    booster = xgboost.train({"booster": kind, "objective": "binary:logistic"}, data, 2)

    with pytest.raises(UnsupportedTreesError, match=f"is a {kind} of XGBoost; .*: train with"):
        from_xgboost(booster)


def test_leaves_of_several_numbers_are_refused() -> None:
    """One tree for all outputs is another format."""
    data = xgboost.DMatrix(TRAINING, label=np.stack([target(0), target(2)], axis=1))
    booster = xgboost.train({"multi_strategy": "multi_output_tree"}, data, 1)

    with pytest.raises(UnsupportedTreesError, match="leaves of several numbers"):
        from_xgboost(booster)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, "averages its trees"),
        ({"linear_tree": True}, "has linear leaves"),
    ],
)
def test_other_boosters_of_lightgbm_are_refused(parameters: dict[str, Any], reason: str) -> None:
    """A mean is no sum, and a leaf that computes is no number."""
    booster = boosted_by_lightgbm(0, objective="regression", **parameters)

    with pytest.raises(UnsupportedTreesError, match=reason):
        from_lightgbm(booster)


class Dump:
    """A LightGBM booster of one stump."""

    def __init__(self, threshold: float, left: int = 3) -> None:
        self.threshold = threshold
        self.left = left

    def dump_model(self) -> dict[str, Any]:
        """Return what LightGBM says of it."""
        root = {
            "split_feature": 0,
            "threshold": self.threshold,
            "decision_type": "<=",
            "default_left": True,
            "missing_type": "None",
            "internal_count": self.left + 2,
            "left_child": {"leaf_value": 1.0, "leaf_count": self.left},
            "right_child": {"leaf_value": 2.0, "leaf_count": 2},
        }
        return {
            "average_output": False,
            "num_tree_per_iteration": 1,
            "max_feature_idx": 0,
            "tree_info": [{"tree_structure": root}],
        }


def neighbours(value: float) -> Floats:
    """Return the float32 values around a double."""
    with np.errstate(over="ignore"):
        middle = np.float32(value)
        infinity = np.float32(np.inf)
        return np.array([np.nextafter(middle, -infinity), middle, np.nextafter(middle, infinity)])


any_double = st.floats(allow_nan=False, allow_infinity=False) | st.binary(
    min_size=4, max_size=4
).map(lambda raw: struct.unpack("<f", raw)[0]).filter(np.isfinite)


@given(threshold=any_double)
def test_a_double_threshold_divides_float32_as_lightgbm_does(threshold: float) -> None:
    """At most equal in doubles, for every float32 next to the threshold, equal ones included."""
    (tree,) = from_lightgbm(Dump(threshold)).trees

    for value in neighbours(threshold):
        if np.isfinite(value):
            assert tree.leaf_value(np.array([value])) == (1 if float(value) <= threshold else 2)


def test_a_node_without_training_rows_is_refused() -> None:
    """No share can be taken of nothing."""
    with pytest.raises(UnsupportedTreesError, match="no training row"):
        from_lightgbm(Dump(0.5, left=-2))
