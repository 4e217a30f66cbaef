"""Draw how numbers spread: clouds of dots, histograms, boxes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from pipeline_code.core.charts import Frame, dots, framed
from pipeline_code.core.charts_axes import Point

_BOX: Final = 16.0


@dataclass(frozen=True)
class Box:
    """How values spread at one place: its whiskers' ends, its quartiles, its median."""

    x: float
    low: float
    lower_quartile: float
    median: float
    upper_quartile: float
    high: float


def scatter_chart(
    frame: Frame, groups: Iterable[tuple[str, Sequence[Point]]], steps: Sequence[Point] = ()
) -> Markup:
    """Draw clouds of dots, each with the class that colours it, and a line of steps over them."""
    body = [dots(map(frame.spot, points), css_class) for css_class, points in groups]
    if steps:
        body.append(_steps(frame, steps, "line steps"))
    return framed(frame, body)


def histogram_chart(
    frame: Frame,
    edges: Sequence[float],
    heights: Sequence[float],
    outline: tuple[Sequence[float], Sequence[float]] | None = None,
) -> Markup:
    """Draw bars between edges, and the outline of another histogram over them.

    Args:
        frame: what it is called and drawn on.
        edges: n + 1 of them, rising.
        heights: n of them.
        outline: edges and heights of the other one.
    """
    body = [_bars(frame, edges, heights)]
    if outline:
        x, y = outline
        points = [(edge, y[index]) for index in range(len(y)) for edge in (x[index], x[index + 1])]
        ends = [(x[0], frame.y.low), *points, (x[-1], frame.y.low)] if y else []
        body.append(_polyline(frame, ends, "line series-1"))
    return framed(frame, body)


def box_chart(frame: Frame, boxes: Sequence[Box]) -> Markup:
    """Draw a box from quartile to quartile with its median, and whiskers to either end."""
    return framed(frame, [_box(frame, one) for one in boxes])


def _bars(frame: Frame, edges: Sequence[float], heights: Sequence[float]) -> Markup:
    drawn = []
    for index, height in enumerate(heights):
        left, top = frame.spot((edges[index], height))
        right, floor = frame.spot((edges[index + 1], frame.y.low))
        if floor - top > 0:
            width = max(right - left - 0.8, 1.0)
            drawn.append(f"M{left:.1f} {floor:.1f}V{top:.1f}h{width:.1f}V{floor:.1f}z")
    return Markup('<path class="bar" d="{}"/>').format("".join(drawn))


def _steps(frame: Frame, points: Sequence[Point], css_class: str) -> Markup:
    """Draw a line that stays level until the next point."""
    level = [points[0]]
    for x, y in points[1:]:
        level += [(x, level[-1][1]), (x, y)]
    return _polyline(frame, level, css_class)


def _polyline(frame: Frame, points: Iterable[Point], css_class: str) -> Markup:
    spots = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(frame.spot, points))
    return Markup('<polyline class="{}" points="{}"/>').format(css_class, spots)


def _box(frame: Frame, box: Box) -> Markup:
    x, top = frame.spot((box.x, box.high))
    _, upper = frame.spot((box.x, box.upper_quartile))
    _, middle = frame.spot((box.x, box.median))
    _, lower = frame.spot((box.x, box.lower_quartile))
    _, bottom = frame.spot((box.x, box.low))
    return Markup(
        '<path class="whisker series-0" d="M{0:.1f} {1:.1f}V{2:.1f}"/>'
        '<rect class="box" x="{3:.1f}" y="{4:.1f}" width="{5:.1f}" height="{6:.1f}"/>'
        '<path class="median" d="M{3:.1f} {7:.1f}h{5:.1f}"/>'
    ).format(x, top, bottom, x - _BOX / 2, upper, _BOX, max(lower - upper, 0.5), middle)
