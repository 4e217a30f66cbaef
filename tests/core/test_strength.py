"""A feature that says all is told from one that says nothing, for every kind of target."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline_code.core.errors import EmptySampleError
from pipeline_code.core.problem_types import BINARY, MULTICLASS, REGRESSION, ProblemType
from pipeline_code.core.strength import NEARLY_PERFECT, monotone_strength, strength

GENERATOR = np.random.default_rng(0)
BINS = GENERATOR.integers(0, 9, 3_000)
TARGETS: dict[ProblemType, tuple[np.ndarray, np.ndarray, float]] = {
    BINARY: ((BINS > 4).astype(int), GENERATOR.integers(0, 2, 3_000), 0.5),
    MULTICLASS: (BINS // 3, GENERATOR.integers(0, 3, 3_000), 0.0),
    REGRESSION: (BINS * 2.5 - 7, GENERATOR.normal(size=3_000), 0.0),
}


@pytest.mark.parametrize("problem", TARGETS)
def test_a_copy_of_the_target_is_perfect(problem: ProblemType) -> None:
    """The plainest leak there is."""
    assert strength(problem, BINS, TARGETS[problem][0]) == pytest.approx(1.0)


@pytest.mark.parametrize("problem", TARGETS)
def test_chance_tells_nothing(problem: ProblemType) -> None:
    """Also where every row is a bin of its own: no bin is judged by its own rows."""
    _, noise, nothing = TARGETS[problem]

    assert strength(problem, BINS, noise) == pytest.approx(nothing, abs=0.05)
    assert strength(problem, np.arange(3_000), noise) == pytest.approx(nothing, abs=0.05)


def test_the_area_by_hand() -> None:
    """One bin has half positives, the other none: 0.75 of the pairs are in order."""
    bins = np.array([0, 0, 0, 0, 1, 1, 1, 1] * 10)
    target = np.array([1, 1, 0, 0, 0, 0, 0, 0] * 10)

    # 20 positives in a bin with 20 negatives, 40 negatives below them.
    assert strength(BINARY, bins, target) == pytest.approx((40 + 10) / 60)


@pytest.mark.parametrize(("problem", "nothing"), [(BINARY, 0.5), (MULTICLASS, 0), (REGRESSION, 0)])
def test_a_constant_target_is_told_by_nothing(problem: ProblemType, nothing: float) -> None:
    """One class, or one value: there is nothing to tell."""
    assert strength(problem, BINS, np.zeros(3_000, dtype=int)) == nothing


@pytest.mark.parametrize("problem", [BINARY, MULTICLASS, REGRESSION])
def test_one_row_is_no_evidence(problem: ProblemType) -> None:
    """And no division by nought."""
    assert strength(problem, np.array([0]), np.array([1])) < NEARLY_PERFECT[problem]


def test_no_rows_are_an_error() -> None:
    """Of nothing nothing can be said."""
    with pytest.raises(EmptySampleError):
        strength(BINARY, np.array([], dtype=int), np.array([]))


def test_a_few_numbers_that_say_all_are_seen_without_bins() -> None:
    """Thirty rows make one bin; their order tells."""
    values = np.linspace(-1, 1, 30)

    assert monotone_strength(BINARY, values, (values < 0.5).astype(int)) == 1
    assert monotone_strength(REGRESSION, values, 7 - 3 * values) == pytest.approx(1)
    assert monotone_strength(REGRESSION, values, values**2) == pytest.approx(0)


def test_what_has_no_order_is_told_by_bins_alone() -> None:
    """Texts, classes, gaps and constants; a target of one value is told by nothing."""
    values = np.linspace(-1, 1, 30)
    gaps = np.where(values > 0, values, np.nan)

    assert monotone_strength(MULTICLASS, values, np.arange(30) % 3) == 0
    assert monotone_strength(BINARY, gaps, np.arange(30) % 2) == 0
    assert monotone_strength(BINARY, np.array(["a"] * 30, dtype=object), np.arange(30) % 2) == 0
    assert monotone_strength(REGRESSION, np.ones(30), values) == 0
    assert monotone_strength(BINARY, values, np.ones(30)) == 0.5
