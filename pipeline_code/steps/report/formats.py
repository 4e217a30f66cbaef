"""Write numbers, shares and cells as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pipeline_code.core.charts_axes import typeset
from pipeline_code.core.metric_names import (
    ACCURACY,
    BRIER,
    CALIBRATION_ERROR,
    COST,
    LOG_LOSS,
    MAE,
    MEDIAN_ABSOLUTE_ERROR,
    RMSE,
)

UNKNOWN: Final = "n/a"
_FINE: Final = frozenset({ACCURACY, LOG_LOSS, BRIER, CALIBRATION_ERROR})
"""Metrics that lie so near 0 or 1 for rare events that three digits show nothing."""
_IN_UNITS: Final = frozenset({COST, RMSE, MAE, MEDIAN_ABSOLUTE_ERROR})
"""Metrics whose size depends on the unit of the target or of the money."""
_LONGEST_LIST: Final = 12


def number(value: float | None, digits: int = 0) -> str:
    """Write a number with thousands apart; None is unknown."""
    if value is None:
        return UNKNOWN
    text = f"{value:,.{digits}f}"
    return typeset("0" if not digits and text == "-0" else text)


def signed(value: float | None, digits: int = 0) -> str:
    """Write a difference with its sign."""
    return UNKNOWN if value is None else typeset(f"{value:+,.{digits}f}")


def figure(value: float | None, significant: int = 4) -> str:
    """Write a number of any size with the digits that matter."""
    if value is None:
        return UNKNOWN
    size = abs(value)
    if size >= 10 ** (significant - 1):
        return number(value, 0 if size >= 10**significant or value == int(value) else 1)
    if 0 < size < 1e-4:
        return typeset(f"{value:.{significant - 1}g}")
    return typeset(f"{value:.{significant}g}")


def percent(share: float | None, digits: int = 1) -> str:
    """Write a share of one as a percentage, without needless digits."""
    if share is None:
        return UNKNOWN
    least = 10.0 ** -(digits + 2)
    if 0 < share < least / 2:
        return f"<{least:.{digits}%}"
    if 1 - least / 2 < share < 1:
        return f">{1 - least:.{digits}%}"
    text = f"{share:.{digits}%}"
    return typeset(text.replace(f".{'0' * digits}%", "%"))


def share(portion: float | None, whole: float | None) -> str:
    """Write what portion of the whole something is; of nothing it is 0%."""
    if portion is None or whole is None:
        return UNKNOWN
    return percent(portion / whole) if whole else "0%"


def cell(value: object) -> str:
    """Write a cell of a table as people read it: no needless digits, no lists in brackets."""
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.6g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {cell(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        shown = ", ".join(map(cell, value[:_LONGEST_LIST]))
        more = len(value) - _LONGEST_LIST
        return f"{shown} and {more} more" if more > 0 else shown
    return str(value)


def plural(count: float, one: str, many: str | None = None) -> str:
    """Write a count with its noun."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def digits_of(metric: str, values: Iterable[float | None], *, fine: bool = False) -> int:
    """Say how many decimals a metric needs; metrics in units get fewer the larger they are.

    Differences may be ``fine``: they are small beside what they are taken from.
    """
    if metric not in _IN_UNITS:
        return 4 if fine or metric in _FINE else 3
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    if metric == COST and largest >= 100:
        return 0
    return digits_for(largest)


def digits_for(largest: float) -> int:
    """Say how many decimals make four digits of the largest of some numbers, 0 to 4."""
    limits = ((1_000, 0), (100, 1), (10, 2), (1, 3))
    return next((digits for limit, digits in limits if largest >= limit), 4)


def sentence(text: str) -> str:
    """Let a text begin as a sentence does, and end as one."""
    text = text.strip()
    if not text:
        return ""
    return f"{text[0].upper()}{text[1:]}{'' if text[-1] in '.!?' else '.'}"


def title(text: str) -> str:
    """Let a text begin as a heading does."""
    return f"{text[:1].upper()}{text[1:]}"


FILTERS: Final[dict[str, Any]] = {
    "number": number,
    "signed": signed,
    "figure": figure,
    "percent": percent,
    "share": share,
    "cell": cell,
    "plural": plural,
    "sentence": sentence,
    "heading": title,
}
"""What templates call these."""
