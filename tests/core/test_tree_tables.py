"""Leaves are worth what the Shapley value of their game says, pattern by pattern."""

from __future__ import annotations

from itertools import combinations
from math import comb, prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.core.tree_paths import Condition, Group, Leaf
from pipeline_code.core.tree_tables import make_tables, shapley, table_bytes

conditions = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=7)


def by_definition(fits: list[bool], weights: list[float], one: int) -> float:
    """Return the Shapley value of ``one`` in the game of a leaf worth 1."""
    count = len(fits)
    others = [other for other in range(count) if other != one]

    def worth(known: tuple[int, ...]) -> float:
        return prod(fits[j] if j in known else weights[j] for j in range(count))

    return sum(
        (worth((*some, one)) - worth(some)) / (count * comb(count - 1, size))
        for size in range(count)
        for some in combinations(others, size)
    )


@given(conditions=conditions, value=st.floats(-5, 5))
def test_quadrature_is_exact(conditions: list[tuple[bool, float]], value: float) -> None:
    """No approximation, up to float32; weights of 0 and 1 included, where factors vanish."""
    fits, weights = [list(column) for column in zip(*conditions, strict=True)]

    found = shapley(
        np.array(fits)[np.newaxis, :, np.newaxis], np.array([weights]), np.array([value])
    )

    wanted = [value * by_definition(fits, weights, one) for one in range(len(fits))]
    assert found[0, :, 0] == pytest.approx(np.array(wanted), rel=1e-5, abs=2e-6)


@pytest.mark.parametrize("count", [30, 60])
def test_long_paths_lose_nothing(count: int) -> None:
    """Of many conditions that all fit, each is due an equal share of what they add together."""
    fits = np.ones((1, count, 1), dtype=np.bool_)

    found = shapley(fits, np.full((1, count), 0.9), np.array([1.0]))

    assert found.ravel() == pytest.approx(np.full(count, (1 - 0.9**count) / count), rel=1e-4)


def test_padding_adds_nothing() -> None:
    """A condition of weight 1 that always fits, as shorter leaves are padded with, is nobody's."""
    fits = np.array([[[True], [False], [True]]])

    short = shapley(fits[:, :2], np.array([[0.3, 0.6]]), np.array([2.0]))
    padded = shapley(fits, np.array([[0.3, 0.6, 1.0]]), np.array([2.0]))

    assert padded[:, :2] == pytest.approx(short, abs=1e-7)
    assert padded[0, 2, 0] == 0


def group(features: tuple[int, ...], value: float) -> Group:
    """Make a group of one leaf that wants bit i of feature i to be set."""
    wanted = tuple(
        Condition(feature, 1 << bit, 1 << bit, 0.5) for bit, feature in enumerate(features)
    )
    return Group(tuple(range(len(features))), (Leaf(value, wanted),), features)


def test_tables_come_in_the_order_of_their_groups() -> None:
    """Groups of as many bits are worked out together, and told apart again."""
    groups = [
        group((3, 5), 2.0),
        group((4,), 1.0),
        group(tuple(range(11)), 1.0),
        group((7, 1), -4.0),
    ]

    first, second, long, last = make_tables(groups)

    assert first is not None
    assert first == pytest.approx(
        np.array([[-0.25, 0.25, -0.75, 0.75], [-0.25, -0.75, 0.25, 0.75]])
    )
    assert second == pytest.approx(np.array([[-0.5, 0.5]]))
    assert long is None
    assert last == pytest.approx(-2 * first)
    assert table_bytes(groups) == sum(table.nbytes for table in (first, second, last))
