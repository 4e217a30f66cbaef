"""Choose by which metric a challenger is judged, and with which algorithm to begin."""

from __future__ import annotations

from typing import Final

from pipeline_code.core.problem_types import BINARY, REGRESSION
from pipeline_code.steps.discovery.target import Target

_RARE: Final = 0.05
_UNEVEN: Final = 0.25
FIRST_ALGORITHM: Final = ("auto", "linear models, trees and blends are tried, the best is kept")
"""With which algorithm a use case begins, and why."""


def gate_metric(target: Target) -> tuple[str, str]:
    """Name the metric, and say why it is this one."""
    if target.type == REGRESSION:
        return "rmse", "in the units of the target; large errors count more"
    if target.type == BINARY:
        share = f"{target.positive_share:.1%} of the rows are positive"
        if target.positive_share < _RARE:
            return "average_precision", f"{share}: AUC ROC looks good where positives are this rare"
        return "auc_roc", f"{share}; it judges the order of the scores, whatever an error costs"
    rows = [rows for _, rows in target.labels]
    even = sum(rows) / len(rows)
    if min(rows) < _UNEVEN * even:
        return "f1_macro", f"the rarest label has {min(rows):,} rows, and counts as much as others"
    return "log_loss", "the labels are about equally frequent; it judges every probability"
