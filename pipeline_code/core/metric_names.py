"""The names of all metrics, by the type of problem; what they are is in `metric_words`."""

from __future__ import annotations

from typing import Final

from pipeline_code.core.problem_types import BINARY, MULTICLASS, REGRESSION

AUC_ROC: Final = "auc_roc"
AVERAGE_PRECISION: Final = "average_precision"
CARD_PRECISION: Final = "card_precision_100"
PRECISION: Final = "precision"
RECALL: Final = "recall"
F1: Final = "f1"
ACCURACY: Final = "accuracy"
LOG_LOSS: Final = "log_loss"
BRIER: Final = "brier"
CALIBRATION_ERROR: Final = "calibration_error"
COST: Final = "cost"

BALANCED_ACCURACY: Final = "balanced_accuracy"
PRECISION_MACRO: Final = "precision_macro"
PRECISION_MICRO: Final = "precision_micro"
RECALL_MACRO: Final = "recall_macro"
RECALL_MICRO: Final = "recall_micro"
F1_MACRO: Final = "f1_macro"
F1_MICRO: Final = "f1_micro"
AUC_ROC_MACRO: Final = "auc_roc_macro"
AVERAGE_PRECISION_MACRO: Final = "average_precision_macro"

RMSE: Final = "rmse"
MAE: Final = "mae"
R2: Final = "r2"
MAPE: Final = "mape"
MEDIAN_ABSOLUTE_ERROR: Final = "median_absolute_error"

BINARY_METRICS: Final = (
    AUC_ROC,
    AVERAGE_PRECISION,
    CARD_PRECISION,
    PRECISION,
    RECALL,
    F1,
    ACCURACY,
    LOG_LOSS,
    BRIER,
    CALIBRATION_ERROR,
    COST,
)
"""The metrics of a binary problem, in the order in which people read them."""

METRICS_OF: Final[dict[str, tuple[str, ...]]] = {
    BINARY: BINARY_METRICS,
    MULTICLASS: (
        ACCURACY,
        BALANCED_ACCURACY,
        PRECISION_MACRO,
        PRECISION_MICRO,
        RECALL_MACRO,
        RECALL_MICRO,
        F1_MACRO,
        F1_MICRO,
        AUC_ROC_MACRO,
        AVERAGE_PRECISION_MACRO,
        LOG_LOSS,
        COST,
    ),
    REGRESSION: (RMSE, MAE, R2, MAPE, MEDIAN_ABSOLUTE_ERROR, COST),
}
"""The metrics of each type of problem, in the order in which people read them."""

SMALLER_IS_BETTER: Final = frozenset(
    {LOG_LOSS, BRIER, CALIBRATION_ERROR, COST, RMSE, MAE, MAPE, MEDIAN_ABSOLUTE_ERROR}
)
