"""Draw how the rows spread over the values of a column, and what the target is like there."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Final

from markupsafe import Markup

from pipeline_code.core.charts_small import sparkline
from pipeline_code.core.problem_types import BINARY, MULTICLASS
from pipeline_code.steps.report.formats import cell, figure, percent, plural
from pipeline_code.steps.report.reading import Found, items, part, problem_type

_BARS: Final = 40
_STACKS: Final = 6
_OTHER: Final = "(other)"
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


def shape(document: Found, name: str, column: Found) -> Markup | None:
    """Draw the histogram of a column; None where there is none."""
    histogram = part(column, "histogram")
    places = _places(histogram)
    counts = _picked(items(histogram, "counts"), places)
    if not counts:
        return None
    size = math.ceil(len(counts) / _BARS)
    title = f"Distribution of {name}"
    told = f"{plural(len(counts), 'bar')}; the highest holds {plural(max(counts), 'row')}."
    bars = _merged(counts, size)
    if name == part(document, "problem").get("target"):
        return sparkline(title, told, [bars])
    kind, classes = problem_type(document), items(histogram, "classes")
    if kind == MULTICLASS and len(classes) == len(counts):
        stacks = _stacks(document, [classes[at] for at in places], size)
        return sparkline(title, told, stacks)
    values = _trend(histogram, places, counts, size, kind)
    trend, words = _scaled(values, kind)
    is_apart = _is_text(items(histogram, "values"))
    return sparkline(title, f"{told}{words}", [bars], trend, is_apart=is_apart)


def ends(document: Found, name: str, column: Found) -> tuple[str, str]:
    """Say what stands at either end of the drawing: the extremes, or the first and last value."""
    if name == part(document, "problem").get("target") and (known := _end_classes(document)):
        return known
    if column.get("min") is not None and column.get("max") is not None:
        return _end(column["min"]), _end(column["max"])
    histogram = part(column, "histogram")
    values = items(histogram, "values")
    if not values:
        return "", ""
    places = _places(histogram)
    return cell(values[places[0]]), cell(values[places[-1]]) if len(places) > 1 else ""


def stack_names(document: Found) -> list[str]:
    """Name the classes that have a colour of their own, most frequent first."""
    labels, order = items(document, "classes"), _order(document)
    if len(labels) != len(order):
        return []
    named = [str(labels[at]) for at in order[: _own_colours(len(order))]]
    rest = len(order) - len(named)
    return [*named, plural(rest, "other")] if rest else named


def _end_classes(document: Found) -> tuple[str, str] | None:
    """Name the classes that the encoded target's ends stand for."""
    labels, problem = items(document, "classes"), part(document, "problem")
    if labels:
        return cell(labels[0]), cell(labels[-1])
    if problem_type(document) == BINARY and "positive" in problem:
        return f"not {cell(problem['positive'])}", cell(problem["positive"])
    return None


def _end(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return cell(value).removesuffix("T00:00:00").replace("T", " ")
    return figure(value)


def _places(histogram: Found) -> list[int]:
    """Put the most frequent texts first, for they have no order; other values stay as they are."""
    values, counts = items(histogram, "values"), items(histogram, "counts")
    places = list(range(len(counts)))
    if not _is_text(values) or len(values) != len(counts):
        return places
    return sorted(places, key=lambda at: (values[at] == _OTHER, -counts[at], at))


def _is_text(values: Sequence[Any]) -> bool:
    return any(isinstance(one, str) and not _DAY.fullmatch(one) for one in values)


def _picked(values: Sequence[Any], places: Sequence[int]) -> list[float]:
    return [float(values[at] or 0) for at in places]


def _merged(counts: Sequence[float], size: int) -> list[float]:
    return [sum(counts[at : at + size]) for at in range(0, len(counts), size)]


def _trend(
    histogram: Found, places: Sequence[int], counts: Sequence[float], size: int, kind: str
) -> list[float | None]:
    """Say what the target is like in each bar; bars that are drawn as one are averaged."""
    found = items(histogram, "positives" if kind == BINARY else "means")
    if len(found) != len(counts):
        return []
    sums = _picked(found, places)
    if kind != BINARY:
        sums = [mean * rows for mean, rows in zip(sums, counts, strict=True)]
    pairs = zip(_merged(sums, size), _merged(counts, size), strict=True)
    return [total / rows if rows else None for total, rows in pairs]


def _scaled(values: Sequence[float | None], kind: str) -> tuple[list[float | None], str]:
    """Stretch a trend over the height of the drawing, shares from 0, and say its ends."""
    known = [value for value in values if value is not None]
    if not known:
        return [], ""
    low, high = (0.0 if kind == BINARY else min(known)), max(known)
    span = high - low
    trend = [None if value is None else (value - low) / span if span else 0.5 for value in values]
    written = percent if kind == BINARY else figure
    what = "share of positives" if kind == BINARY else "mean of the target"
    return trend, f" The line is the {what}, {written(min(known))} to {written(high)}."


def _order(document: Found) -> list[int]:
    """Put the most frequent classes first: they have a colour of their own."""
    rows = items(document, "class_rows")
    return sorted(range(len(rows)), key=lambda at: (-rows[at], at))


def _own_colours(classes: int) -> int:
    return classes if classes <= _STACKS else _STACKS - 1


def _stacks(document: Found, classes: Sequence[Sequence[float]], size: int) -> list[list[float]]:
    """Turn the classes of each bar into the bars of each class, rare classes in one."""
    order, width = _order(document), len(classes[0])
    if len(order) != width:
        order = list(range(width))
    shown = order[: _own_colours(width)]
    found = [_merged([bar[at] for bar in classes], size) for at in shown]
    if rest := order[len(shown) :]:
        found.append(_merged([sum(bar[at] for at in rest) for bar in classes], size))
    return found
