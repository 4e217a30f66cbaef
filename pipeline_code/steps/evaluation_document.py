"""Write an evaluation as the JSON document that the gate, the registry and the report read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from pipeline_code.core.bootstrap import Interval
from pipeline_code.core.fairness import Figure, Rates, SliceFairness, by_slice
from pipeline_code.core.fairness_intervals import fairness_intervals
from pipeline_code.core.figures import short
from pipeline_code.core.problem_types import BINARY
from pipeline_code.core.tables import Columns
from pipeline_code.steps.evaluate import Evaluation
from pipeline_code.steps.evaluate_slices import MeasuredSlice
from pipeline_code.steps.explain import Explanation
from pipeline_code.steps.explain_dependence import Dependence
from pipeline_code.steps.explain_examples import Example
from pipeline_code.steps.predict import ModelMetadata

_OF_THE_PROFILE: Final = (
    "data_hash",
    "feature_versions",
    "rows",
    "split",
    "quarantine_reasons",
    "target_relation",
    "likely_leaks",
    "drift",
    "drift_thresholds",
)
"""What the report says of the data; the columns of the profile are too many to copy."""


def evaluation_document(evaluation: Evaluation, profile: Mapping[str, Any]) -> dict[str, Any]:
    """Write the evaluation as JSON-ready values; ``profile`` is what Prepare said of the data."""
    usecase, kind, outcome = evaluation.usecase, evaluation.kind, evaluation.outcome
    reasons = evaluation.reasons
    return {
        "usecase": usecase.name,
        "problem": usecase.problem.model_dump(mode="json"),
        "rows": len(evaluation.target),
        "metrics": _intervals(evaluation.challenger.metrics),
        **_rivalry(evaluation),
        "confidence": usecase.evaluation.confidence,
        "gate": asdict(evaluation.verdict),
        "validation": evaluation.validation,
        "validation_in_sample": evaluation.challenger.model.metadata.knows_validation,
        "cost": kind.money(outcome, _trained_on(profile)),
        **kind.parts(outcome),
        "importance": [asdict(one) for one in reasons.explanation.importance],
        "explanation": {
            **_explanation(reasons.explanation, kind.unit),
            "examples": [_example(one, evaluation.ids) for one in reasons.examples],
        },
        "partial_dependence": [_dependence(one) for one in reasons.dependence],
        "slices": [_slice(one) for one in evaluation.slices],
        "fairness": list(_fairness(evaluation)),
        "model": _model(evaluation.challenger.model.metadata),
        "data": {key: profile[key] for key in _OF_THE_PROFILE if key in profile},
    }


def _rivalry(evaluation: Evaluation) -> dict[str, Any]:
    rival, old, metric = evaluation.rival, evaluation.champion, evaluation.usecase.gate.metric
    uplift = rival.uplift if rival else None
    return {
        "champion": rival
        and {
            "version": rival.version,
            "metrics": _intervals(old.metrics) if old else None,
        },
        "uplift": uplift and {"metric": metric, **asdict(uplift)},
        "uplift_metric": metric,
    }


def _trained_on(profile: Mapping[str, Any]) -> Mapping[str, Any]:
    """Find what the profile says of the target of the training rows."""
    part = (profile.get("split") or {}).get("train") or {}
    found: Mapping[str, Any] = part.get("target") or {}
    return found


def _intervals(found: Mapping[str, Interval]) -> dict[str, Any]:
    return {name: asdict(interval) for name, interval in found.items()}


def _explanation(found: Explanation, unit: str) -> dict[str, Any]:
    return {
        "rows": found.rows,
        "base": found.base,
        "unit": unit,
        "dots": [asdict(one) for one in found.dots],
        "classes": [
            {
                "label": one.label,
                "base": one.base,
                "features": [
                    {"feature": name, "mean_abs_shap": value} for name, value in one.features
                ],
            }
            for one in found.classes
        ],
    }


def _example(example: Example, ids: Columns) -> dict[str, Any]:
    return {
        "title": example.title,
        "row": example.row,
        "score": example.score,
        **example.outcome,
        "contributions": [asdict(one) for one in example.contributions],
        "ids": {name: _plain(values[example.row]) for name, values in ids.items()},
    }


def _dependence(one: Dependence) -> dict[str, Any]:
    return {
        **asdict(one),
        "missing": one.missing and {"values": one.missing[0], "rows": one.missing[1]},
    }


def _slice(one: MeasuredSlice) -> dict[str, Any]:
    return {
        **asdict(one),
        "metrics": _shortened(one.metrics),
        "champion": None if one.champion is None else _shortened(one.champion),
    }


def _shortened(found: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else short(value) for name, value in found.items()}


def _fairness(evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    """Compare each slice of a binary problem with all other rows, small slices left out."""
    if evaluation.kind.type != BINARY:
        return
    ours = evaluation.challenger
    called = ours.scores >= ours.model.threshold
    small = {(one.column, one.value) for one in evaluation.slices if one.too_small}
    for sliced in evaluation.sliced:
        figures = by_slice(evaluation.target, called, sliced.codes, sliced.names)
        ends = fairness_intervals(
            evaluation.target, called, sliced.codes, len(sliced.names), evaluation.plan
        )
        for found, sure in zip(figures, ends, strict=True):
            if (sliced.column, found.name) not in small:
                compared = _compared(found)
                yield {
                    "column": sliced.column,
                    "value": found.name,
                    **compared,
                    "intervals": {
                        name: {"low": short(each[0]), "high": short(each[1])}
                        for name, each in sure.items()
                        if each is not None and compared[name] is not None
                    },
                }


def _compared(found: SliceFairness) -> dict[str, Any]:
    """Lay the figures of a slice flat; ``reasons`` says of each missing one why it is."""
    differences = {
        "label_difference": found.label_difference,
        "selection_difference": found.selection_difference,
        "disparate_impact": found.disparate_impact,
        "opportunity_difference": found.opportunity_difference,
    }
    own = _figures(found.rates)
    return {
        "rows": found.rates.rows,
        **_values({**own, **differences}),
        "others": {"rows": found.others.rows, **_values(_figures(found.others))},
        "reasons": {
            name: one.reason for name, one in {**own, **differences}.items() if one.value is None
        },
    }


def _figures(rates: Rates) -> dict[str, Figure]:
    return {
        "positive_share": rates.positive_share,
        "selection_rate": rates.selection_rate,
        "true_positive_rate": rates.true_positive_rate,
        "false_positive_rate": rates.false_positive_rate,
        "precision": rates.precision,
    }


def _values(figures: Mapping[str, Figure]) -> dict[str, float | None]:
    return {name: None if one.value is None else short(one.value) for name, one in figures.items()}


def _model(metadata: ModelMetadata) -> dict[str, Any]:
    """Write what the model is, without the rows it remembers; of categories only how many."""
    document = metadata.model_dump(mode="json", exclude={"probe"})
    known = {feature: len(values) for feature, values in metadata.categories.items()}
    return {**document, "categories": known}


def _plain(value: Any) -> Any:
    """Turn one cell into a JSON value."""
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else str(value.astype("datetime64[s]"))
    if not isinstance(value, np.generic):
        return None if value is None else str(value)
    plain = value.item()
    return None if isinstance(plain, float) and not np.isfinite(plain) else plain
