"""How far a regression's predictions lie from what happened."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Final

from markupsafe import Markup

from pipeline_code.core.charts import Frame
from pipeline_code.core.charts_axes import Axis, number_axis
from pipeline_code.core.charts_values import Box, box_chart, histogram_chart, scatter_chart
from pipeline_code.steps.report.formats import figure, percent
from pipeline_code.steps.report.reading import Found, items, number_at, part, sides

_FEW: Final = 2

Edges = Sequence[float]


def errors(document: Found) -> dict[str, Any] | None:
    """Describe the errors; None where they are not known."""
    ours = part(document, "residuals", "challenger")
    if not ours:
        return None
    target = str(part(document, "problem").get("target", "the target"))
    return {
        "target": target,
        "within": _within(document),
        "deciles": _boxes(ours),
        "charts": [one for one in _charts(document, ours, target) if one is not None],
        "half": number_at(document, "metrics", "median_absolute_error", "value"),
        "mean": number_at(document, "metrics", "mae", "value"),
        "explained": number_at(document, "metrics", "r2", "value"),
    }


def _charts(document: Found, ours: Found, target: str) -> list[tuple[str, str, Markup] | None]:
    return [
        _scatter(ours, target),
        _histogram(document, target),
        _by_decile(ours, target),
    ]


def _within(document: Found) -> list[dict[str, Any]]:
    """List how many predictions lie within some percent of the truth, of each model."""
    by_side = {
        name: {one.get("percent"): number_at(one, "share") for one in items(found, "within")}
        for _, name, found in sides(document, "residuals")
    }
    champion = by_side.get("champion", {})
    return [
        {"percent": limit, "share": share, "champion": champion.get(limit)}
        for limit, share in by_side.get("challenger", {}).items()
    ]


def _scatter(ours: Found, target: str) -> tuple[str, str, Markup] | None:
    dots = [(said, actual) for actual, said in items(ours, "scatter")]
    if not dots:
        return None
    both = list(itertools.chain.from_iterable(dots))
    frame = Frame(
        title="Predicted and actual values",
        description=(
            f"{len(dots)} test rows: the actual {target} against the predicted one. On the "
            "diagonal a prediction is exact; above it the truth was more."
        ),
        x=number_axis(f"predicted {target}", both),
        y=number_axis(f"actual {target}", both),
        diagonal=True,
    )
    words = f"On the diagonal a prediction is exact. {len(dots)} test rows are drawn."
    return "Predicted and actual.", words, scatter_chart(frame, [("dot-0", dots)])


def _histogram(document: Found, target: str) -> tuple[str, str, Markup] | None:
    """Draw the challenger's residuals as bars, the champion's as an outline of the same area."""
    drawn = [
        (items(found, "histogram", "edges"), items(found, "histogram", "counts"))
        for _, _, found in sides(document, "residuals")
    ]
    if not drawn or not _is_drawable(*drawn[0]):
        return None
    edges, counts = drawn[0]
    outline = None
    if len(drawn) > 1 and _is_drawable(*drawn[1]):
        scale = (edges[1] - edges[0]) / (drawn[1][0][1] - drawn[1][0][0])
        outline = (drawn[1][0], [count * scale for count in drawn[1][1]])
    tallest = max([*counts, *(outline[1] if outline else ())])
    axis = number_axis("test rows", [0, tallest])
    frame = Frame(
        title="Residuals",
        description=(
            f"How many test rows have which error: actual minus predicted {target}, from "
            f"{figure(edges[0])} to {figure(edges[-1])}. The outermost bars hold what lies beyond."
        ),
        x=number_axis(
            f"actual minus predicted {target}", [*edges, *(outline[0] if outline else ())]
        ),
        y=axis,
    )
    words = "Left of 0 too much was predicted, right of it too little." + (
        " The dashed outline is the champion, drawn with the same area." if outline else ""
    )
    return "How large errors are.", words, histogram_chart(frame, edges, counts, outline)


def _is_drawable(edges: Edges, counts: Sequence[int]) -> bool:
    return len(edges) >= _FEW and len(edges) == len(counts) + 1 and edges[0] < edges[-1]


def _boxes(ours: Found) -> list[dict[str, Any]]:
    names = ("predicted", "low", "lower_quartile", "median", "upper_quartile", "high")
    return [
        {name: number_at(one, name) for name in (*names, "rows")}
        for one in items(ours, "by_decile")
        if all(number_at(one, name) is not None for name in names)
    ]


def _by_decile(ours: Found, target: str) -> tuple[str, str, Markup] | None:
    found = _boxes(ours)
    if not found:
        return None
    boxes = [
        Box(at + 1, one["low"], one["lower_quartile"], one["median"], one["upper_quartile"],
            one["high"])
        for at, one in enumerate(found)
    ]  # fmt: skip
    ticks = tuple(
        (one.x, figure(row["predicted"], 3)) for one, row in zip(boxes, found, strict=True)
    )
    ticks = ticks if len(ticks) <= 5 else ticks[::3]
    frame = Frame(
        title="Residuals by prediction",
        description=(
            f"Tenths of the test rows by their predicted {target}, lowest first: in the box half "
            "of the errors, between the whiskers nine of ten. The widest whiskers reach from "
            f"{figure(min(one.low for one in boxes))} to {figure(max(one.high for one in boxes))}."
        ),
        x=Axis(f"predicted {target}, by tenths of the rows", 0.4, len(boxes) + 0.6, ticks),
        y=number_axis("actual minus predicted", [0, *(v for b in boxes for v in (b.low, b.high))]),
    )
    words = (
        "Each box holds half of the errors among a tenth of the rows, its whiskers nine of ten. "
        "Boxes on one level mean the model is wrong alike for small and large values."
    )
    return "Where errors are large.", words, box_chart(frame, boxes)


def within_words(limit: float, share: float | None) -> str:
    """Say in words how many predictions are how near."""
    return f"{percent(share)} of the predictions lie within ±{figure(limit)}% of the truth"
