"""Categories get the same codes whoever encodes them; what is not known is one of the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.core.encoding import (
    TextColumnError,
    encode,
    fewest_rows,
    fit_categories,
    require_no_text,
)
from pipeline_code.core.texts import Texts

VALUES = st.lists(st.one_of(st.none(), st.sampled_from(["a", "b", "c", "d", "é", ""])), max_size=40)


def objects(*values: str | None) -> np.ndarray[Any, Any]:
    """Make a column of texts as they are read, one object a row."""
    return np.array([*values, None], dtype=object)[:-1]


def coded(values: list[str | None]) -> Texts:
    """Make the same column by codes, among them one that no row has."""
    known = tuple(sorted({"zzz", *(value for value in values if value is not None)}))
    codes = [-1 if value is None else known.index(value) for value in values]
    return Texts(np.array(codes, dtype=np.int32), known)


def test_the_most_frequent_category_comes_first_and_ties_go_by_their_text() -> None:
    """Codes must not depend on the order of the rows."""
    values = objects("b", "a", "c", "c", None, "a", "b", "c")
    assert fit_categories(values, most=10, minimum_rows=1) == ("c", "a", "b")
    assert fit_categories(values[::-1], most=10, minimum_rows=1) == ("c", "a", "b")
    assert fit_categories(values, most=2, minimum_rows=1) == ("c", "a")
    assert fit_categories(values, most=10, minimum_rows=3) == ("c",)


@pytest.mark.parametrize("values", [[], [None, None], ["a", "b"]])
def test_nothing_frequent_means_no_category(values: list[str | None]) -> None:
    """No rows, only missing ones, only rare ones: every value is one of the others."""
    assert fit_categories(objects(*values), most=10, minimum_rows=2) == ()
    known = [0.0 if value else np.nan for value in values]
    np.testing.assert_array_equal(encode(objects(*values), ()), np.array(known))


def test_unseen_value_is_one_of_the_others_and_a_missing_one_is_not() -> None:
    """A value of next year must be scored, and a gap is something else than a rarity."""
    found = encode(objects("b", "new", None, "a", ""), ("a", "b"))
    np.testing.assert_array_equal(found, [1, 2, np.nan, 0, 2])
    assert found.dtype == np.float32


@given(VALUES, st.integers(1, 4), st.integers(1, 3))
def test_coded_texts_are_encoded_as_written_out_ones(
    values: list[str | None], most: int, minimum: int
) -> None:
    """The quick way of reading is not another meaning."""
    plain = objects(*values)
    known = fit_categories(plain, most=most, minimum_rows=minimum)
    assert fit_categories(coded(values), most=most, minimum_rows=minimum) == known
    np.testing.assert_array_equal(encode(coded(values), known), encode(plain, known))


@given(VALUES)
def test_a_code_says_the_value_back(values: list[str | None]) -> None:
    """With every category known, nothing is lost."""
    known = fit_categories(objects(*values), most=100, minimum_rows=1)
    said = [
        None if np.isnan(code) else known[int(code)]
        for code in encode(objects(*values), known).tolist()
    ]
    assert said == values


def test_small_tables_keep_categories_of_a_hundredth() -> None:
    """Ten rows of a small table are much; but what was seen once is never learned."""
    assert fewest_rows(10, 1_000_000) == 10
    assert fewest_rows(10, 500) == 5
    assert fewest_rows(10, 20) == 2
    assert fewest_rows(1, 20) == 1


def test_free_text_is_refused_with_an_example() -> None:
    """Thousands of sentences would each be one of the others, and nobody would know."""
    sentences = [f"the customer called {place} times and complained" for place in range(50)]
    for column in (objects(*sentences), coded([*sentences])):
        with pytest.raises(TextColumnError, match=r"note is free text \(like 'the customer"):
            require_no_text("note", column)


@pytest.mark.parametrize(
    "values",
    [
        [],
        [None, None],
        [f"id-{place}" for place in range(50)],
        ["a job with a long name", "another job with a long name"] * 50,
    ],
)
def test_categories_are_no_free_text(values: list[str | None]) -> None:
    """Names of one word, and long names that come again, are categories."""
    require_no_text("job", objects(*values))
    require_no_text("job", coded(values))
