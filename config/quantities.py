"""Durations and money as people write them: a number never stands without its unit."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_DURATION = re.compile(r"(?P<count>\d{1,6}(\.\d+)?) ?(?P<unit>ms|s|min|h|d)")
_USD = re.compile(r"(?P<count>\d{1,9}(\.\d+)?) USD")


def parse_duration(value: object) -> timedelta:
    """Read ``300ms``, ``90min``, ``26h`` or ``7d``.

    Raises:
        ValueError: if it has no unit or another one, with what to write instead.
    """
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        units = ", ".join(_UNITS)
        raise ValueError(f"given {value!r}; write a number and its unit ({units}), as in '26h'")
    return float(match["count"]) * _UNITS[match["unit"]]


def between(low: str, high: str) -> AfterValidator:
    """Refuse a duration outside two others, written as in the settings."""

    def check(value: timedelta) -> timedelta:
        if not parse_duration(low) <= value <= parse_duration(high):
            raise ValueError(f"allowed: from {low} to {high}")
        return value

    return AfterValidator(check)


def in_whole(unit: str) -> AfterValidator:
    """Refuse a duration that is no multiple of ``1h`` and the like."""

    def check(value: timedelta) -> timedelta:
        if value % parse_duration(unit):
            raise ValueError(f"must be a multiple of {unit}")
        return value

    return AfterValidator(check)


def _usd(value: object) -> float:
    # Only a default is one: YAML gives an int or a float, which name no currency.
    if isinstance(value, _Amount):
        return float(value)
    match = _USD.fullmatch(value) if isinstance(value, str) else None
    if match is None or float(match["count"]) <= 0:
        raise ValueError(f"given {value!r}; write an amount and its currency, as in '500 USD'")
    return float(match["count"])


class _Amount(float):
    """An amount whose currency the code knows, for defaults."""


def usd(value: float) -> float:
    """Write a default of type `Dollars`."""
    return _Amount(value)


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
"""How long something takes or may last."""
Dollars = Annotated[float, BeforeValidator(_usd)]
"""An amount in US dollars, the currency that AWS bills in."""
