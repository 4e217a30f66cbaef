"""Few and many rows are explained by different code, to the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline_code.core.tree_ensemble import TreeEnsemble, UnsupportedTreesError
from pipeline_code.core.tree_readers import from_lightgbm, from_xgboost
from pipeline_code.steps.tree_explainer import TreeExplainer

GENERATOR = np.random.default_rng(3)
X = GENERATOR.normal(size=(600, 5)).astype(np.float32)
X[GENERATOR.random(X.shape) < 0.1] = np.nan
KIND = (np.nan_to_num(X[:, 0]) > 0).astype(int) + (np.nan_to_num(X[:, 1]) > 0.5)


def xgboost_explainer() -> TreeExplainer:
    """Explain a booster of XGBoost with three classes."""
    import xgboost

    settings = {"objective": "multi:softprob", "num_class": 3, "max_depth": 4}
    booster = xgboost.train(settings, xgboost.DMatrix(X, KIND), num_boost_round=12)
    return TreeExplainer(
        lambda x: booster.predict(xgboost.DMatrix(x), pred_contribs=True),
        lambda: from_xgboost(booster),
    )


def lightgbm_explainer() -> TreeExplainer:
    """Explain a booster of LightGBM with three classes."""
    import lightgbm

    settings = {"objective": "multiclass", "num_class": 3, "verbosity": -1, "num_leaves": 12}
    booster = lightgbm.train(settings, lightgbm.Dataset(X, KIND), num_boost_round=12)
    return TreeExplainer(
        lambda x: np.reshape(booster.predict(x, pred_contrib=True), (len(x), 3, -1)),
        lambda: from_lightgbm(booster),
    )


@pytest.mark.parametrize("make", [xgboost_explainer, lightgbm_explainer])
def test_few_and_many_rows_get_the_same_values(make: Any) -> None:
    """A report of 2,000 rows and an answer about one must not contradict each other."""
    explainer = make()
    one_by_one = np.concatenate([explainer.explain(X[at : at + 100]) for at in range(0, 600, 100)])

    np.testing.assert_allclose(explainer.explain(X), one_by_one, rtol=1e-4, atol=2e-5)


def test_trees_that_we_cannot_read_are_left_to_their_library() -> None:
    """An explanation that takes longer is better than none."""
    asked = []

    def native(x: Any) -> Any:
        asked.append(len(x))
        return np.zeros((len(x), 2))

    def read() -> TreeEnsemble:
        raise UnsupportedTreesError("drops trees")

    explainer = TreeExplainer(native, read)
    explainer.explain(X)
    explainer.explain(X)

    assert asked == [600, 600]
