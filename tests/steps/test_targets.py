"""The target is read as its type of problem has it, or the row that does not fit is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline_code.core.errors import EmptySampleError, MissingColumnsError, SingleClassError
from pipeline_code.core.problem import Problem
from pipeline_code.core.texts import Texts
from pipeline_code.steps.matrix import UnusableColumnError
from pipeline_code.steps.targets import (
    ConstantTargetError,
    require_variety,
    target_values,
    varies,
)

BINARY = Problem(type="binary", target="y", positive="yes")
CLASSES = Problem(type="multiclass", target="y", classes=("red", "green", "blue"))
VALUE = Problem(type="regression", target="y")


@pytest.mark.parametrize(
    ("problem", "values", "expected"),
    [
        (BINARY, np.array([1.0, 0.0]), np.array([True, False])),
        (CLASSES, np.array([2.0, 0.0]), np.array([2, 0], dtype=np.int64)),
        (CLASSES, np.array([1, 2], dtype=np.int32), np.array([1, 2], dtype=np.int64)),
        (VALUE, np.array([3, -1]), np.array([3.0, -1.0])),
        (VALUE, np.array([True, False]), np.array([1.0, 0.0])),
    ],
)
def test_target_has_the_kind_of_its_problem(problem: Problem, values: Any, expected: Any) -> None:
    """Whatever the file's type is, what follows may rely on one."""
    found = target_values({"y": values}, problem, "train")
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype


@pytest.mark.parametrize(
    ("problem", "values", "says"),
    [
        (CLASSES, np.array([0.0, np.nan]), "missing in 1 rows"),
        (CLASSES, np.array([0, 3]), "3 in a row where only the places 0 to 2"),
        (CLASSES, np.array([0, -1]), "-1 in a row"),
        (CLASSES, np.array([0.5, 1]), "0.5 in a row"),
        (CLASSES, np.array(["red"], dtype=object), "not a column of numbers"),
        (VALUE, np.array([1.0, np.nan, np.nan]), "missing in 2 rows"),
        (VALUE, np.array([1.0, np.inf]), "infinite in 1 rows"),
        (VALUE, Texts(np.zeros(1, np.int32), ("12",)), "not a column of numbers"),
        (BINARY, Texts(np.zeros(1, np.int32), ("yes",)), "not a column of 0 and 1"),
    ],
)
def test_target_that_does_not_fit_is_refused(problem: Problem, values: Any, says: str) -> None:
    """A class too many would be learned as a class, a missing number as a zero."""
    with pytest.raises(UnusableColumnError, match=says) as caught:
        target_values({"y": values}, problem, "train.parquet")
    assert "train.parquet: y " in str(caught.value)


@pytest.mark.parametrize("problem", [BINARY, CLASSES, VALUE])
def test_missing_target_is_named(problem: Problem) -> None:
    """Which column, in which file."""
    with pytest.raises(MissingColumnsError, match=r"train\.parquet lacks y"):
        target_values({"x": np.zeros(1)}, problem, "train.parquet")


@pytest.mark.parametrize(
    ("problem", "values", "error", "says"),
    [
        (BINARY, [1, 1], SingleClassError, "every y is 1"),
        (CLASSES, [2, 2], SingleClassError, "every y is blue"),
        (VALUE, [3.5, 3.5], ConstantTargetError, r"every y is 3\.5"),
    ],
)
def test_one_class_and_constant_targets_are_refused(
    problem: Problem, values: list[float], error: type[Exception], says: str
) -> None:
    """Nothing can be learned from them, and no metric says so by itself."""
    target = target_values({"y": np.array(values)}, problem, "train")
    with pytest.raises(error, match=says):
        require_variety(target, problem, "train")
    with pytest.raises(EmptySampleError):
        require_variety(target[:0], problem, "train")
    require_variety(target_values({"y": np.array([0, 1])}, problem, "train"), problem, "train")


def test_rows_vary_when_two_differ() -> None:
    """No rows and one row do not."""
    assert not varies(np.empty(0))
    assert not varies(np.array([4]))
    assert varies(np.array([4, 4, 5]))
