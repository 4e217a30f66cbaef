"""Numbers are written as people read them: no needless digits, nothing rounded to a lie."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.steps.report.formats import (
    cell,
    digits_for,
    digits_of,
    figure,
    number,
    percent,
    plural,
    sentence,
    share,
    signed,
)

MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "n/a"),
        (0, "0"),
        (0.5, "0.5"),
        (1234.56, "1,234.6"),
        (123456.7, "123,457"),
        (1000.0, "1,000"),
        (0.00001234, "1.23e-05"),
        (-2.5, f"{MINUS}2.5"),
    ],
)
def test_figures_of_any_size_keep_the_digits_that_matter(value: float | None, text: str) -> None:
    """A target may be a house's price or a concentration."""
    assert figure(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "n/a"),
        (0.0, "0%"),
        (0.123, "12.3%"),
        (0.5, "50%"),
        (1.0, "100%"),
        (0.00001, "<0.1%"),
        (0.99999, ">99.9%"),
    ],
)
def test_a_share_is_all_or_nothing_only_if_it_is(value: float | None, text: str) -> None:
    """One missed fraud in a million is not none."""
    assert percent(value) == text


def test_share_of_nothing_is_nothing() -> None:
    """An empty part of a split divides by zero nowhere."""
    assert share(0, 0) == "0%"
    assert share(None, 5) == "n/a"


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_differences_bear_their_sign(value: float, digits: int) -> None:
    """Better by 0.01 and worse by 0.01 are told apart at a glance."""
    assert signed(value, digits)[0] in ("+", MINUS)
    assert number(value, digits).lstrip(MINUS) == signed(value, digits).lstrip(f"+{MINUS}")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "missing"),
        (True, "yes"),
        (3.0, "3"),
        ([1, 2.5], "1, 2.5"),
        ({"a": 1.0}, "a: 1"),
        (list(range(14)), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more"),
    ],
)
def test_cells_have_no_brackets_and_no_needless_digits(value: Any, text: str) -> None:
    """They are values of rows and settings, read by people."""
    assert cell(value) == text


def test_metrics_in_units_get_fewer_decimals_the_larger_they_are() -> None:
    """An error of 25,000 needs none, one of 0.2 needs four; money of any size no cents."""
    assert [digits_for(value) for value in (25_000, 250, 25, 2.5, 0.25)] == [0, 1, 2, 3, 4]
    assert digits_of("rmse", [25_000.0, None]) == 0
    assert digits_of("cost", [150.0]) == 0
    assert (digits_of("auc_roc", [0.9]), digits_of("auc_roc", [0.01], fine=True)) == (3, 4)


def test_words_are_inflected_and_end_as_sentences_do() -> None:
    """One row, two rows."""
    assert (plural(1, "row"), plural(2, "row"), plural(2, "class", "classes")) == (
        "1 row",
        "2 rows",
        "2 classes",
    )
    assert (sentence("it holds"), sentence("Why?"), sentence(" ")) == ("It holds.", "Why?", "")
