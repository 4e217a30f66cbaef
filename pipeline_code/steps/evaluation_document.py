"""Write an evaluation as the JSON document that the gate, the registry and the report read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from pipeline_code.core import curves
from pipeline_code.core.bootstrap import Interval
from pipeline_code.core.metrics import decisions
from pipeline_code.core.tables import Columns
from pipeline_code.steps.evaluate import Evaluation, Measured, error_costs
from pipeline_code.steps.explain import Example


def evaluation_document(evaluation: Evaluation, profile: Mapping[str, Any]) -> dict[str, Any]:
    """Write the evaluation as JSON-ready values; ``profile`` is what Prepare said of the data."""
    usecase, ours, old = evaluation.usecase, evaluation.challenger, evaluation.champion
    rival = evaluation.rival
    counts = decisions(evaluation.target, ours.scores, ours.model.threshold)
    return {
        "usecase": usecase.name,
        "problem": usecase.problem.model_dump(mode="json"),
        "rows": len(evaluation.target),
        "positives": int(evaluation.target.sum()),
        "metrics": _intervals(ours.metrics),
        "champion": rival
        and {"version": rival.version, "metrics": _intervals(old.metrics) if old else None},
        "uplift": rival
        and rival.uplift
        and {"metric": usecase.gate.metric, **asdict(rival.uplift)},
        "uplift_metric": usecase.gate.metric,
        "confidence": usecase.evaluation.confidence,
        "gate": asdict(evaluation.verdict),
        "threshold": ours.model.threshold,
        "validation": evaluation.validation,
        "cost": _money(evaluation),
        "confusion_matrix": [
            [counts.true_negatives, counts.false_positives],
            [counts.false_negatives, counts.true_positives],
        ],
        "curves": _curves(evaluation),
        "importance": [asdict(one) for one in evaluation.explanation.importance],
        "explanation": {
            "rows": evaluation.explanation.rows,
            "base": evaluation.explanation.base,
            "dots": [asdict(one) for one in evaluation.explanation.dots],
            "examples": [_example(one, evaluation.ids) for one in evaluation.examples],
        },
        "model": ours.model.metadata.model_dump(mode="json"),
        "data": {
            key: profile[key]
            for key in ("data_hash", "feature_versions", "rows", "split", "quarantine_reasons")
            if key in profile
        },
    }


def _money(evaluation: Evaluation) -> dict[str, Any]:
    costs = evaluation.usecase.costs
    champion = evaluation.champion
    nothing = int(evaluation.target.sum()) * costs.false_negative
    cost = evaluation.challenger.metrics["cost"].value
    return {
        **costs.model_dump(mode="json"),
        "challenger": cost,
        "champion": champion.metrics["cost"].value if champion else None,
        "without_model": nothing,
        "saved": nothing - cost,
    }


def _curves(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "challenger": _curves_of(evaluation, evaluation.challenger),
        "champion": evaluation.champion and _curves_of(evaluation, evaluation.champion),
    }


def _curves_of(evaluation: Evaluation, measured: Measured) -> dict[str, Any]:
    target, scores = evaluation.target, measured.scores
    return {
        "roc": curves.roc_curve(target, scores),
        "precision_recall": curves.precision_recall_curve(target, scores),
        "cost": curves.cost_curve(target, scores, error_costs(evaluation.usecase)),
        "calibration": [asdict(one) for one in curves.calibration(target, scores)],
        "scores": curves.score_histogram(target, scores),
    }


def _intervals(found: Mapping[str, Interval]) -> dict[str, Any]:
    return {name: asdict(interval) for name, interval in found.items()}


def _example(example: Example, ids: Columns) -> dict[str, Any]:
    return {
        **asdict(example),
        "ids": {name: _plain(values[example.row]) for name, values in ids.items()},
    }


def _plain(value: Any) -> Any:
    """Turn one cell into a JSON value."""
    if isinstance(value, np.datetime64):
        return str(value.astype("datetime64[s]"))
    if not isinstance(value, np.generic):
        return None if value is None else str(value)
    plain = value.item()
    return None if isinstance(plain, float) and np.isnan(plain) else plain
