"""Lay out the axes of charts: where values lie, and which round numbers are written."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

Point = tuple[float, float]
Ticks = tuple[tuple[float, str], ...]

MINUS: Final = "\N{MINUS SIGN}"
_MILLION, _TEN_THOUSAND = 1e6, 1e4
_NEAREST: Final = 1e-12  # of their size: ticks between nearer values would be one number
_DECADES: Final = 6  # of a logarithmic axis, each with a label


@dataclass(frozen=True)
class Axis:
    """One axis: what it measures, from where to where, and where it is labelled."""

    label: str
    low: float
    high: float
    ticks: Ticks
    is_log: bool = False

    def place(self, value: float) -> float:
        """Map a value to 0 (the low end) ... 1 (the high end), clipped to the ends."""
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.is_log:
            low, high, at = math.log10(low), math.log10(high), math.log10(at)
        return (at - low) / (high - low) if high > low else 0.5


SHARE_TICKS: Final = tuple((tenth / 10, f"{tenth * 10}%") for tenth in (0, 2, 4, 6, 8, 10))


def share_axis(label: str) -> Axis:
    """Lay out an axis from nothing to all."""
    return Axis(label, 0, 1, SHARE_TICKS)


def number_axis(
    label: str, values: Iterable[float], *, count: int = 5, is_share: bool = False
) -> Axis:
    """Lay out an axis on which all values lie, between round numbers.

    No values give the axis from 0 to 1; one value lies in the middle of its axis.
    """
    known = list(values) or [0.0, 1.0]
    ticks = ticks_between(min(known), max(known), count=count)
    if is_share:
        ticks = tuple((value, f"{100 * value:.6g}%") for value, _ in ticks)
    return Axis(label, ticks[0][0], ticks[-1][0], ticks)


def log_axis(label: str, values: Iterable[float]) -> Axis:
    """Lay out an axis for values above 0 that are apart by their ratio, between powers of ten."""
    known = [value for value in values if value > 0] or [1.0]
    first, last = math.floor(math.log10(min(known))), math.ceil(math.log10(max(known)))
    last = max(last, first + 1)
    step = math.ceil((last - first) / _DECADES)
    ticks = tuple((10.0**at, tick_text(10.0**at)) for at in range(first, last + 1, step))
    return Axis(label, 10.0**first, 10.0**last, ticks, is_log=True)


def nice_ticks(high: float, *, count: int = 5) -> Ticks:
    """Choose round numbers from 0 to at least ``high``; 0 or less gives the ticks of 1."""
    return ticks_between(0.0, high if high > 0 else 1.0, count=count)


def ticks_between(low: float, high: float, *, count: int = 5) -> Ticks:
    """Choose round numbers from at most ``low`` to at least ``high``, about ``count`` of them.

    Where both are the same number, or nearer than can be divided, that lies between two ticks.
    """
    if not (high - low) / count > _NEAREST * max(abs(low), abs(high)) + sys.float_info.min:
        reach = abs(low) / 2 or 1.0
        low, high = low - reach, high + reach
    step = _round_step((high - low) / count)
    # What a division leaves beyond a whole number of steps must not add a tick.
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple((at * step, tick_text(at * step)) for at in range(first, last + 1))


def tick_text(value: float) -> str:
    """Write a number in the little room beside an axis: 25000 as 25k, 1200000 as 1.2M."""
    size = abs(value)
    for unit, name in ((_MILLION, "M"), (1e3, "k")):
        if size >= max(unit, _TEN_THOUSAND):
            return typeset(f"{value / unit:.6g}{name}")
    return typeset(f"{value:,.10g}" if size >= 1e-4 or not size else f"{value:.3g}")


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    # Rounding may leave even ten times the power a hair below what is asked for.
    return next((power * factor for factor in (1, 2, 5) if power * factor >= least), power * 10)


def typeset(text: str) -> str:
    """Begin a negative number with a minus instead of a hyphen, which is hardly seen."""
    return text.replace("-", MINUS, 1) if text.startswith("-") else text
