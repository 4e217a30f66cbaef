"""Draw charts as inline SVG: no script, no font, no file beside the page.

Colours come from the page's style sheet by class name (``series-0`` the challenger,
``series-1`` the champion), so one drawing serves light, dark and printed pages. Every chart has
a title and a description for those who do not see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from markupsafe import Markup

from pipeline_code.core.charts_axes import Axis, Point

WIDTH: Final = 420.0
HEIGHT: Final = 290.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 66.0, 20.0, 14.0, 51.0


@dataclass(frozen=True)
class Series:
    """One named line; ``index`` chooses its colour and dash."""

    name: str
    index: int
    points: Sequence[Point]


@dataclass(frozen=True)
class Frame:
    """What a chart is called and drawn on; ``diagonal`` draws where both axes are equal."""

    title: str
    description: str
    x: Axis
    y: Axis
    diagonal: bool = False
    marks: tuple[tuple[Point, str], ...] = field(default=())
    height: float = HEIGHT

    def spot(self, point: Point) -> Point:
        """Map a point of the data to one of the drawing."""
        x = _LEFT + self.x.place(point[0]) * (WIDTH - _LEFT - _RIGHT)
        y = self.floor - self.y.place(point[1]) * (self.floor - _TOP)
        return x, y

    @property
    def floor(self) -> float:
        """The height at which the horizontal axis lies."""
        return self.height - _BOTTOM


def line_chart(frame: Frame, series: Iterable[Series]) -> Markup:
    """Draw lines, with a labelled dot at each of the frame's marks."""
    body = [line_path(frame, one) for one in series]
    body += [_mark(frame, point, label) for point, label in frame.marks]
    return framed(frame, body)


def interval_chart(
    frame: Frame, series: Iterable[tuple[int, Sequence[tuple[float, float, float, float]]]]
) -> Markup:
    """Draw dots with whiskers: (x, y, low, high) of each dot."""
    body = []
    for index, dots in series:
        for x, y, low, high in dots:
            left, top = frame.spot((x, high))
            _, bottom = frame.spot((x, low))
            _, middle = frame.spot((x, y))
            body.append(
                Markup(
                    '<line class="whisker series-{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" '
                    'y2="{:.1f}"/><circle class="dot series-{}" cx="{:.1f}" cy="{:.1f}" r="4"/>'
                ).format(index, left, top, left, bottom, index, left, middle)
            )
    return framed(frame, body)


def framed(frame: Frame, body: Iterable[Markup]) -> Markup:
    """Draw the axes, then what lies in them."""
    parts = [*_x_axis(frame), *_y_axis(frame)]
    if frame.diagonal:
        low, high = max(frame.x.low, frame.y.low), min(frame.x.high, frame.y.high)
        (x1, y1), (x2, y2) = frame.spot((low, low)), frame.spot((high, high))
        parts.append(
            Markup(
                '<line class="diagonal" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>'
            ).format(x1, y1, x2, y2)
        )
    return svg(frame.title, frame.description, frame.height, [*parts, *body])


def svg(
    title: str, description: str, height: float, body: Iterable[Markup], *, width: float = WIDTH
) -> Markup:
    """Wrap a drawing, with its title and what it shows in words."""
    return Markup(
        '<svg viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}"><title>{}</title>'
        "<desc>{}</desc>{}</svg>"
    ).format(width, height, title, title, description, Markup("").join(body))


def line_path(frame: Frame, series: Series) -> Markup:
    """Draw one line."""
    spots = (frame.spot(point) for point in series.points)
    steps = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    return Markup(
        '<polyline class="line series-{}" points="{}"><title>{}</title></polyline>'
    ).format(series.index, steps, series.name)


def dots(spots: Iterable[Point], css_class: str) -> Markup:
    """Draw many dots as one element: strokes of no length with round ends."""
    steps = "".join(f"M{x:.1f} {y:.1f}h.01" for x, y in spots)
    return Markup('<path class="dots {}" d="{}"/>').format(css_class, steps)


def shortened(text: str, most: int) -> Markup:
    """Cut a long name for the drawing; the whole of it shows under the pointer."""
    if len(text) <= most:
        return Markup("{}").format(text)
    head = (most - 1) * 2 // 3
    cut = f"{text[:head]}…{text[len(text) - (most - 1 - head) :]}"
    return Markup("{}<title>{}</title>").format(cut, text)


def _mark(frame: Frame, point: Point, label: str) -> Markup:
    x, y = frame.spot(point)
    right, upper = x > WIDTH * 0.6, y < frame.height * 0.4
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


def _x_axis(frame: Frame) -> Iterable[Markup]:
    for value, label in frame.x.ticks:
        x, _ = frame.spot((value, frame.y.low))
        yield Markup(
            '<line class="grid" x1="{0:.1f}" y1="{1:.1f}" x2="{0:.1f}" y2="{2:.1f}"/>'
            '<text class="tick" x="{0:.1f}" y="{3:.1f}" text-anchor="middle">{4}</text>'
        ).format(x, _TOP, frame.floor, frame.floor + 20, label)
    yield Markup('<text class="label" x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>').format(
        (_LEFT + WIDTH - _RIGHT) / 2, frame.height - 9, shortened(frame.x.label, 46)
    )


def _y_axis(frame: Frame) -> Iterable[Markup]:
    for value, label in frame.y.ticks:
        _, y = frame.spot((frame.x.low, value))
        yield Markup(
            '<line class="grid" x1="{0:.1f}" y1="{1:.1f}" x2="{2:.1f}" y2="{1:.1f}"/>'
            '<text class="tick" x="{3:.1f}" y="{4:.1f}" text-anchor="end">{5}</text>'
        ).format(_LEFT, y, WIDTH - _RIGHT, _LEFT - 6, y + 4, label)
    yield Markup(
        '<text class="label" transform="translate(13 {:.1f}) rotate(-90)" '
        'text-anchor="middle">{}</text>'
    ).format((_TOP + frame.floor) / 2, shortened(frame.y.label, 36))
