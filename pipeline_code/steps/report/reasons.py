"""Why the model decides so: what moves its predictions, in which direction, in which rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from markupsafe import Markup

from pipeline_code.core.charts_rows import Bar, DotRow, bar_chart, dot_rows
from pipeline_code.core.problem_types import MULTICLASS, REGRESSION
from pipeline_code.steps.report.dependence import dependence_charts
from pipeline_code.steps.report.formats import cell, figure, percent
from pipeline_code.steps.report.reading import Found, items, number_at, part, problem_type

_BARS: Final = 15
_ROWS_OF_DOTS: Final = 10
_SHADES: Final = 4
_KINDS: Final = 4  # categories with a colour of their own; the others share one
_SHOWN_CLASSES: Final = 12


def reasons(document: Found) -> dict[str, Any] | None:
    """Describe what moves the predictions; None where nothing is known."""
    importance = [one for one in items(document, "importance") if number_at(one, "mean_abs_shap")
                  is not None]  # fmt: skip
    if not importance:
        return None
    unit = str(part(document, "explanation").get("unit") or "log odds")
    classes = _classes(document)
    return {
        "unit": unit,
        "rows": number_at(document, "explanation", "rows"),
        "importance": _importance(importance, unit),
        "features": [
            {
                "feature": one["feature"],
                "shap": one["mean_abs_shap"],
                "gain": number_at(one, "gain"),
            }
            for one in importance
        ],
        "dots": _dots(document),
        "kinds": _kinds(document),
        "classes": classes[:_SHOWN_CLASSES],
        "more_classes": classes[_SHOWN_CLASSES:],
        "dependence": dependence_charts(document),
        "examples": [_example(document, one) for one in items(document, "explanation", "examples")],
    }


def _importance(importance: Sequence[Found], unit: str) -> Markup:
    bars = [
        Bar(str(one["feature"]), one["mean_abs_shap"], figure(one["mean_abs_shap"], 3))
        for one in importance[:_BARS]
    ]
    return bar_chart(
        "Importance of the features",
        f"Mean absolute SHAP value in {unit}: how far each feature moves a prediction on "
        f"average. The strongest is {bars[0].name}.",
        bars,
    )


def _dots(document: Found) -> Markup | None:
    rows = [
        DotRow(
            str(one.get("feature")),
            items(one, "shap"),
            [_shade(rank, items(one, "categories")) for rank in items(one, "rank")],
        )
        for one in _pictured(document)
    ]
    if not rows:
        return None
    return dot_rows(
        "What low and high values do",
        "Each dot is one row: right of the middle the feature's value raises the prediction, left "
        "it lowers it. The shade tells small values from large ones, or categories apart.",
        rows,
    )


def _pictured(document: Found) -> list[Any]:
    found = items(document, "explanation", "dots")
    return [one for one in found if len(items(one, "shap")) == len(items(one, "rank"))][
        :_ROWS_OF_DOTS
    ]


def _shade(rank: float | None, categories: Sequence[str]) -> str:
    """Colour a dot: a number by its size, a category by which it is, for they have no order."""
    if rank is None:
        return "shade-none"
    if not categories:
        return f"shade-{round(rank * _SHADES)}"
    place = round(rank * (len(categories) - 1))
    return f"kind-{place}" if place < _KINDS else "kind-rest"


def _kinds(document: Found) -> list[dict[str, Any]]:
    """Name the categories that have a colour of their own, by feature."""
    return [
        {
            "feature": one["feature"],
            "names": [cell(name) for name in items(one, "categories")[:_KINDS]],
            "others": max(0, len(items(one, "categories")) - _KINDS),
        }
        for one in _pictured(document)
        if items(one, "categories")
    ]


def _classes(document: Found) -> list[dict[str, Any]]:
    """List what moves the prediction of each class, strongest class first."""
    found = []
    for one in items(document, "explanation", "classes"):
        features = [
            (row.get("feature"), number_at(row, "mean_abs_shap") or 0.0)
            for row in items(one, "features")
        ]
        found.append({"label": one.get("label"), "features": features})
    return sorted(found, key=lambda one: -sum(value for _, value in one["features"]))


def _example(document: Found, example: Found) -> dict[str, Any]:
    kind, target = problem_type(document), part(document, "problem").get("target", "")
    unit = str(part(document, "explanation").get("unit") or "log odds")
    return {
        "title": example.get("title", "A row"),
        "facts": _facts(example, kind, str(target)),
        "ids": {name: value for name, value in part(example, "ids").items() if name != target},
        "unit": unit,
        "contributions": [
            {
                "feature": one.get("feature"),
                "value": one.get("value"),
                "verb": "raises" if (number_at(one, "shap") or 0) > 0 else "lowers",
                "by": figure(abs(number_at(one, "shap") or 0.0), 3),
            }
            for one in items(example, "contributions")
        ],
    }


def _facts(example: Found, kind: str, target: str) -> str:
    score = number_at(example, "score")
    if kind == MULTICLASS:
        return (
            f"It is {cell(example.get('actual'))} and was called {cell(example.get('called'))}, "
            f"with a probability of {percent(score)}."
        )
    if kind == REGRESSION:
        return (
            f"Predicted {target} {figure(score)}, in truth {figure(number_at(example, 'actual'))}."
        )
    truth = example.get("is_positive")
    if truth is None:
        return f"Score {figure(score)}."
    return f"Score {figure(score)}, in truth {'positive' if truth else 'negative'}."
