"""What was measured of a model, as the evaluation details of a model card."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pipeline_code.core.metric_words import TITLES

_NAME: Final = 63
_NOTES: Final = 1_024
_OBSERVATION: Final = 2_096
_MATRIX: Final = 20
_POINTS: Final = 50
_FEATURES: Final = 20
_SLICES: Final = 40
"""Limits of the schema, whose source `pipeline_code.steps.model_card` names, and of a reader."""

Document = Mapping[str, Any]
_CURVES: Final = {
    "roc": ("ROC curve", "false positive rate", "true positive rate"),
    "precision_recall": ("precision and recall", "recall", "precision"),
}
_KNOWN_ROWS: Final = "Validation rows, which it learned from: no measure of new rows"


def evaluation_details(evaluation: Document, *, curves: bool, slices: bool) -> list[dict[str, Any]]:
    """Write the test rows first, then the champion, the validation rows, slices and fairness.

    Args:
        evaluation: what Evaluate found, of any type of problem; parts that it lacks are left out.
        curves: whether to draw curves.
        slices: whether to list slices.
    """
    champion = evaluation.get("champion") or {}
    details = [_test_rows(evaluation, curves=curves)]
    if champion.get("metrics"):
        name = f"Champion, version {champion.get('version')}, on the same rows"
        details.append(_detail(name, [_group("Metrics", _metrics(champion["metrics"]))]))
    if evaluation.get("validation"):
        group = _group("Metrics", _metrics(evaluation["validation"]))
        knows = evaluation.get("validation_in_sample")
        name = _KNOWN_ROWS if knows else "Validation rows, on which the model was chosen"
        details.append(_detail(name, [group]))
    if slices:
        details += _slices("Slices of the test rows", evaluation.get("slices"))
        details += _slices("How slices are treated", evaluation.get("fairness"))
    return details


def finite(value: object) -> float | None:
    """Return a number that JSON has a word for; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value


def clipped(text: object, length: int) -> str:
    """Write a text on one line, cut where it is longer than the schema allows."""
    line = " ".join(str(text).split())
    return line if len(line) <= length else f"{line[: length - 1]}…"


def _test_rows(evaluation: Document, *, curves: bool) -> dict[str, Any]:
    gate, data = evaluation.get("gate") or {}, evaluation.get("data") or {}
    groups = [
        _group("Metrics", _metrics(evaluation.get("metrics") or {})),
        _group("Confusion matrix", _matrix(evaluation)),
        _group("Importance", _importance(evaluation.get("importance") or ())),
    ]
    if curves:
        groups.append(_group("Curves", _curves(evaluation.get("curves") or {})))
    facts = {
        "rows": evaluation.get("rows"),
        "confidence of the intervals": evaluation.get("confidence"),
        "decision": gate.get("decision"),
        "threshold": evaluation.get("threshold"),
    }
    return {
        **_detail("Test rows", groups),
        "evaluation_observation": clipped(gate.get("reason") or "", _OBSERVATION),
        "datasets": [clipped(data["data_hash"], _NOTES)] if data.get("data_hash") else [],
        "metadata": {name: clipped(value, _NOTES) for name, value in facts.items() if value},
    }


def _detail(name: str, groups: Sequence[Document]) -> dict[str, Any]:
    kept = [group for group in groups if group["metric_data"]]
    return {"name": clipped(name, _NAME), "metric_groups": kept}


def _group(name: str, data: Iterator[dict[str, Any]]) -> dict[str, Any]:
    return {"name": clipped(name, _NAME), "metric_data": list(data)}


def _metrics(found: Document) -> Iterator[dict[str, Any]]:
    """Write figures, with their interval where they have one; what has no value is left out."""
    for name, metric in found.items():
        interval = metric if isinstance(metric, Mapping) else {"value": metric}
        value = finite(interval.get("value"))
        if value is None:
            continue
        low, high = finite(interval.get("low")), finite(interval.get("high"))
        one = {"name": TITLES.get(name, name), "type": "number", "value": value}
        if low is not None and high is not None:
            one["notes"] = f"from {low:.6g} to {high:.6g}"
        yield one


def _matrix(evaluation: Document) -> Iterator[dict[str, Any]]:
    matrix = evaluation.get("confusion_matrix")
    if not matrix or len(matrix) > _MATRIX:
        return
    problem = evaluation.get("problem") or {}
    labels = evaluation.get("classes") or problem.get("classes") or ("negative", "positive")
    names = [clipped(label, _NAME) for label in labels]
    yield {
        "name": "confusion matrix",
        "type": "matrix",
        "value": matrix,
        "notes": "a row is what a case was, a column what it was called",
        "x_axis_name": names,
        "y_axis_name": names,
    }


def _importance(found: Sequence[Document]) -> Iterator[dict[str, Any]]:
    most = [one for one in found if finite(one.get("mean_abs_shap")) is not None][:_FEATURES]
    if most:
        yield {
            "name": "mean absolute contribution of a feature",
            "type": "bar_chart",
            "value": [one["mean_abs_shap"] for one in most],
            "x_axis_name": [clipped(one.get("feature"), _NAME) for one in most],
            "y_axis_name": "mean absolute SHAP value",
        }


def _curves(found: Document) -> Iterator[dict[str, Any]]:
    for name, (title, x_name, y_name) in _CURVES.items():
        points = [
            list(map(finite, point)) for point in (found.get("challenger") or {}).get(name, ())
        ]
        known = [point for point in points if len(point) == 2 and None not in point]
        step = max(1, math.ceil(len(known) / _POINTS))
        if known:
            yield {
                "name": title,
                "type": "linear_graph",
                # The last point closes the curve, whatever the step.
                "value": [*known[:-1:step], known[-1]],
                "x_axis_name": x_name,
                "y_axis_name": y_name,
            }


def _slices(name: str, found: Sequence[Document] | None) -> Iterator[dict[str, Any]]:
    """Write a group a slice; beyond `_SLICES` of them the report is the place to look."""
    told = [one for one in found or () if not one.get("too_small")]
    groups = [
        _group(f"{one.get('column')} = {one.get('value')}", _metrics(_figures(one)))
        for one in told[:_SLICES]
    ]
    detail = _detail(name, groups)
    if not detail["metric_groups"]:
        return
    if len(told) > _SLICES:
        detail["evaluation_observation"] = f"the first {_SLICES} of {len(told)} slices"
    yield detail


def _figures(one: Document) -> dict[str, Any]:
    own = {key: value for key, value in one.items() if key not in ("column", "value")}
    sure = {
        key: {"value": own.get(key), **ends} for key, ends in (one.get("intervals") or {}).items()
    }
    return {**own, **(one.get("metrics") or {}), **sure}
