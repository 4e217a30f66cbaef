"""Small tables of every type of problem: numbers, gaps, a flag and categories that matter."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline_code.core.tables import Columns
from pipeline_code.core.usecase import UseCase

INPUTS = ("size", "price", "used", "kind", "shop")
CLASSES = ("low", "middle", "high")
PROBLEMS = ("binary", "multiclass", "regression")

_GATES = {"binary": "log_loss", "multiclass": "log_loss", "regression": "rmse"}
_TYPES = {"size": "number", "price": "number", "used": "boolean"}


def mixed_usecase(problem: str, **training: Any) -> UseCase:
    """Make the use case of one type of problem, with quick settings."""
    described: dict[str, Any] = {"type": problem, "target": "y"}
    if problem == "multiclass":
        described["classes"] = CLASSES
    settings = {"algorithm": "xgboost", "n_estimators": 30, "max_depth": 3, **training}
    return UseCase.model_validate(
        {
            "name": "mixed",
            "problem": described,
            "contract": {
                "columns": {
                    **{name: {"type": _TYPES.get(name, "string")} for name in INPUTS},
                    "y": {"type": "string" if problem == "multiclass" else "number"},
                    "shop_id": {"type": "string"},
                    "at": {"type": "timestamp"},
                }
            },
            "features": {"inputs": INPUTS},
            "split": {"method": "random"},
            "training": settings,
            "gate": {"metric": _GATES[problem]},
        }
    )


def mixed_rows(problem: str, count: int = 300, *, seed: int = 0) -> Columns:
    """Make rows as Prepare leaves them: the target as a number, categories as texts."""
    generator = np.random.default_rng(seed)
    size = generator.normal(size=count)
    price = np.exp(generator.normal(size=count))
    kind = generator.choice(np.array(["a", "b", "c"], dtype=object), count, p=(0.6, 0.3, 0.1))
    shop = np.array([f"shop {one}" for one in generator.integers(0, 12, count)], dtype=object)
    value = 2 * size - price + 3 * (kind == "b") - 2 * (kind == "c")
    value = value + 0.3 * generator.normal(size=count)
    size[generator.random(count) < 0.1] = np.nan
    kind[generator.random(count) < 0.05] = None
    target = {
        "binary": value > 0,
        "multiclass": np.digitize(value, (-1.0, 1.5)),
        "regression": 10 * value + 100,
    }[problem]
    return {
        "size": size,
        "price": price,
        "used": generator.random(count) < 0.5,
        "kind": kind,
        "shop": shop,
        "y": target.astype(np.float64 if problem == "regression" else np.int64),
        "shop_id": shop,
        "at": np.datetime64("2026-01-01", "us") + np.arange(count) * np.timedelta64(1, "h"),
    }
