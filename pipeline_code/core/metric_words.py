"""Say what every metric is called and what it means, for people who read no code."""

from __future__ import annotations

from typing import Final

from pipeline_code.core import metrics

TITLES: Final = {
    metrics.AUC_ROC: "ROC area",
    metrics.AVERAGE_PRECISION: "average precision",
    metrics.CARD_PRECISION: "card precision@100",
    metrics.PRECISION: "precision",
    metrics.RECALL: "recall",
    metrics.F1: "F1",
    metrics.ACCURACY: "accuracy",
    metrics.BALANCED_ACCURACY: "balanced accuracy",
    metrics.PRECISION_MACRO: "precision, macro",
    metrics.PRECISION_MICRO: "precision, micro",
    metrics.RECALL_MACRO: "recall, macro",
    metrics.RECALL_MICRO: "recall, micro",
    metrics.F1_MACRO: "F1, macro",
    metrics.F1_MICRO: "F1, micro",
    metrics.AUC_ROC_MACRO: "ROC area, macro",
    metrics.AVERAGE_PRECISION_MACRO: "average precision, macro",
    metrics.LOG_LOSS: "log loss",
    metrics.BRIER: "Brier score",
    metrics.CALIBRATION_ERROR: "calibration error",
    metrics.RMSE: "root mean squared error",
    metrics.MAE: "mean absolute error",
    metrics.R2: "R²",
    metrics.MAPE: "mean absolute percentage error",
    metrics.MEDIAN_ABSOLUTE_ERROR: "median absolute error",
    metrics.COST: "cost",
}
"""What a metric is called in a sentence."""

MEANINGS: Final = {
    metrics.AUC_ROC: "how often a random positive row scores above a random negative one",
    metrics.AVERAGE_PRECISION: "precision averaged over every depth of the ranked list",
    metrics.CARD_PRECISION: ("share of the 100 most suspicious cards of a day that were defrauded"),
    metrics.PRECISION: "share of the alarms that are right",
    metrics.RECALL: "share of the positive rows that are caught",
    metrics.F1: "harmonic mean of precision and recall",
    metrics.ACCURACY: "share of all decisions that are right",
    metrics.BALANCED_ACCURACY: (
        "share of each class's rows that are recognised, averaged over the classes"
    ),
    metrics.PRECISION_MACRO: (
        "share of the rows called a class that are of it, averaged over the classes"
    ),
    metrics.PRECISION_MICRO: "precision of all decisions together, which equals the accuracy",
    metrics.RECALL_MACRO: (
        "share of each class's rows that are recognised, averaged over the classes"
    ),
    metrics.RECALL_MICRO: "recall of all decisions together, which equals the accuracy",
    metrics.F1_MACRO: (
        "harmonic mean of a class's precision and recall, averaged over the classes"
    ),
    metrics.F1_MICRO: "F1 of all decisions together, which equals the accuracy",
    metrics.AUC_ROC_MACRO: (
        "how often a random row of a class ranks above a random other one, averaged over the "
        "classes"
    ),
    metrics.AVERAGE_PRECISION_MACRO: (
        "precision averaged over every depth of each class's ranked list, then over the classes"
    ),
    metrics.LOG_LOSS: "how far the probabilities are from what happened; smaller is better",
    metrics.BRIER: (
        "mean squared distance of the probabilities from what happened; smaller is better"
    ),
    metrics.CALIBRATION_ERROR: (
        "how far predicted shares of positives are from observed ones; smaller is better"
    ),
    metrics.RMSE: (
        "typical error in units of the target, where large errors weigh most; smaller is better"
    ),
    metrics.MAE: "mean size of the error in units of the target; smaller is better",
    metrics.R2: "share of the target's variance that the predictions explain; 1 is perfect",
    metrics.MAPE: (
        "mean size of the error as a share of the target, rows with target 0 left out; smaller "
        "is better"
    ),
    metrics.MEDIAN_ABSOLUTE_ERROR: (
        "size that half of the errors stay below, in units of the target; smaller is better"
    ),
    metrics.COST: "what the errors on the test rows cost; smaller is better",
}
"""What a metric measures, in one sentence."""
