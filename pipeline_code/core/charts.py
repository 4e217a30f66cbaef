"""Draw charts as inline SVG: no script, no font, no file beside the page.

Colours come from the page's style sheet by class name (``series-0`` the challenger,
``series-1`` the champion), so one drawing serves light, dark and printed pages. Every chart has
a title and a description for those who do not see it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from markupsafe import Markup

Point = tuple[float, float]

_WIDTH: Final = 460.0
_HEIGHT: Final = 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 68.0, 22.0, 14.0, 46.0
_ROW: Final = 34.0


@dataclass(frozen=True)
class Axis:
    """One axis: what it measures, from where to where, and where it is labelled."""

    label: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    is_log: bool = False

    def place(self, value: float) -> float:
        """Map a value to 0 (the low end) ... 1 (the high end), clipped to the ends."""
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.is_log:
            low, high, at = math.log10(low), math.log10(high), math.log10(at)
        return (at - low) / (high - low) if high > low else 0.5


@dataclass(frozen=True)
class Series:
    """One named line; ``index`` chooses its colour and dash."""

    name: str
    index: int
    points: Sequence[Point]


@dataclass(frozen=True)
class Frame:
    """What a chart is called and drawn on."""

    title: str
    description: str
    x: Axis
    y: Axis
    diagonal: bool = False
    marks: tuple[tuple[Point, str], ...] = field(default=())


SHARE_TICKS: Final = tuple((tenth / 10, f"{tenth * 10}%") for tenth in (0, 2, 4, 6, 8, 10))


def line_chart(frame: Frame, series: Iterable[Series]) -> Markup:
    """Draw lines, with a labelled dot at each of the frame's marks."""
    body = [_path(frame, one) for one in series]
    body += [_mark(frame, point, label) for point, label in frame.marks]
    return _framed(frame, body)


def interval_chart(
    frame: Frame, series: Iterable[tuple[int, Sequence[tuple[float, float, float, float]]]]
) -> Markup:
    """Draw dots with whiskers: (x, y, low, high) of each dot."""
    body = []
    for index, dots in series:
        for x, y, low, high in dots:
            left, top = _spot(frame, (x, high))
            _, bottom = _spot(frame, (x, low))
            _, middle = _spot(frame, (x, y))
            body.append(
                Markup(
                    '<line class="whisker series-{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" '
                    'y2="{:.1f}"/><circle class="dot series-{}" cx="{:.1f}" cy="{:.1f}" r="4"/>'
                ).format(index, left, top, left, bottom, index, left, middle)
            )
    return _framed(frame, body)


def bar_chart(title: str, description: str, bars: Sequence[tuple[str, float, str]]) -> Markup:
    """Draw horizontal bars from (name, length, text at the end), longest length full width."""
    longest = max((length for _, length, _ in bars), default=0.0) or 1.0
    rows = []
    for index, (name, length, text) in enumerate(bars):
        top = index * _ROW
        rows.append(
            Markup(
                '<text class="name" x="0" y="{:.1f}">{}</text>'
                '<text class="value" x="{:.1f}" y="{:.1f}" text-anchor="end">{}</text>'
                '<rect class="track" x="0" y="{:.1f}" width="{:.1f}" height="9" rx="2"/>'
                '<rect class="bar" x="0" y="{:.1f}" width="{:.1f}" height="9" rx="2"/>'
            ).format(
                top + 13, name, _WIDTH, top + 13, text, top + 19, _WIDTH, top + 19,
                max(1.0, _WIDTH * length / longest),
            )
        )  # fmt: skip
    return _svg(title, description, len(bars) * _ROW + 4, rows)


def dot_rows(
    title: str,
    description: str,
    rows: Sequence[tuple[str, Sequence[float], Sequence[float | None]]],
) -> Markup:
    """Draw one row of dots a feature: (name, where each dot lies, its colour from 0 to 1).

    Dots that would cover each other are stacked away from the middle of their row.
    """
    reach = max((abs(value) for _, values, _ in rows for value in values), default=0.0) or 1.0
    body = [
        Markup('<line class="zero" x1="{0:.1f}" y1="0" x2="{0:.1f}" y2="{1:.1f}"/>').format(
            _WIDTH / 2, len(rows) * _ROW * 1.3
        )
    ]
    for index, (name, values, shades) in enumerate(rows):
        top = index * _ROW * 1.3
        body.append(Markup('<text class="name" x="0" y="{:.1f}">{}</text>').format(top + 12, name))
        places = [_WIDTH / 2 + value / reach * (_WIDTH / 2 - 6) for value in values]
        for x, lift, shade in zip(places, _stacked(places), shades, strict=True):
            body.append(
                Markup('<circle class="shade-{}" cx="{:.1f}" cy="{:.1f}" r="2.4"/>').format(
                    "none" if shade is None else round(shade * 4), x, top + 29 + lift
                )
            )
    return _svg(title, description, len(rows) * _ROW * 1.3 + 4, body)


def nice_ticks(high: float, *, count: int = 5) -> tuple[tuple[float, str], ...]:
    """Choose round numbers from 0 to at least ``high``; 0 or less gives the ticks of 1."""
    high = high if high > 0 else 1.0
    step = 10 ** math.floor(math.log10(high / count))
    step = next(step * factor for factor in (1, 2, 5, 10) if step * factor * count >= high)
    return tuple(
        (index * step, f"{index * step:,.10g}") for index in range(math.ceil(high / step) + 1)
    )


def _stacked(places: Sequence[float]) -> list[float]:
    """Lift dots that fall on the same spot: 0, then up, down, up ... within the row."""
    taken: dict[int, int] = {}
    lifts = []
    for place in places:
        column = round(place / 4)
        level = taken.get(column, 0)
        taken[column] = level + 1
        lifts.append(min((level + 1) // 2 * 2.2, 9.0) * (1 if level % 2 else -1))
    return lifts


def _spot(frame: Frame, point: Point) -> Point:
    x = _LEFT + frame.x.place(point[0]) * (_WIDTH - _LEFT - _RIGHT)
    y = _HEIGHT - _BOTTOM - frame.y.place(point[1]) * (_HEIGHT - _TOP - _BOTTOM)
    return x, y


def _path(frame: Frame, series: Series) -> Markup:
    spots = (_spot(frame, point) for point in series.points)
    steps = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    return Markup(
        '<polyline class="line series-{}" points="{}"><title>{}</title></polyline>'
    ).format(series.index, steps, series.name)


def _mark(frame: Frame, point: Point, label: str) -> Markup:
    x, y = _spot(frame, point)
    right, upper = x > _WIDTH * 0.6, y < _HEIGHT * 0.4
    return Markup(
        '<circle class="mark" cx="{:.1f}" cy="{:.1f}" r="5"/>'
        '<text class="note" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>'
    ).format(
        x,
        y,
        x - 9 if right else x + 9,
        y + 18 if upper else y - 9,
        "end" if right else "start",
        label,
    )


def _framed(frame: Frame, body: Iterable[Markup]) -> Markup:
    parts = [*_x_axis(frame), *_y_axis(frame)]
    if frame.diagonal:
        (x1, y1), (x2, y2) = _spot(frame, (0, 0)), _spot(frame, (1, 1))
        parts.append(
            Markup(
                '<line class="diagonal" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>'
            ).format(x1, y1, x2, y2)
        )
    return _svg(frame.title, frame.description, _HEIGHT, [*parts, *body])


def _x_axis(frame: Frame) -> Iterable[Markup]:
    bottom = _HEIGHT - _BOTTOM
    for value, label in frame.x.ticks:
        x, _ = _spot(frame, (value, frame.y.low))
        yield Markup(
            '<line class="grid" x1="{0:.1f}" y1="{1:.1f}" x2="{0:.1f}" y2="{2:.1f}"/>'
            '<text class="tick" x="{0:.1f}" y="{3:.1f}" text-anchor="middle">{4}</text>'
        ).format(x, _TOP, bottom, bottom + 17, label)
    yield Markup('<text class="label" x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>').format(
        (_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 8, frame.x.label
    )


def _y_axis(frame: Frame) -> Iterable[Markup]:
    for value, label in frame.y.ticks:
        _, y = _spot(frame, (frame.x.low, value))
        yield Markup(
            '<line class="grid" x1="{0:.1f}" y1="{1:.1f}" x2="{2:.1f}" y2="{1:.1f}"/>'
            '<text class="tick" x="{3:.1f}" y="{4:.1f}" text-anchor="end">{5}</text>'
        ).format(_LEFT, y, _WIDTH - _RIGHT, _LEFT - 6, y + 4, label)
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    yield Markup(
        '<text class="label" transform="translate(12 {:.1f}) rotate(-90)" '
        'text-anchor="middle">{}</text>'
    ).format(middle, frame.y.label)


def _svg(title: str, description: str, height: float, body: Iterable[Markup]) -> Markup:
    return Markup(
        '<svg viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}"><title>{}</title>'
        "<desc>{}</desc>{}</svg>"
    ).format(_WIDTH, height, title, title, description, Markup("").join(body))
