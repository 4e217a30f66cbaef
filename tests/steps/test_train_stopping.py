"""Boosting stops by what is nearest to the gate's metric, whichever library boosts."""

from __future__ import annotations

import pytest

from pipeline_code.core.metric_names import METRICS_OF
from pipeline_code.steps.train_stopping import stopping_metric
from tests.mixed_tables import PROBLEMS, mixed_usecase


@pytest.mark.parametrize(
    ("problem", "gate", "xgboost", "lightgbm"),
    [
        ("binary", "auc_roc", "auc", "auc"),
        ("binary", "brier", "logloss", "binary_logloss"),
        ("binary", "f1", "aucpr", "average_precision"),
        ("multiclass", "f1_macro", "mlogloss", "multi_logloss"),
        ("regression", "r2", "rmse", "rmse"),
        ("regression", "mape", "mae", "l1"),
    ],
)
def test_both_libraries_stop_by_the_same(
    problem: str, gate: str, xgboost: str, lightgbm: str
) -> None:
    """The rule stands once; each library has its own word for what the rule says."""
    usecase = mixed_usecase(problem).with_settings({"gate.metric": gate})
    assert stopping_metric(usecase, "xgboost") == xgboost
    assert stopping_metric(usecase, "lightgbm") == lightgbm


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_every_gate_has_something_to_stop_by(library: str) -> None:
    """A metric that is added is no error in the middle of a training."""
    for problem in PROBLEMS:
        for gate in METRICS_OF[problem]:
            usecase = mixed_usecase(problem).with_settings({"gate.metric": gate})
            assert stopping_metric(usecase, library)
