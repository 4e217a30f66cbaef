"""Stands for SageMaker's XGBoost: the same library, the hyperparameters and files of its container.

Source: github.com/aws/sagemaker-xgboost-container, ``algorithm_mode``: hyperparameters, the
channels ``train`` and ``validation``, the evaluation lines, the model file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import xgboost

from pipeline_code.local.stand_ins.container import Container, UserError, run

_MODEL = "xgboost-model"
_PLACE = re.compile(r"^\[[^\]]*\] \S+: ")
_FEW_ROWS = 10_000  # below, threads wait for each other longer than they work
_OWN = ("num_round", "early_stopping_rounds")
_PASSED_ON = (
    "alpha",
    "colsample_bylevel",
    "colsample_bynode",
    "colsample_bytree",
    "eta",
    "eval_metric",
    "gamma",
    "grow_policy",
    "lambda",
    "max_bin",
    "max_delta_step",
    "max_depth",
    "max_leaves",
    "min_child_weight",
    "num_class",
    "num_parallel_tree",
    "objective",
    "scale_pos_weight",
    "seed",
    "subsample",
    "tree_method",
)


def main(container: Container) -> Mapping[str, Any]:
    """Train as the container does; of an early end the best round is kept."""
    given = container.hyperparameters((*_OWN, *_PASSED_ON))
    matrices = {}
    for channel in ("train", "validation"):
        x, y = container.rows(channel)
        matrices[channel] = xgboost.DMatrix(x, label=y)
    try:
        booster = xgboost.train(
            {
                **{name: value for name, value in given.items() if name in _PASSED_ON},
                "nthread": 1 if matrices["train"].num_row() < _FEW_ROWS else 0,
            },
            matrices["train"],
            num_boost_round=int(given["num_round"]),
            evals=[(one, name) for name, one in matrices.items()],
            callbacks=_stopping(given),
            verbose_eval=10,
        )
    except (xgboost.core.XGBoostError, ValueError) as error:
        raise UserError(_reason(error)) from error
    container.model(_MODEL, bytes(booster.save_raw("ubj")))
    rows = sum(one.num_row() for one in matrices.values())
    return {"rows_in": rows, "rows_out": rows, "rounds": booster.num_boosted_rounds()}


def _stopping(given: Mapping[str, str]) -> list[Any]:
    if "early_stopping_rounds" not in given:
        return []
    rounds = int(given["early_stopping_rounds"])
    return [xgboost.callback.EarlyStopping(rounds=rounds, data_name="validation", save_best=True)]


def _reason(error: Exception) -> str:
    """Leave out when and in which line of the library, and the trace below."""
    return _PLACE.sub("", str(error).splitlines()[0])


if __name__ == "__main__":
    run(main)
