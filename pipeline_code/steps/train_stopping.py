"""By which metric boosting stops: one rule, in the words of each library."""

from __future__ import annotations

from typing import Final

from pipeline_code.core.metric_names import (
    ACCURACY,
    AUC_ROC,
    AVERAGE_PRECISION,
    BRIER,
    CALIBRATION_ERROR,
    LOG_LOSS,
    MAE,
    R2,
    RMSE,
)
from pipeline_code.core.problem_types import MULTICLASS, REGRESSION
from pipeline_code.core.usecase import UseCase

_LOSSES: Final = (LOG_LOSS, BRIER, CALIBRATION_ERROR, ACCURACY)
_EACH_CLASS: Final = "log loss of several classes"
_NAMES: Final = {
    "xgboost": {
        AUC_ROC: "auc",
        AVERAGE_PRECISION: "aucpr",
        LOG_LOSS: "logloss",
        _EACH_CLASS: "mlogloss",
        RMSE: "rmse",
        MAE: "mae",
    },
    "lightgbm": {
        AUC_ROC: "auc",
        AVERAGE_PRECISION: "average_precision",
        LOG_LOSS: "binary_logloss",
        _EACH_CLASS: "multi_logloss",
        RMSE: "rmse",
        MAE: "l1",
    },
}


def stopping_metric(usecase: UseCase, library: str) -> str:
    """Name the library's metric that is nearest to the gate's.

    Metrics of decisions jump with single rows; the losses behind them are what boosting lessens.
    """
    return _NAMES[library][_nearest(usecase.problem.type, usecase.gate.metric)]


def _nearest(problem: str, gate: str) -> str:
    if problem == MULTICLASS:
        return _EACH_CLASS
    if problem == REGRESSION:
        return RMSE if gate in (RMSE, R2) else MAE
    if gate == AUC_ROC:
        return gate
    return LOG_LOSS if gate in _LOSSES else AVERAGE_PRECISION
