"""Propose where tuning looks, for a table of so many rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pipeline_code.core.problem_types import MULTICLASS
from pipeline_code.steps.discovery.discover import Discovery
from pipeline_code.steps.discovery.yaml_lines import line, remark

Lines = Iterator[str]

_RANGES: Final = (
    ("learning_rate", "low: 0.04, high: 0.2, scale: log", "how much each tree adds"),
    ("num_leaves", "low: 4, high: 48, scale: log", "how large a tree of LightGBM is"),
    ("max_depth", "low: 3, high: 8", "how large a tree of XGBoost is"),
    ("min_child_weight", "low: 0.001, high: 20, scale: log", "how much evidence a leaf needs"),
    ("subsample", "low: 0.5, high: 1.0", "the share of the rows that each tree sees"),
    ("colsample_bytree", "low: 0.3, high: 1.0", "the share of the columns that each tree sees"),
    ("reg_lambda", "low: 0.1, high: 30, scale: log", "how much a leaf is drawn towards nothing"),
)
_FEW_CELLS_TO_FIT: Final = 10_000
"""Rows times classes: each class of a multiclass problem is a tree of its own in every round."""
_MANY_ROWS: Final = 200_000
"""Of the bank's 41,188 rows the 6,000 for validation are too few: the best of 30 trials there had a
lower AUC on the test rows (0.7757) than ``auto`` without a search (0.7779), mean of two splits."""


def folds_of(found: Discovery) -> tuple[int, str]:
    """Say in how many parts rows are held out, and why: trials differ by little.

    One part cannot tell them apart unless it is large, and several parts of a large table take
    long.
    """
    classes = len(found.target.labels) if found.target.type == MULTICLASS else 1
    if found.counts.rows > _MANY_ROWS:
        return 0, "trials are judged on the validation rows: there are enough of them"
    few = found.counts.rows * classes < _FEW_CELLS_TO_FIT
    parts = 5 if few else 3
    return parts, f"trials are judged on every row but the test's, held out in {parts} parts"


def tuning_lines(trials: int) -> Lines:
    """Write the section ``tuning``."""
    yield from remark(
        "Each trial tries what auto tries, with these settings for the trees; the trial that is "
        "best by the gate's metric gives the model. How many trees is found in each."
    )
    yield "tuning:"
    yield from line(
        "strategy: bayesian", "each trial is proposed by what the last ones reached", indent=2
    )
    yield f"  trials: {trials}"
    yield from line("parallel_trials: 2", "at a time; on a laptop a core each", indent=2)
    yield "  seed: 0"
    yield "  ranges:"
    for name, ends, why in _RANGES:
        yield from line(f"{name}: {{{ends}}}", why, indent=4)
