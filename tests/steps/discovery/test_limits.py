"""The contract promises what the rows allow, and no more: tomorrow's honest rows must pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline_code.steps.discovery.limits import Limits, limits_of
from tests.steps.discovery.conftest import Count


def limits(count: Count, name: str, values: list[Any]) -> Limits:
    """Choose the limits of one column."""
    counts = count({name: values, "other": [1] * len(values)})
    return limits_of(counts.columns[name], counts)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("age", [17, 98] * 10, (0, None)),
        ("unit_price", [0.5, 9.5] * 10, (0, None)),
        ("price_change", [0.5, 9.5] * 10, (None, None)),
        ("age", [-1, 98] * 10, (None, None)),
        ("reading", [1, 2] * 10, (None, None)),
        ("reading", [1, 2] * 500, (0, None)),
        ("reading", [1.5, 2.5] * 500, (None, None)),
        ("temperature", [1, 2] * 500, (None, None)),
        ("pickup_latitude", [47.5, 48.5] * 10, (-90, 90)),
        ("latitude_index", [470, 480] * 10, (None, None)),
        ("colour", ["red", "blue"] * 10, (None, None)),
    ],
)
def test_range(
    count: Count, name: str, values: list[Any], expected: tuple[float | None, float | None]
) -> None:
    """No maximum of the rows is a law; a summer's temperatures are above zero."""
    found = limits(count, name, values)
    assert (found.minimum, found.maximum) == expected


def test_gaps_are_forbidden_only_where_many_rows_had_none(count: Count) -> None:
    """A hundred rows promise nothing of the next thousand."""
    assert limits(count, "a", [1] * 100).is_nullable
    assert not limits(count, "a", [1] * 1_000).is_nullable
    assert limits(count, "a", [1] * 999 + [""]).is_nullable


def test_limits_hold_for_the_rows_that_they_were_made_of(count: Count) -> None:
    """A contract that its own source breaks stops the first run."""
    values = np.random.default_rng(0).normal(size=2_000)
    for name in ("age", "latitude", "amount", "reading"):
        found = limits(count, name, values.round(3).tolist())
        assert found.minimum is None or found.minimum <= values.min()
        assert found.maximum is None or found.maximum >= values.max()
