"""Read the trees of XGBoost and LightGBM boosters, without importing either library.

What a booster means is in its details: XGBoost compares `x < threshold` in float32, LightGBM
`x <= threshold` in float64; a missing value, a zero or an unknown category goes where the library
sends it. How much of the training data went each way is the sum of hessians in XGBoost and the
count of rows in LightGBM, as in the libraries' own explanations.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from pipeline_code.core.tree_ensemble import (
    LEAF,
    Floats,
    Integers,
    Tree,
    TreeEnsemble,
    UnsupportedTreesError,
)

_BY_CATEGORY = 1  # split_type of a node that asks for a category


def from_xgboost(booster: Any) -> TreeEnsemble:
    """Read every tree of an ``xgboost.Booster``; slice it first to leave some out.

    Raises:
        UnsupportedTreesError: if it is linear, drops trees (DART) or has leaves of several numbers.
    """
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    kind = learner["gradient_booster"]["name"]
    if kind != "gbtree":
        raise UnsupportedTreesError(f"is a {kind} of XGBoost")
    model = learner["gradient_booster"]["model"]
    sizes = learner["learner_model_param"]
    outputs = max(int(sizes["num_class"]), int(sizes.get("num_target", 1)), 1)
    trees = tuple(
        _xgboost_tree(tree, output)
        for tree, output in zip(model["trees"], model["tree_info"], strict=True)
    )
    return _started(booster, TreeEnsemble(trees, int(sizes["num_feature"]), np.zeros(outputs)))


def _started(booster: Any, ensemble: TreeEnsemble) -> TreeEnsemble:
    """Add the margin before the first tree: what the booster says beyond its trees.

    The booster's own base score lies in the space of its objective, and each objective has a way
    of its own to the margin; the booster knows it.
    """
    row = np.zeros((1, ensemble.features), dtype=np.float32)
    margin = booster.inplace_predict(row, predict_type="margin", validate_features=False)
    start = np.asarray(margin, dtype=np.float64).reshape(-1) - ensemble.margin(row[0])
    return replace(ensemble, start=start)


def _xgboost_tree(tree: Mapping[str, Any], output: int) -> Tree:
    if int(tree["tree_param"].get("size_leaf_vector", 1)) > 1:
        raise UnsupportedTreesError("has leaves of several numbers (multi_output_tree)")
    conditions = np.array(tree["split_conditions"], dtype=np.float32)
    return Tree(
        left=np.array(tree["left_children"], dtype=np.int64),
        right=np.array(tree["right_children"], dtype=np.int64),
        feature=np.array(tree["split_indices"], dtype=np.int64),
        threshold=conditions,
        missing_left=np.array(tree["default_left"], dtype=np.bool_),
        cover=np.array(tree["sum_hessian"], dtype=np.float64),
        value=conditions.astype(np.float64),
        output=output,
        categories=_xgboost_categories(tree),
        named_go_left=False,
    )


def _xgboost_categories(tree: Mapping[str, Any]) -> dict[int, Integers]:
    codes = np.array(tree["categories"], dtype=np.int64)
    places = zip(
        tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], strict=True
    )
    return {node: codes[start : start + size] for node, start, size in places}


def from_lightgbm(booster: Any) -> TreeEnsemble:
    """Read the trees with which a ``lightgbm.Booster`` predicts: up to its best iteration.

    Those of DART are in it as they were scaled last, so they add up like any.

    Raises:
        UnsupportedTreesError: if it averages its trees (random forest) or has linear leaves.
    """
    model = booster.dump_model()
    if model["average_output"]:
        raise UnsupportedTreesError("averages its trees (rf)")
    outputs = model["num_tree_per_iteration"]
    trees = tuple(
        _lightgbm_tree(tree["tree_structure"], index % outputs)
        for index, tree in enumerate(model["tree_info"])
    )
    return TreeEnsemble(trees, model["max_feature_idx"] + 1, np.zeros(outputs))


def _lightgbm_tree(root: Mapping[str, Any], output: int) -> Tree:
    nodes = _flattened(root)
    if any("leaf_coeff" in node for node, _, _ in nodes):
        raise UnsupportedTreesError("has linear leaves (linear_tree)")
    by_category = [node.get("decision_type") == "==" for node, _, _ in nodes]
    thresholds = [
        0.0 if category else float(node.get("threshold", 0.0))
        for (node, _, _), category in zip(nodes, by_category, strict=True)
    ]
    zero_is_missing = np.array([node.get("missing_type") == "Zero" for node, _, _ in nodes])
    return Tree(
        left=np.array([left for _, left, _ in nodes], dtype=np.int64),
        right=np.array([right for _, _, right in nodes], dtype=np.int64),
        feature=np.array([node.get("split_feature", 0) for node, _, _ in nodes], dtype=np.int64),
        threshold=_above(thresholds),
        missing_left=np.array([_missing_goes_left(node) for node, _, _ in nodes], dtype=np.bool_),
        cover=np.array([_rows(node) for node, _, _ in nodes], dtype=np.float64),
        value=np.array([node.get("leaf_value", 0.0) for node, _, _ in nodes], dtype=np.float64),
        output=output,
        zero_is_missing=zero_is_missing if zero_is_missing.any() else None,
        categories={
            index: np.array(str(node["threshold"]).split("||"), dtype=np.int64)
            for index, ((node, _, _), category) in enumerate(zip(nodes, by_category, strict=True))
            if category
        },
    )


def _flattened(root: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], int, int]]:
    """List the nodes of a nested tree, the root first, each with the places of its children."""
    nodes, next_place = [root], 0
    flat = []
    while next_place < len(nodes):
        node = nodes[next_place]
        next_place += 1
        if "left_child" in node:
            flat.append((node, len(nodes), len(nodes) + 1))
            nodes += [node["left_child"], node["right_child"]]
        else:
            flat.append((node, LEAF, LEAF))
    return flat


def _rows(node: Mapping[str, Any]) -> float:
    # A tree of one leaf may come without a count; any one serves, for no share is taken of it.
    return float(node.get("internal_count", node.get("leaf_count", 1)))


def _missing_goes_left(node: Mapping[str, Any]) -> bool:
    """Say where a missing value goes: as a zero where the node has learned nothing of it."""
    if node.get("decision_type") != "<=":
        return False
    if node["missing_type"] == "None":
        return float(node["threshold"]) >= 0
    return bool(node["default_left"])


def _above(thresholds: list[float]) -> Floats:
    """Return the float32 next above each: x <= threshold is x < that for every float32 x."""
    exact = np.array(thresholds, dtype=np.float64)
    with np.errstate(over="ignore"):
        rounded = exact.astype(np.float32)
        above = np.nextafter(rounded, np.float32(np.inf))
    result: Floats = np.where(rounded > exact, rounded, above)
    return result
