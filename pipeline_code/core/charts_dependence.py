"""Draw how a prediction moves with one feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from pipeline_code.core.charts import WIDTH, Frame, Series, framed, line_path, shortened, svg
from pipeline_code.core.charts_axes import Axis

_RUG: Final = 0.16  # of the height: bars that tell where rows are
_BAR: Final = 5.0
_LEVEL: Final = 31.0
_EDGE: Final = 10.0
_NAME: Final = 36
_FOOT: Final = 40.0


@dataclass(frozen=True)
class Level:
    """One value of a category: its name, what is written beside it, one prediction a line."""

    name: str
    note: str
    values: Sequence[float]


def rows_under_lines(
    frame: Frame, series: Sequence[Series], shares: Sequence[tuple[float, float]]
) -> Markup:
    """Draw lines over bars that tell how many rows lie at each point; a lone point is a dot."""
    most = max((share for _, share in shares), default=0.0) or 1.0
    _, top = frame.spot((frame.x.low, frame.y.high))
    tallest = (frame.floor - top) * _RUG
    bars = "".join(
        f"M{frame.spot((x, frame.y.low))[0] - _BAR / 2:.1f} {frame.floor:.1f}"
        f"v{-share / most * tallest:.1f}h{_BAR}V{frame.floor:.1f}z"
        for x, share in shares
        if share
    )
    body = [Markup('<path class="rug" d="{}"/>').format(bars)]
    for one in series:
        if len(one.points) > 1:
            body.append(line_path(frame, one))
        else:
            body += [_dot(*frame.spot(point), one.index) for point in one.points]
    return framed(frame, body)


def level_chart(title: str, description: str, axis: Axis, levels: Sequence[Level]) -> Markup:
    """Draw a row a value of a category, with a dot for each prediction along one axis."""

    def place(value: float) -> float:
        return _EDGE + axis.place(value) * (WIDTH - 2 * _EDGE)

    floor = len(levels) * _LEVEL + 4
    body = []
    for value, label in axis.ticks:
        x = place(value)
        anchor = {axis.ticks[0][0]: "start", axis.ticks[-1][0]: "end"}.get(value, "middle")
        edge = {"start": x - _EDGE, "end": x + _EDGE}.get(anchor, x)
        body.append(
            Markup(
                '<line class="grid" x1="{0:.1f}" y1="0" x2="{0:.1f}" y2="{1:.1f}"/>'
                '<text class="tick" x="{2:.1f}" y="{3:.1f}" text-anchor="{4}">{5}</text>'
            ).format(x, floor, edge, floor + 15, anchor, label)
        )
    body.append(
        Markup('<text class="label" x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>').format(
            WIDTH / 2, floor + 33, shortened(axis.label, 46)
        )
    )
    for index, level in enumerate(levels):
        top = index * _LEVEL
        body.append(
            Markup(
                '<text class="name" x="0" y="{0:.1f}">{1}</text>'
                '<text class="value" x="{2:.1f}" y="{0:.1f}" text-anchor="end">{3}</text>'
                '<path class="rule" d="M{4:.1f} {5:.1f}H{6:.1f}"/>'
            ).format(top + 13, shortened(level.name, _NAME), WIDTH, level.note, _EDGE, top + 23,
                     WIDTH - _EDGE)
        )  # fmt: skip
        body += [_dot(place(value), top + 23, at) for at, value in enumerate(level.values)]
    return svg(title, description, floor + _FOOT, body)


def _dot(x: float, y: float, index: int) -> Markup:
    return Markup('<circle class="dot series-{}" cx="{:.1f}" cy="{:.1f}" r="4.5"/>').format(
        index, x, y
    )
