"""Columns become numbers a model can take, or the column that does not fit is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline_code.core.errors import EmptySampleError, MissingColumnsError, SingleClassError
from pipeline_code.core.texts import Texts
from pipeline_code.steps.matrix import (
    UnusableColumnError,
    feature_matrix,
    labels,
    require_both_classes,
)


def test_features_come_in_the_order_asked_for() -> None:
    """A model knows its columns by place alone."""
    columns = {"b": np.array([1, 2]), "a": np.array([0.5, np.nan]), "c": np.array([True, False])}
    found = feature_matrix(columns, ["a", "b", "c"], "rows")
    np.testing.assert_array_equal(found, [[0.5, 1, 1], [np.nan, 2, 0]])
    assert found.dtype == np.float32


def test_missing_feature_is_named() -> None:
    """Which column, in which file."""
    with pytest.raises(MissingColumnsError, match=r"test\.parquet lacks b"):
        feature_matrix({"a": np.zeros(1)}, ["a", "b"], "test.parquet")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (np.array(["x"], dtype=object), "not a column of numbers"),
        (np.array([np.datetime64("2026-01-01")]), "not a column of numbers"),
        (np.array([np.inf]), "infinite"),
        (np.array([1e300]), "larger than 3.4e38"),
    ],
)
def test_feature_that_is_no_number_is_refused(values: Any, says: str) -> None:
    """The library's own message would not say which column."""
    with pytest.raises(UnusableColumnError, match=says) as caught:
        feature_matrix({"a": values}, ["a"], "rows")
    assert "rows: a " in str(caught.value)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (np.array([0.0, np.nan]), "missing in 1 rows"),
        (np.array([0, 2]), "2 in a row where only 0 and 1"),
        (np.array(["yes"], dtype=object), "not a column of 0 and 1"),
    ],
)
def test_label_that_is_neither_0_nor_1_is_refused(values: Any, says: str) -> None:
    """A missing label is not a negative one."""
    with pytest.raises(UnusableColumnError, match=says):
        labels({"y": values}, "y", "rows")


@pytest.mark.parametrize("kind", [np.int64, np.float64, np.bool_, np.uint8])
def test_labels_of_any_kind_are_true_and_false(kind: Any) -> None:
    """A column with gaps elsewhere arrives as floats."""
    found = labels({"y": np.array([0, 1], dtype=kind)}, "y", "rows")
    assert found.tolist() == [False, True]


def test_one_class_and_no_rows_are_refused() -> None:
    """Each is said for what it is."""
    with pytest.raises(EmptySampleError):
        require_both_classes(np.empty(0, bool), "y", "rows")
    with pytest.raises(SingleClassError, match="every y is 1"):
        require_both_classes(np.array([True, True]), "y", "rows")
    require_both_classes(np.array([True, False]), "y", "rows")


def test_categories_come_by_their_codes() -> None:
    """Texts, coded or not; booleans are numbers."""
    columns = {
        "kind": np.array(["b", "new", None], dtype=object),
        "place": Texts(np.array([0, 1, -1], dtype=np.int32), ("here", "there")),
        "flag": np.array([True, False, True]),
    }
    categories = {"kind": ("a", "b"), "place": ("there", "here")}
    found = feature_matrix(columns, ["flag", "kind", "place"], "rows", categories)
    np.testing.assert_array_equal(found, [[1, 1, 1], [0, 2, 0], [1, np.nan, np.nan]])


def test_text_and_number_are_not_taken_for_each_other() -> None:
    """A column that changed its type since the training is said to have."""
    with pytest.raises(UnusableColumnError, match="a is not a column of text"):
        feature_matrix({"a": np.zeros(1)}, ["a"], "rows", {"a": ("x",)})
    with pytest.raises(UnusableColumnError, match="a is not a column of numbers"):
        feature_matrix({"a": Texts(np.zeros(1, np.int32), ("x",))}, ["a"], "rows")
