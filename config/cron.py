"""Check AWS cron expressions: six fields, and CloudFormation would notice a slip only at deploy."""

from __future__ import annotations

import re
from collections.abc import Iterator

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_DAY_OF_MONTH = 2
_DAY_OF_WEEK = 4
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minutes", 0, 59, ()),
    ("hours", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of week", 1, 7, _WEEKDAYS),
    ("year", 1970, 2199, ()),
)
_CRON = re.compile(r"cron\((?P<fields>[^()]*)\)")
_RATE = re.compile(r"rate\((?P<value>[1-9][0-9]*) (minute|hour|day)(?P<plural>s?)\)")


def check_cron(expression: str) -> str:
    """Return ``expression`` if AWS would accept it, ``cron(0 5 * * ? *)`` for instance.

    Raises:
        ValueError: with everything that is wrong, in one sentence.

    Source: AWS Glue Developer Guide, "Time-based schedules for jobs and crawlers".
    """
    match = _CRON.fullmatch(expression.strip())
    fields = match["fields"].split() if match else []
    if len(fields) != len(_FIELDS):
        raise ValueError(
            "must be cron(minutes hours day-of-month month day-of-week year), six fields, "
            f"as in 'cron(0 5 * * ? *)'; given {expression!r}"
        )
    wrong = [
        problem
        for field, rule in zip(fields, _FIELDS, strict=True)
        for problem in _check(field, *rule)
    ]
    if (fields[_DAY_OF_MONTH] == "?") == (fields[_DAY_OF_WEEK] == "?"):
        wrong.append("exactly one of day of month and day of week must be '?'")
    if wrong:
        raise ValueError(f"{'; '.join(wrong)}; given {expression!r}")
    return expression.strip()


def check_schedule(expression: str) -> str:
    """Return ``expression`` if EventBridge would accept it: a cron, or ``rate(12 hours)``.

    Raises:
        ValueError: with what is wrong, in one sentence.

    Source: Amazon EventBridge User Guide, "Creating a rule that runs on a schedule".
    """
    given = expression.strip()
    if not given.startswith("rate("):
        return check_cron(given)
    match = _RATE.fullmatch(given)
    # EventBridge insists on the grammar: rate(1 hour), but rate(2 hours).
    if match is None or (match["value"] == "1") is bool(match["plural"]):
        raise ValueError(
            "must be rate(1 minute|hour|day) or rate(2 or more minutes|hours|days); "
            f"given {expression!r}"
        )
    return given


def _check(field: str, name: str, low: int, high: int, words: tuple[str, ...]) -> Iterator[str]:
    if field == "?" and name in {"day of month", "day of week"}:
        return
    for part in field.split(","):
        if not _is_allowed(part, name, low, high, words):
            or_words = f" or {words[0]}-{words[-1]}" if words else ""
            yield f"{name} allows {low}-{high}{or_words}, got {part!r}"


def _is_allowed(part: str, name: str, low: int, high: int, words: tuple[str, ...]) -> bool:
    if name == "day of month" and re.fullmatch(r"L|LW|([12]?\d|3[01])W", part):
        return True
    if name == "day of week" and re.fullmatch(r"L|[1-7]L|[1-7]#[1-5]", part):
        return True
    span, slash, step = part.partition("/")
    if slash and not (step.isdigit() and int(step) > 0):
        return False
    if span == "*":
        return True
    ends = [_number(end, low, words) for end in span.split("-")]
    return (
        len(ends) in {1, 2}
        and all(end is not None and low <= end <= high for end in ends)
        and ends == sorted(end for end in ends if end is not None)
    )


def _number(word: str, low: int, words: tuple[str, ...]) -> int | None:
    if word.upper() in words:
        return words.index(word.upper()) + low
    return int(word) if word.isdigit() else None
