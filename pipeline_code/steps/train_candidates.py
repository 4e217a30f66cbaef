"""What may fit a table: algorithms with settings that suit its size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pipeline_code.core.usecase import UseCase
from pipeline_code.steps import train_lightgbm, train_linear, train_xgboost
from pipeline_code.steps.train_task import Learner

SMALL: Final = 5_000
"""Below so many rows every one is held out once; above, the validation rows say enough."""

_LINEAR_CELLS: Final = 100_000_000
"""Larger tables are left to the trees, which take seconds where a linear model takes minutes."""
_STRENGTHS: Final = (0.01, 0.1, 1.0, 10.0)
_READ: Final = {
    "linear": train_linear.SETTINGS,
    "lightgbm": tuple(name for name in train_lightgbm.SETTINGS if name != "max_depth"),
    "xgboost": train_xgboost.SETTINGS,
}
"""What a trial gives a candidate: leaves say how large a tree of LightGBM is, depth one of XGBoost.
A depth that both share would keep LightGBM from the deep trees with few leaves that it is good at.
"""


@dataclass(frozen=True)
class Candidate:
    """An algorithm with settings."""

    algorithm: str
    learn: Learner
    settings: dict[str, Any]


def candidates(rows: int, cells: int) -> Iterator[Candidate]:
    """List what is tried on a table of so many rows and cells.

    Small tables get small trees of LightGBM and large ones of both, as most want few leaves and
    some with many interactions do not, and a handful of linear models, from nearly flat to nearly
    free; large tables get large trees, and more of them.
    """
    if cells <= _LINEAR_CELLS:
        for strength in _STRENGTHS if rows < SMALL else _STRENGTHS[1:3]:
            settings = {"inverse_regularization": strength}
            yield Candidate("linear", train_linear.regress, settings)
    is_small = rows < SMALL
    common = {"subsample": 0.8, "reg_lambda": 1.0, "learning_rate": 0.08 if is_small else 0.05}
    length = {
        "n_estimators": 500 if is_small else 2_000,
        "early_stopping_rounds": 30 if is_small else 50,
    }
    for leaves in (8, 31) if is_small else (31,):
        shape = {
            "num_leaves": leaves,
            "max_depth": 16,
            "min_child_weight": 0.001,
            "colsample_bytree": 0.8,
        }
        yield Candidate("lightgbm", train_lightgbm.boost, {**common, **length, **shape})
    depth = {
        "max_depth": 8 if is_small else 6,
        "min_child_weight": 1.0 if is_small else 5.0,
        "colsample_bytree": 0.8 if is_small else 0.5,
    }
    yield Candidate("xgboost", train_xgboost.boost, {**common, **length, **depth})


def candidates_of(usecase: UseCase, rows: int, cells: int) -> list[Candidate]:
    """List what is tried, each with what a trial of tuning gives it in place of its own settings.

    A candidate takes what its algorithm reads; those that have become the same are tried once.
    """
    tuned = usecase.tuning.ranges if usecase.tuning else {}
    found: list[Candidate] = []
    for one in candidates(rows, cells):
        given = {
            name: getattr(usecase.training, name) for name in tuned if name in _READ[one.algorithm]
        }
        candidate = Candidate(one.algorithm, one.learn, {**one.settings, **given})
        if candidate not in found:
            found.append(candidate)
    return found
