"""Draw what fits into a cell of a table or under a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from markupsafe import Markup

from pipeline_code.core.charts import svg

_WIDTH: Final = 150.0
_HEIGHT: Final = 34.0
_STRIP_WIDTH: Final = 320.0
_STRIP_HEIGHT: Final = 58.0
_TEXT: Final = 92.0  # how far apart figures are that do not touch


def sparkline(
    title: str,
    description: str,
    stacks: Sequence[Sequence[float]],
    trend: Sequence[float | None] = (),
    *,
    is_apart: bool = False,
) -> Markup:
    """Draw a small histogram, and a line over it.

    Args:
        title: what it shows.
        description: the same in figures.
        stacks: the heights of the bars, shape (parts, bars); parts lie one on the other, the
            first at the bottom.
        trend: how high the line is over each bar, 0 to 1; None where there is nothing to say.
        is_apart: whether bars have no order, so that dots say it and no line joins them.
    """
    bars = len(stacks[0]) if stacks else 0
    highest = max((sum(column) for column in zip(*stacks, strict=True)), default=0.0) or 1.0
    body = list(_stacked(stacks, bars, highest))
    runs = list(_runs(trend))
    if is_apart:
        runs = [[dot] for run in runs for dot in run]
    body += [_trend(run, bars) for run in runs]
    return svg(title, description, _HEIGHT, body, width=_WIDTH)


def interval_strip(
    title: str,
    description: str,
    *,
    value: float,
    low: float | None,
    high: float | None,
    zero: str = "",
    texts: tuple[str, str, str] = ("", "", ""),
) -> Markup:
    """Draw one value with its interval along a line; ``zero`` names a mark at 0.

    ``texts`` are what is written under the low end, the value and the high end.
    """
    ends = [one for one in (value, low, high) if one is not None] + ([0.0] if zero else [])
    reach = max(ends) - min(ends) or abs(value) or 1.0
    left, right = min(ends) - 0.16 * reach, max(ends) + 0.16 * reach

    def place(at: float) -> float:
        return (at - left) / (right - left) * _STRIP_WIDTH

    body = [
        Markup('<path class="grid" d="M0 26H{:.0f}"/>').format(_STRIP_WIDTH),
        *(_zero(place(0.0), zero) if zero else ()),
    ]
    if low is not None and high is not None:
        body.append(
            Markup('<path class="range" d="M{:.1f} 26H{:.1f}"/>').format(place(low), place(high))
        )
    body.append(Markup('<circle class="value" cx="{:.1f}" cy="26" r="6.5"/>').format(place(value)))
    known = [value] if low is None or high is None else [low, value, high]
    body += _under([place(one) for one in known], texts)
    return svg(title, description, _STRIP_HEIGHT, body, width=_STRIP_WIDTH)


def _stacked(stacks: Sequence[Sequence[float]], bars: int, highest: float) -> Iterable[Markup]:
    width = _WIDTH / max(bars, 1)
    floors = [_HEIGHT] * bars
    for part, heights in enumerate(stacks):
        drawn = []
        for bar, height in enumerate(heights):
            tall = height / highest * (_HEIGHT - 2)
            if height > 0:
                tall = max(tall, 0.7)
                drawn.append(
                    f"M{bar * width:.1f} {floors[bar]:.1f}v{-tall:.1f}"
                    f"h{max(width - 1, 0.8):.1f}v{tall:.1f}z"
                )
            floors[bar] -= tall
        if drawn:
            yield Markup('<path class="stack-{}" d="{}"/>').format(part, "".join(drawn))


def _runs(trend: Sequence[float | None]) -> Iterable[list[tuple[int, float]]]:
    """Part a line where it has gaps."""
    run: list[tuple[int, float]] = []
    for bar, value in enumerate(trend):
        if value is None:
            if run:
                yield run
            run = []
        else:
            run.append((bar, value))
    if run:
        yield run


def _trend(run: Sequence[tuple[int, float]], bars: int) -> Markup:
    width = _WIDTH / bars
    spots = [((bar + 0.5) * width, _HEIGHT - 3 - value * (_HEIGHT - 6)) for bar, value in run]
    if len(spots) == 1:
        x, y = spots[0]
        return Markup('<path class="trend lone" d="M{:.1f} {:.1f}h.01"/>').format(x, y)
    steps = "L".join(f"{x:.1f} {y:.1f}" for x, y in spots)
    return Markup('<path class="trend" d="M{}"/>').format(steps)


def _zero(x: float, label: str) -> Iterable[Markup]:
    yield Markup('<path class="zero" d="M{:.1f} 14V38"/>').format(x)
    yield Markup('<text class="tick" x="{:.1f}" y="11" text-anchor="{}">{}</text>').format(
        x, _anchor(x), label
    )


def _under(places: Sequence[float], texts: tuple[str, str, str]) -> Iterable[Markup]:
    """Write below the line what does not touch: rather both ends than the value between them."""
    written = list(zip(places, texts if len(places) > 1 else texts[1:2], strict=True))
    if len(written) > 1:
        low, value, high = places
        if high - low < _TEXT:
            written = written[1:2]
        elif min(value - low, high - value) < _TEXT:
            written = [written[0], written[2]]
    for x, text in written:
        yield Markup('<text class="tick" x="{:.1f}" y="52" text-anchor="{}">{}</text>').format(
            x, _anchor(x), text
        )


def _anchor(x: float) -> str:
    if x < _STRIP_WIDTH * 0.2:
        return "start"
    return "end" if x > _STRIP_WIDTH * 0.8 else "middle"
