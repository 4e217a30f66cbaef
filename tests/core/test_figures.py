"""Numbers are shortened without losing what a page can show."""

from __future__ import annotations

import math

import pytest

from pipeline_code.core.figures import defined, short


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [(0.123456789, 6, 0.123457), (123_456_789.0, 4, 123_500_000.0), (0.0, 6, 0.0), (1e-9, 2, 1e-9)],
)
def test_significant_digits_are_kept_whatever_the_unit(
    value: float, digits: int, expected: float
) -> None:
    """A fixed number of decimals would round small values away and keep noise of large ones."""
    assert short(value, digits) == expected


def test_undefined_metrics_are_left_out() -> None:
    """NaN is no JSON, and a gate that compares with it would never open or never close."""
    assert defined({"rmse": 1.0, "r2": math.nan}) == {"rmse": 1.0}
    assert defined({}) == {}
