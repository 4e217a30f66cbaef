"""Where the model comes from: data, features, algorithm, settings, libraries, code."""

from __future__ import annotations

from typing import Any, Final

from pipeline_code.core.metric_words import TITLES
from pipeline_code.steps.report.formats import cell, figure
from pipeline_code.steps.report.reading import Found, items, number_at, part

_UNKNOWN: Final = "unknown"


def lineage(document: Found, profile: Found) -> dict[str, Any]:
    """List what is known, as pairs of a term and what it is."""
    model = part(document, "model")
    data = {**part(document, "data"), **profile}
    terms: list[tuple[str, str, bool]] = [
        ("Data", str(data.get("data_hash") or _UNKNOWN), True),
        ("Feature groups", str(data.get("feature_versions") or "none"), False),
        ("Algorithm", _algorithm(document), False),
        ("Hyperparameters", _pairs(part(model, "hyperparameters")), False),
        ("Features", f"{len(items(model, 'features'))}{_categories(model)}", False),
        ("Libraries", _pairs(part(model, "libraries")), False),
        ("Weights", str(model.get("weights_hash") or _UNKNOWN), True),
    ]
    commit = document.get("code_commit") or model.get("code_commit")
    if commit:
        terms.append(("Code", str(commit), True))
    return {"terms": terms, "candidates": _candidates(document)}


def _pairs(found: Found) -> str:
    return ", ".join(f"{name}\u00a0{cell(value)}" for name, value in found.items()) or "none"


def _algorithm(document: Found) -> str:
    model = part(document, "model")
    said = str(model.get("algorithm") or _UNKNOWN)
    rounds = number_at(model, "best_iteration")
    if rounds is not None:
        said += f", {cell(int(rounds) + 1)} rounds kept"
    why = part(document, "training").get("why") or model.get("why")
    return f"{said}; {why}" if why else said


def _categories(model: Found) -> str:
    count = len(part(model, "categories"))
    return f", of which {count} are categories" if count else ""


def _candidates(document: Found) -> dict[str, Any] | None:
    """List the algorithms that were tried, as the record of the training tells them."""
    training = part(document, "training") or part(document, "model")
    found = [one for one in items(training, "candidates") if isinstance(one, dict)]
    if not found:
        return None
    metric = str(training.get("metric") or document.get("uplift_metric") or "")
    chosen = training.get("chosen") or part(document, "model").get("algorithm")
    return {
        "title": TITLES.get(metric, metric),
        "rows": [
            {
                "name": str(one.get("algorithm") or one.get("name")),
                "value": figure(_first(one, "value", "score")),
                "seconds": figure(number_at(one, "seconds")),
                "chosen": (one.get("algorithm") or one.get("name")) == chosen,
                "note": str(one.get("why") or one.get("reason") or one.get("error") or ""),
            }
            for one in found
        ],
    }


def _first(one: Found, *names: str) -> float | None:
    return next((value for name in names if (value := number_at(one, name)) is not None), None)
