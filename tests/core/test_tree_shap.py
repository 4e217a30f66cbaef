"""Explanations of trees are the Shapley values of their game, and add up to the margin."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_code.core.tree_ensemble import LEAF, Doubles, Floats, Tree, TreeEnsemble
from pipeline_code.core.tree_shap import TreeShap, WrongWidthError
from pipeline_code.core.tree_tables import table_bytes

Node = tuple[int, float, "Node", "Node"] | float
"""A feature, where the right begins, and the children; or the value of a leaf."""


def grow(
    root: Node, *, output: int = 0, seed: int = 0, missing_left: bool = False, no_row: bool = False
) -> Tree:
    """Make a tree of nested tuples; how many rows went where is drawn with ``seed``.

    With ``no_row`` the last of two sibling leaves was reached by no row of the training.
    """
    random = np.random.default_rng(seed)
    nodes: list[Node] = [root]
    covers = [64.0]
    left, right = [], []
    for index, node in enumerate(nodes):  # which grows meanwhile
        if not isinstance(node, tuple):
            left.append(LEAF)
            right.append(LEAF)
            continue
        left.append(len(nodes))
        right.append(len(nodes) + 1)
        nodes += node[2:]
        share = random.uniform(0.05, 0.95)
        covers += [covers[index] * share, covers[index] * (1 - share)]
    if no_row and len(nodes) > 1:
        covers[-2:] = [sum(covers[-2:]), 0.0]
    asks = [node if isinstance(node, tuple) else (0, 0.0) for node in nodes]
    return Tree(
        left=np.array(left),
        right=np.array(right),
        feature=np.array([ask[0] for ask in asks]),
        threshold=np.array([ask[1] for ask in asks], dtype=np.float32),
        missing_left=np.full(len(nodes), missing_left),
        cover=np.array(covers),
        value=np.array([0.0 if isinstance(node, tuple) else node for node in nodes]),
        output=output,
    )


def ensemble(*trees: Tree, features: int, start: tuple[float, ...] = (0.5,)) -> TreeEnsemble:
    """Add trees up."""
    return TreeEnsemble(trees, features, np.array(start))


def expected(tree: Tree, row: Floats, known: frozenset[int], node: int = 0) -> float:
    """Return what a tree says of a row of which some features are known: the game, as defined."""
    if tree.left[node] == LEAF:
        return float(tree.value[node])
    left, right = int(tree.left[node]), int(tree.right[node])
    feature = int(tree.feature[node])
    if feature in known:
        value = row[feature]
        is_left = tree.missing_left[node] if np.isnan(value) else value < tree.threshold[node]
        return expected(tree, row, known, left if is_left else right)
    lefts, rights = (expected(tree, row, known, child) for child in (left, right))
    return float(lefts * tree.cover[left] + rights * tree.cover[right]) / float(tree.cover[node])


def brute_force(trees: TreeEnsemble, row: Floats) -> Doubles:
    """Return Shapley values from every subset of features, shape (outputs, features + 1)."""
    count = trees.features
    result = np.zeros((trees.outputs, count + 1))
    result[:, -1] = trees.start
    for tree in trees.trees:
        result[tree.output, -1] += expected(tree, row, frozenset())
        for feature in range(count):
            others = [other for other in range(count) if other != feature]
            for size in range(count):
                for some in combinations(others, size):
                    gain = expected(tree, row, frozenset({*some, feature}))
                    gain -= expected(tree, row, frozenset(some))
                    result[tree.output, feature] += gain / (count * comb(count - 1, size))
    return result


FEATURES = 4
values_ = st.floats(-3, 3, width=32)
nodes = st.recursive(
    values_,
    lambda below: st.tuples(st.integers(0, FEATURES - 1), values_, below, below),
    max_leaves=14,
)
grown = st.builds(
    grow,
    nodes,
    output=st.integers(0, 1),
    seed=st.integers(0, 99),
    missing_left=st.booleans(),
    no_row=st.booleans(),
)
rows_ = st.lists(
    st.lists(values_ | st.just(float("nan")), min_size=FEATURES, max_size=FEATURES),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(trees=st.lists(grown, max_size=3), rows=rows_)
def test_values_are_those_of_every_subset(trees: list[Tree], rows: list[list[float]]) -> None:
    """The definition, on trees of any shape: repeated features, missing values, empty leaves."""
    both = ensemble(*trees, features=FEATURES, start=(0.5, -1.0))
    x = np.array(rows, dtype=np.float32)

    found = TreeShap(both, threads=1).values(x)

    assert found.shape == (len(x), 2, FEATURES + 1)
    for row, values in zip(x, found, strict=True):
        np.testing.assert_allclose(values, brute_force(both, row), rtol=1e-4, atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(trees=st.lists(grown, min_size=1, max_size=6), rows=rows_)
def test_values_add_up_to_the_margin(trees: list[Tree], rows: list[list[float]]) -> None:
    """Nothing of a prediction is left unexplained."""
    both = ensemble(*trees, features=FEATURES, start=(0.5, -1.0))
    x = np.array(rows, dtype=np.float32)

    sums = TreeShap(both, threads=1).values(x).sum(axis=-1)

    margins = np.array([both.margin(row) for row in x])
    np.testing.assert_allclose(sums, margins, rtol=1e-4, atol=1e-5)


def test_stump() -> None:
    """One question: its feature gets what the answer adds to the mean, the other one nothing."""
    stump = grow((1, 0.0, -1.0, 3.0))
    share = stump.share(0, 1)
    mean = -share + 3 * (1 - share)

    found = TreeShap(ensemble(stump, features=2)).values(
        np.array([[9, -1], [9, 0]], dtype=np.float32)
    )

    assert found == pytest.approx(
        np.array([[0, -1 - mean, 0.5 + mean], [0, 3 - mean, 0.5 + mean]]), abs=1e-6
    )


def test_a_tree_of_one_leaf_adds_to_the_base_alone() -> None:
    """A round of boosting that found no split explains nothing."""
    found = TreeShap(ensemble(grow(2.0), features=2)).values(np.zeros((1, 2), dtype=np.float32))

    assert found.tolist() == [[0.0, 0.0, 2.5]]


def test_no_trees_leave_the_start() -> None:
    """A booster of no rounds says the same of every row."""
    found = TreeShap(ensemble(features=2)).values(np.zeros((3, 2), dtype=np.float32))

    assert found.tolist() == [[0.0, 0.0, 0.5]] * 3


def test_equal_leaves_explain_nothing() -> None:
    """A constant tree credits no feature, however much it asks."""
    constant = grow((0, 0.0, (1, 0.0, 2.0, 2.0), 2.0))
    x = np.array([[-1, -1], [-1, 1], [1, 1]], dtype=np.float32)

    found = TreeShap(ensemble(constant, features=2)).values(x)

    assert found == pytest.approx(np.array([[0, 0, 2.5]] * 3), abs=1e-6)


def test_a_feature_asked_twice_on_a_path_is_one_player() -> None:
    """Two questions about one feature share no credit: it gets all that the leaf adds."""
    twice = grow((0, 2.0, (0, 1.0, 1.0, 5.0), 9.0))
    mean = twice.expectation()
    x = np.array([[0], [1], [2]], dtype=np.float32)

    found = TreeShap(ensemble(twice, features=1)).values(x)

    assert found[:, 0] == pytest.approx(np.array([1, 5, 9]) - mean, abs=1e-6)


@pytest.mark.parametrize("length", [7, 10, 11, 12, 40])
def test_features_of_a_long_path_share_alike(length: int) -> None:
    """Of a chain of even odds each feature is due the same, with a table of the path or without."""
    root: Node = 3.0
    for feature in range(length):
        root = (feature, 0.0, root, 0.0)
    chain = grow(root)
    even = 64 * 0.5 ** np.arange(length + 1)
    # Breadth first, the two children of a node of the chain stand side by side.
    cover = np.array([64, *np.repeat(even[1:], 2)])
    chain = Tree(**{**vars(chain), "cover": cover})
    x = np.full((2, length), -1, dtype=np.float32)
    x[1, 0] = 1

    found = TreeShap(ensemble(chain, features=length)).values(x)

    assert found[0, :-1] == pytest.approx(np.full(length, 3 * (1 - 0.5**length) / length), rel=1e-5)
    assert found[:, -1] == pytest.approx(0.5 + 3 * 0.5**length)
    assert found[1].sum() == pytest.approx(0.5, abs=1e-6)


def bushy(count: int) -> TreeEnsemble:
    """Make full trees of depth 7 on noise, alternately of two outputs."""
    random = np.random.default_rng(count)

    def branch(depth: int) -> Node:
        if depth == 0:
            return float(random.normal())
        feature, edge = int(random.integers(9)), float(random.normal())
        return (feature, edge, branch(depth - 1), branch(depth - 1))

    trees = [grow(branch(7), output=index % 2, seed=index) for index in range(count)]
    return ensemble(*trees, features=9, start=(0.0, 1.0))


def noise(rows: int, features: int = 9) -> Floats:
    """Draw rows, some values missing."""
    random = np.random.default_rng(rows)
    x = random.normal(size=(rows, features)).astype(np.float32)
    x[random.random(x.shape) < 0.1] = np.nan
    return x


def test_threads_change_no_bit() -> None:
    """The same rows get the same values on any machine, whichever thread was first."""
    trees, x = bushy(20), noise(200)

    alone = TreeShap(trees, threads=1).values(x)

    assert np.array_equal(TreeShap(trees, threads=4).values(x), alone)


def test_tables_that_are_not_kept_say_the_same() -> None:
    """A large ensemble costs time instead of memory, and nothing else."""
    trees, x = bushy(20), noise(50)
    kept = TreeShap(trees)
    sparing = TreeShap(trees, kept_bytes=table_bytes(kept._parts[0].groups))

    assert [part.tables is None for part in sparing._parts] == [False, *[True] * 3]
    assert np.array_equal(sparing.values(x), kept.values(x))


def test_blocks_of_rows_fit_together() -> None:
    """Rows beyond one block are explained as if they came alone."""
    explainer = TreeShap(bushy(2))
    x = noise(2**14 + 3)

    found = explainer.values(x)

    assert np.array_equal(found[-5:], explainer.values(x[-5:]))
    assert np.array_equal(found[:5], explainer.values(x[:5]))


def test_one_row_and_no_rows() -> None:
    """Shapes hold at the small end."""
    explainer = TreeShap(bushy(2))
    single = TreeShap(ensemble(grow((0, 0.0, 1.0, 2.0)), features=9))

    assert explainer.values(noise(1)).shape == (1, 2, 10)
    assert explainer.values(noise(1)[:0]).shape == (0, 2, 10)
    assert single.values(noise(1)).shape == (1, 10)
    assert single.values(noise(1)[:0]).shape == (0, 10)


@pytest.mark.parametrize("shape", [(3, 8), (3, 10), (9,)])
def test_another_width_is_an_error(shape: tuple[int, ...]) -> None:
    """Features in other places would be explained as what they are not."""
    with pytest.raises(WrongWidthError, match="rows of 9 features") as caught:
        TreeShap(bushy(1)).values(np.zeros(shape, dtype=np.float32))

    assert str(shape) in str(caught.value)


def test_what_all_leaves_share_costs_no_precision() -> None:
    """Trees around a million are explained to the last digit of what sets their leaves apart."""
    near: Node = (0, 0.0, (1, 0.0, 0.25, 1.0), (2, 0.0, 3.0, 0.5))
    far: Node = (0, 0.0, (1, 0.0, 1e6 + 0.25, 1e6 + 1.0), (2, 0.0, 1e6 + 3.0, 1e6 + 0.5))
    x = noise(20, 3)

    found = TreeShap(ensemble(grow(far), features=3)).values(x)

    assert found[:, :-1] == pytest.approx(
        TreeShap(ensemble(grow(near), features=3)).values(x)[:, :-1], abs=1e-6
    )
    assert found[:, -1] == pytest.approx(0.5 + grow(far).expectation(), abs=1e-9)
