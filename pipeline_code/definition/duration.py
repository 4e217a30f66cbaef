"""Read the durations of a pipeline definition."""

from __future__ import annotations

import re
from datetime import timedelta

_DURATION = re.compile(
    r"P?(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?",
    re.IGNORECASE,
)


def parse_duration(text: str) -> timedelta:
    """Read an ISO-8601 duration as ``ExpireAfter`` has it: ``P30D``, ``PT12H``, ``T12H``.

    A year counts 365 days and a month 30.

    Raises:
        ValueError: if it is none.
    """
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ValueError(f"{text!r} is no ISO-8601 duration such as P30D or PT12H")
    parts = {unit: int(number or 0) for unit, number in match.groupdict().items()}
    days = 365 * parts.pop("years") + 30 * parts.pop("months") + parts.pop("days")
    return timedelta(days=days, **parts)
