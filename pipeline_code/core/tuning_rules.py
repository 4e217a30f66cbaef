"""Which tuning fits which training; what is checked where the use case is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pipeline_code.core.learning_settings import Training, Tuning
from pipeline_code.core.mistakes import closest

TUNED_WITH_AUTO: Final = (
    "learning_rate",
    "num_leaves",
    "max_depth",
    "min_child_weight",
    "subsample",
    "colsample_bytree",
    "reg_lambda",
    "inverse_regularization",
)
"""What trials may give the candidates of ``auto``; how long each is trained it finds by itself."""


def tuning_mistakes(training: Training, tuning: Tuning | None) -> Iterator[tuple[str, str]]:
    """Name what a trial could not vary, or could not be ended by, each with its place."""
    if tuning is None:
        return
    is_auto = training.algorithm == "auto"
    if is_auto:
        for name in tuning.ranges:
            if name not in TUNED_WITH_AUTO:
                yield (
                    f"tuning.ranges.{name}",
                    f"names {name!r}, which the algorithm auto finds by itself or does not read; "
                    f"tunable with auto: {', '.join(TUNED_WITH_AUTO)}"
                    f"{closest(name, list(TUNED_WITH_AUTO))}",
                )
    if tuning.strategy == "hyperband" and (is_auto or training.folds):
        why = "the algorithm auto" if is_auto else "training.folds"
        yield (
            "tuning.strategy",
            f"is hyperband, which ends trials by what their first rounds reach; with {why} "
            "nothing is measured before the end; choose bayesian, random or grid",
        )
