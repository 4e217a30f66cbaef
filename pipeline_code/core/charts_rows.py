"""Draw one row a name: bars, and dots along a line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from pipeline_code.core.charts import WIDTH, dots, shortened, svg

_ROW: Final = 34.0
_ROW_OF_DOTS: Final = 44.0
_NAME: Final = 44  # letters of a name that fit beside its figure


@dataclass(frozen=True)
class Bar:
    """A bar: its name, its length, what is written at its end, and the colour of its series."""

    name: str
    length: float
    text: str
    index: int | str = 0


@dataclass(frozen=True)
class DotRow:
    """A row of dots: where each lies, and the class of the style sheet that colours it."""

    name: str
    places: Sequence[float]
    shades: Sequence[str]


def bar_chart(title: str, description: str, bars: Sequence[Bar], *, width: float = WIDTH) -> Markup:
    """Draw horizontal bars, the longest over the full width."""
    longest = max((one.length for one in bars), default=0.0)
    longest = longest if longest > 0 else 1.0
    rows = []
    for index, one in enumerate(bars):
        top = index * _ROW
        rows.append(
            Markup(
                '<text class="name" x="0" y="{:.1f}">{}</text>'
                '<text class="value" x="{:.1f}" y="{:.1f}" text-anchor="end">{}</text>'
                '<rect class="track" x="0" y="{:.1f}" width="{:.1f}" height="9" rx="2"/>'
                '<rect class="bar series-{}" x="0" y="{:.1f}" width="{:.1f}" height="9" rx="2"/>'
            ).format(
                top + 13, shortened(one.name, _NAME), width, top + 13, one.text, top + 19, width,
                one.index, top + 19, max(1.0, width * one.length / longest),
            )
        )  # fmt: skip
    return svg(title, description, len(bars) * _ROW + 4, rows, width=width)


def dot_rows(title: str, description: str, rows: Sequence[DotRow]) -> Markup:
    """Draw rows of dots about a common middle, which is 0.

    Dots that would cover each other are stacked away from the middle of their row.
    """
    reach = max((abs(value) for row in rows for value in row.places), default=0.0) or 1.0
    height = len(rows) * _ROW_OF_DOTS
    body = [
        Markup('<line class="zero" x1="{0:.1f}" y1="0" x2="{0:.1f}" y2="{1:.1f}"/>').format(
            WIDTH / 2, height
        )
    ]
    for index, row in enumerate(rows):
        top = index * _ROW_OF_DOTS
        places = [WIDTH / 2 + value / reach * (WIDTH / 2 - 6) for value in row.places]
        body.append(
            Markup('<text class="name" x="0" y="{:.1f}">{}</text>').format(
                top + 12, shortened(row.name, _NAME)
            )
        )
        body += _by_shade(places, row.shades, top + 29)
    return svg(title, description, height + 4, body)


def _by_shade(places: Sequence[float], shades: Sequence[str], middle: float) -> Iterable[Markup]:
    spots: dict[str, list[tuple[float, float]]] = {}
    for x, lift, shade in zip(places, _stacked(places), shades, strict=True):
        spots.setdefault(shade, []).append((x, middle + lift))
    return [dots(found, shade) for shade, found in sorted(spots.items())]


def _stacked(places: Sequence[float]) -> list[float]:
    """Lift dots that fall on the same spot: 0, then up, down, up ... within the row."""
    taken: dict[int, int] = {}
    lifts = []
    for place in places:
        column = round(place / 4)
        level = taken.get(column, 0)
        taken[column] = level + 1
        lifts.append(min((level + 1) // 2 * 2.2, 11.0) * (1 if level % 2 else -1))
    return lifts
