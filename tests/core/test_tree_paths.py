"""Trees are cut so that every leaf is in one group, and no group needs too many bits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_code.core.tree_ensemble import LEAF, Tree
from pipeline_code.core.tree_paths import Group, cut


def random_tree(splits: int, features: int, seed: int) -> Tree:
    """Split a random leaf, again and again; a leaf's value is its place."""
    random = np.random.default_rng(seed)
    left, right, feature = [LEAF], [LEAF], [0]
    for _ in range(splits):
        leaf = int(random.choice(np.flatnonzero(np.array(left) == LEAF)))
        left[leaf], right[leaf] = len(left), len(left) + 1
        feature[leaf] = int(random.integers(features))
        left += [LEAF, LEAF]
        right += [LEAF, LEAF]
        feature += [0, 0]
    count = len(left)
    return Tree(
        left=np.array(left),
        right=np.array(right),
        feature=np.array(feature),
        threshold=np.zeros(count, dtype=np.float32),
        missing_left=np.zeros(count, dtype=np.bool_),
        cover=np.ones(count),
        value=np.arange(count, dtype=np.float64),
    )


def leaves(groups: tuple[Group, ...], mean: float) -> list[int]:
    """Return the places of the leaves of all groups."""
    return sorted(round(leaf.value + mean) for group in groups for leaf in group.leaves)


@settings(max_examples=50, deadline=None)
@given(splits=st.integers(1, 80), features=st.integers(1, 20), seed=st.integers(0, 99))
def test_every_leaf_is_in_one_group_of_few_bits(splits: int, features: int, seed: int) -> None:
    """A leaf left out or counted twice would make every explanation wrong."""
    tree = random_tree(splits, features, seed)

    parts = cut(tree)

    mean = tree.expectation()
    assert leaves(parts.groups, mean) == np.flatnonzero(tree.left == LEAF).tolist()
    for group in parts.groups:
        assert len(group.bits) <= 8 or len(group.leaves) <= 2
        assert group.has_table == (len(group.bits) <= 10)
        assert group.has_table or len(group.leaves) == 1
        assert len(group.features) == len(set(group.features))


def test_a_small_tree_is_one_group() -> None:
    """Eight questions and nine leaves take one lookup a feature."""
    assert len(cut(random_tree(8, 20, 0)).groups) == 1
    assert len(cut(random_tree(9, 20, 0)).groups) > 1


def test_a_single_leaf_makes_no_group() -> None:
    """There is nothing to look up."""
    assert cut(random_tree(0, 3, 0)).groups == ()


@pytest.mark.parametrize("splits", [20, 60])
def test_a_feature_takes_one_bit_of_a_path(splits: int) -> None:
    """However often it is asked on the way, only whether all answers fit matters."""
    parts = cut(random_tree(splits, 1, 3))

    for group in parts.groups:
        inside = len(group.leaves) - 1
        assert len(group.bits) - inside <= 1
