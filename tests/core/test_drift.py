"""The index is nought where nothing moved, and large where much did."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.core.drift import bin_count, population_stability_index
from pipeline_code.core.errors import EmptySampleError

COUNTS = st.lists(st.integers(0, 1_000), min_size=3, max_size=3).filter(any)


def test_by_hand() -> None:
    """(0.6 - 0.5) ln(0.6 / 0.5) + (0.4 - 0.5) ln(0.4 / 0.5), for large samples."""
    found = population_stability_index(np.array([500_000, 500_000]), np.array([600_000, 400_000]))

    assert found == pytest.approx(0.1 * np.log(1.2) - 0.1 * np.log(0.8), rel=1e-4)


def test_the_same_shares_have_not_moved() -> None:
    """A smaller sample of the same is no drift."""
    assert population_stability_index(np.array([900, 90, 10]), np.array([9_000, 900, 100])) < 1e-3


def test_a_bin_that_emptied_is_finite_and_an_alarm() -> None:
    """The logarithm of nothing would be infinite, and no JSON."""
    assert 0.25 < population_stability_index(np.array([500, 500]), np.array([0, 1_000])) < 100


@given(COUNTS, COUNTS)
def test_it_is_never_negative_and_the_same_both_ways(one: list[int], other: list[int]) -> None:
    """Which side is called the reference does not matter."""
    there = population_stability_index(np.array(one), np.array(other))

    assert there >= 0
    assert there == pytest.approx(population_stability_index(np.array(other), np.array(one)))


@pytest.mark.parametrize("empty", [0, 1])
def test_no_rows_are_an_error(empty: int) -> None:
    """Without rows there is no distribution to compare."""
    sides = [np.array([1, 2]), np.array([1, 2])]
    sides[empty] = np.array([0, 0])

    with pytest.raises(EmptySampleError):
        population_stability_index(*sides)


@pytest.mark.parametrize("rows", [1, 100, 400, 100_000])
def test_chance_alone_is_no_alarm(rows: int) -> None:
    """Two samples of one distribution stay below the warning, with as many bins as are advised."""
    generator = np.random.default_rng(0)
    bins = bin_count(rows)
    moved = [
        population_stability_index(
            np.full(bins, 10_000), generator.multinomial(max(rows, 60), np.full(bins, 1 / bins))
        )
        for _ in range(50)
    ]

    assert np.mean(moved) < 0.1
