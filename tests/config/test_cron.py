"""Cron expressions: AWS has six fields, and its own rules for the two kinds of day."""

from __future__ import annotations

import pytest

from config.cron import check_cron


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 4 * * ? *)",
        "cron(0/15 8-17 ? * MON-FRI *)",
        "cron(30 6 1,15 * ? 2027)",
        "cron(0 0 L * ? *)",
        "cron(0 0 15W JAN,jul ? *)",
        "cron(0 12 ? * 6L *)",
        "cron(0 12 ? * 3#2 *)",
        "cron(*/5 * * * ? *)",
    ],
)
def test_expressions_of_aws_are_accepted(expression: str) -> None:
    """Ranges, lists, steps, names, the last day, a weekday near a day: all from the manual."""
    assert check_cron(expression) == expression


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("0 4 * * ? *", "six fields"),
        ("cron(0 4 * * *)", "six fields"),
        ("rate(1 day)", "six fields"),
        ("cron(60 4 * * ? *)", "minutes allows 0-59, got '60'"),
        ("cron(0 24 * * ? *)", "hours allows 0-23"),
        ("cron(0 4 32 * ? *)", "day of month allows 1-31"),
        ("cron(0 4 * 13 ? *)", "month allows 1-12 or JAN-DEC"),
        ("cron(0 4 ? * 8 *)", "day of week allows 1-7 or SUN-SAT"),
        ("cron(0 4 ? * MOO *)", "day of week"),
        ("cron(0 4 * * ? 1969)", "year allows 1970-2199"),
        ("cron(0 17-8 * * ? *)", "hours"),
        ("cron(0/0 4 * * ? *)", "minutes"),
        ("cron(1-2-3 4 * * ? *)", "minutes"),
        ("cron(0 4 * * * *)", "exactly one of day of month and day of week must be '?'"),
        ("cron(0 4 ? * ? *)", "exactly one of day of month and day of week must be '?'"),
        ("cron(? 4 * * ? *)", "minutes"),
    ],
)
def test_what_aws_would_refuse_is_refused_now(expression: str, problem: str) -> None:
    """CloudFormation would notice only while it deploys, half an hour later."""
    with pytest.raises(ValueError, match="given") as error:
        check_cron(expression)

    assert problem in str(error.value)
    assert repr(expression) in str(error.value)


def test_all_slips_of_an_expression_are_named_at_once() -> None:
    """Three wrong fields are three words in one message."""
    with pytest.raises(ValueError, match="minutes") as error:
        check_cron("cron(99 99 99 * ? *)")

    assert all(name in str(error.value) for name in ("minutes", "hours", "day of month"))
