"""Choose what the contract promises of a column, so that tomorrow's honest rows keep it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pipeline_code.steps.discovery.exact_counts import Counted, Counts
from pipeline_code.steps.discovery.words import NEVER_NEGATIVE, SIGNED, words_of

_ROWS_TO_BE_SURE: Final = 1_000
_RANGES: Final = {
    "latitude": (-90.0, 90.0),
    "longitude": (-180.0, 180.0),
}
"""Ranges that hold by definition, by a word of the name."""


@dataclass(frozen=True)
class Limits:
    """What a column may hold, and why; None means no limit."""

    is_nullable: bool
    minimum: float | None
    maximum: float | None
    why: str


def limits_of(one: Counted, counts: Counts) -> Limits:
    """Promise as little as the rows allow: a sign, a range by definition, no gaps where none were.

    No maximum is taken from the rows: the largest value of yesterday is no law for tomorrow.
    """
    low, high, reason = _range(one)
    if low is None and _is_counting(one, counts):
        low, reason = 0.0, f"never negative in {counts.rows:,} rows"
    gaps = f"{one.missing / counts.rows:.1%} missing" if one.missing else ""
    why = "; ".join(part for part in (_extent(one), reason, gaps) if part)
    return Limits(one.missing > 0 or is_small(counts), low, high, why)


def is_small(counts: Counts) -> bool:
    """Say whether there are too few rows to promise that a column never has a gap."""
    return counts.rows < _ROWS_TO_BE_SURE


def _extent(one: Counted) -> str:
    """Say of what type the values are, and from where to where they go."""
    if one.type not in {"integer", "number"} or one.minimum is None:
        return one.seen.why
    return f"{one.seen.why}, {_figure(one.minimum)} to {_figure(one.maximum)}"


def _figure(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def _range(one: Counted) -> tuple[float | None, float | None, str]:
    """Find the range that a quantity of this name has by definition, if the rows keep it."""
    if one.type not in {"integer", "number"} or one.minimum is None:
        return None, None, ""
    words = set(words_of(one.name))
    for word in words & _RANGES.keys():
        low, high = _RANGES[word]
        if low <= one.minimum and one.maximum <= high:
            return low, high, f"a {word}"
    if one.minimum >= 0 and words & NEVER_NEGATIVE and not words & SIGNED:
        return 0.0, None, "such a quantity is never negative"
    return None, None, ""


def _is_counting(one: Counted, counts: Counts) -> bool:
    if one.type != "integer" or one.minimum is None or one.minimum < 0:
        return False
    return not is_small(counts) and not set(words_of(one.name)) & SIGNED
