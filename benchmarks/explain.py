"""Measure explanations of boosted trees against shap and the boosters' own.

    python benchmarks/explain.py [--rows 10000] [--repeats 3]

Called with its defaults, `shap.TreeExplainer` hands a booster of XGBoost or LightGBM to the
booster's own `pred_contribs`, written in C++ and using every core; models of other libraries it
explains with a C extension of its own, on one core. Both are measured, the second on the very
same trees. All answer by turns, so that a busy machine slows all.

`shap` is no dependency of this project: numba and llvmlite, on which it stands, take 190 MB.
Where it is not installed the boosters' own explanations are measured alone.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import lightgbm
import numpy as np
import xgboost

from pipeline_code.core.tree_ensemble import LEAF, Doubles, Floats, TreeEnsemble
from pipeline_code.core.tree_readers import from_lightgbm, from_xgboost
from pipeline_code.core.tree_shap import TreeShap

WANTED_RATIO = 5.0
HAS_SHAP = importlib.util.find_spec("shap") is not None
FEATURES, TREES, DEPTH = 30, 200, 6

Explanation = Callable[[], Doubles]


def noise(rows: int, seed: int) -> Floats:
    """Draw rows."""
    return np.random.default_rng(seed).normal(size=(rows, FEATURES)).astype(np.float32)


def train() -> dict[str, Any]:
    """Train a booster of each library on noise and products of features."""
    rows = noise(20_000, 0)
    odds = rows[:, 0] * rows[:, 1] + rows[:, 2] + noise(20_000, 1)[:, 0]
    labels = (odds > 0).astype(np.float32)
    by_xgboost = xgboost.train(
        {"max_depth": DEPTH, "objective": "binary:logistic"},
        xgboost.DMatrix(rows, label=labels),
        num_boost_round=TREES,
    )
    settings = {"num_leaves": 2**DEPTH, "max_depth": DEPTH, "objective": "binary", "verbose": -1}
    by_lightgbm = lightgbm.train(settings, lightgbm.Dataset(rows, label=labels), TREES)
    deep = {"num_leaves": 2**DEPTH, "objective": "binary", "verbose": -1}
    of_any_depth = lightgbm.train(deep, lightgbm.Dataset(rows, label=labels), TREES)
    return {
        "XGBoost, depth 6": by_xgboost,
        "LightGBM, depth 6": by_lightgbm,
        "LightGBM, 64 leaves at any depth": of_any_depth,
    }


def own(booster: Any, rows: Floats) -> Explanation:
    """Return the booster's own explanation."""
    if isinstance(booster, xgboost.Booster):
        return lambda: booster.predict(xgboost.DMatrix(rows), pred_contribs=True)
    return lambda: np.asarray(booster.predict(rows, pred_contrib=True))


def by_shap(model: Any, rows: Floats) -> Explanation:
    """Return what shap says with its defaults; the base value is left out."""
    import shap

    explainer = shap.TreeExplainer(model)
    return lambda: np.asarray(explainer.shap_values(rows))


def as_shap_takes_it(ensemble: TreeEnsemble) -> dict[str, Any]:
    """Return the trees in the form in which shap takes those of no library it knows."""
    return {
        "trees": [
            {
                "children_left": tree.left,
                "children_right": tree.right,
                "children_default": np.where(tree.missing_left, tree.left, tree.right),
                "features": np.where(tree.left == LEAF, -2, tree.feature),
                # It compares x <= threshold.
                "thresholds": np.nextafter(tree.threshold, np.float32(-np.inf)).astype(float),
                "values": tree.value.reshape(-1, 1),
                "node_sample_weight": tree.cover,
            }
            for tree in ensemble.trees
        ]
    }


class Took(NamedTuple):
    """Seconds of a run: on the clock, and of all cores together, which other work disturbs less."""

    wall: float
    cpu: float


def timed(action: Callable[[], Any]) -> tuple[Took, Any]:
    """Run once."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = action()
    return Took(time.perf_counter() - wall, time.process_time() - cpu), result


def compare(booster: Any, rows: Floats, repeats: int) -> None:
    """Print the medians of every contender, and how they relate to ours."""
    read = from_xgboost if isinstance(booster, xgboost.Booster) else from_lightgbm
    reading, ensemble = timed(lambda: read(booster))
    making, explainer = timed(lambda: TreeShap(ensemble))
    contenders = {"ours": lambda: explainer.values(rows), "the booster's own": own(booster, rows)}
    if HAS_SHAP:
        contenders["shap, by its defaults"] = by_shap(booster, rows)
        contenders["shap, its own C code"] = by_shap(as_shap_takes_it(ensemble), rows)
    runs: dict[str, list[Took]] = {name: [] for name in contenders}
    found: dict[str, Doubles] = {}
    for _ in range(repeats):
        for name, contender in contenders.items():
            took, found[name] = timed(contender)
            runs[name].append(took)
    medians = {
        name: Took(*map(statistics.median, zip(*each, strict=True))) for name, each in runs.items()
    }
    ours = medians["ours"]
    for name, (wall, cpu) in medians.items():
        theirs = found[name]
        same = found["ours"][:, : theirs.shape[1]]
        verdict = "equal" if np.allclose(same, theirs, rtol=1e-4, atol=1e-5) else "DIFFERENT"
        print(
            f"  {name:<22} {wall:7.2f} s ({wall / ours.wall:5.1f} times ours), "
            f"{cpu:7.2f} s of CPU ({cpu / ours.cpu:5.1f} times); "
            f"{verdict}, at most {np.abs(same - theirs).max():.0e} off;"
            f" runs {' '.join(f'{run.wall:.2f}' for run in runs[name])}",
            flush=True,
        )
    print(
        f"  once for each model: {reading.wall:.2f} s to read the trees, {making.wall:.2f} s for "
        "the tables"
    )


def main() -> None:
    """Compare on every booster."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    if not HAS_SHAP:
        print("shap is not installed (pip install shap brings numba): its sides are left out")
    warnings.filterwarnings("ignore", module="shap")
    rows = noise(given.rows, 2)
    print(f"{given.rows:,} rows, {FEATURES} features, {TREES} trees; wanted: {WANTED_RATIO} times")
    for name, booster in train().items():
        print(name)
        compare(booster, rows, given.repeats)


if __name__ == "__main__":
    main()
