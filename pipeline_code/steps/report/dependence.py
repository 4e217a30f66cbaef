"""How predictions move with single features, all others left as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from markupsafe import Markup

from pipeline_code.core.charts import Frame, Series
from pipeline_code.core.charts_axes import Axis, number_axis
from pipeline_code.core.charts_dependence import Level, level_chart, rows_under_lines
from pipeline_code.core.problem_types import MULTICLASS, REGRESSION
from pipeline_code.steps.report.formats import cell, figure, percent
from pipeline_code.steps.report.reading import Found, items, number_at, part, problem_type

_HEIGHT: Final = 230.0
_CATEGORIES: Final = 10
_LINES: Final = 4


def dependence_charts(document: Found) -> list[dict[str, Any]]:
    """Draw each feature's curve, with what there is to say where it is missing."""
    drawn = []
    for one in items(document, "partial_dependence"):
        grid, values = items(one, "grid"), items(one, "values")
        if not grid or len(values) != len(grid):
            continue
        lines = _lines(document, values)
        chart = (
            _categories(document, one, grid, values, lines)
            if one.get("kind") == "category"
            else _numbers(document, one, grid, values, lines)
        )
        drawn.append(
            {
                "feature": one.get("feature"),
                "chart": chart,
                "labels": [name for name, _ in lines] if len(lines) > 1 else [],
                "left_out": max(0, len(grid) - _CATEGORIES) if one.get("kind") == "category" else 0,
                "missing": _missing(document, one, lines),
            }
        )
    return drawn


def _lines(document: Found, values: Sequence[Any]) -> list[tuple[str, int | None]]:
    """Choose what is followed: the prediction, or the classes that it moves most."""
    if not isinstance(values[0], list):
        return [("prediction", None)]
    reach = [max(column) - min(column) for column in zip(*values, strict=True)]
    labels = items(document, "classes") or list(range(len(reach)))
    order = sorted(range(len(reach)), key=lambda at: (-reach[at], at))[:_LINES]
    return [(str(labels[at]), at) for at in order]


def _value(values: Any, at: int | None) -> float:
    return float(values if at is None else values[at])


def _what(document: Found) -> str:
    kind = problem_type(document)
    if kind == REGRESSION:
        return f"mean predicted {part(document, 'problem').get('target', 'value')}"
    return "mean probability" if kind == MULTICLASS else "mean score"


def _axis(document: Found, label: str, values: Sequence[float]) -> Axis:
    if problem_type(document) == REGRESSION:
        return number_axis(label, values, count=4)
    return number_axis(label, [0.0, *values], count=4, is_share=True)


def _numbers(
    document: Found,
    one: Found,
    grid: Sequence[float],
    values: Sequence[Any],
    lines: Sequence[tuple[str, int | None]],
) -> Markup:
    series = [
        Series(name, index, [(x, _value(y, at)) for x, y in zip(grid, values, strict=True)])
        for index, (name, at) in enumerate(lines)
    ]
    heights = [y for drawn in series for _, y in drawn.points]
    feature = str(one.get("feature"))
    frame = Frame(
        title=f"Prediction by {feature}",
        description=(
            f"The {_what(document)} moves between {figure(min(heights))} and "
            f"{figure(max(heights))} as {feature} goes from {figure(grid[0])} to "
            f"{figure(grid[-1])}. The bars below tell how many rows lie there."
        ),
        x=number_axis(feature, grid),
        y=_axis(document, _what(document), heights),
        height=_HEIGHT,
    )
    shares = items(one, "rows")
    return rows_under_lines(frame, series, list(zip(grid, shares, strict=False)))


def _categories(
    document: Found,
    one: Found,
    grid: Sequence[Any],
    values: Sequence[Any],
    lines: Sequence[tuple[str, int | None]],
) -> Markup:
    shares = [float(share or 0) for share in items(one, "rows")] or [0.0] * len(grid)
    order = sorted(range(len(grid)), key=lambda at: (-shares[at], at))[:_CATEGORIES]
    levels = [
        Level(
            cell(grid[at]),
            f"{percent(shares[at])} of rows",
            [_value(values[at], place) for _, place in lines],
        )
        for at in order
    ]
    reached = [value for level in levels for value in level.values]
    feature = str(one.get("feature"))
    return level_chart(
        f"Prediction by {feature}",
        f"The {_what(document)} of each value of {feature}, between {figure(min(reached))} and "
        f"{figure(max(reached))}.",
        _axis(document, _what(document), reached),
        levels,
    )


def _missing(document: Found, one: Found, lines: Sequence[tuple[str, int | None]]) -> str:
    missing = part(one, "missing")
    share = number_at(missing, "rows")
    if not share or "values" not in missing:
        return ""
    written = percent if problem_type(document) != REGRESSION else figure
    said = [
        f"{written(_value(missing['values'], at))}{f' for {name}' if len(lines) > 1 else ''}"
        for name, at in lines
    ]
    return f"Where it is missing ({percent(share)} of rows): {', '.join(said)}."
