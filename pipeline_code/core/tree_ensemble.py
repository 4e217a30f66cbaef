"""Hold the trees of a gradient-boosted model as arrays, whatever library grew them.

A tree is what a row is asked on its way down and what each leaf adds to the margin, with how much
of the training data went each way. Nothing here knows how trees were grown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.errors import PipelineError

LEAF: Final = -1  # the child of a node that has none
_AS_GOOD_AS_ZERO: Final = 1e-35  # LightGBM's kZeroThreshold

Flags = NDArray[np.bool_]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]


class UnsupportedTreesError(PipelineError, ValueError):
    """A booster is of a kind whose trees cannot be explained here."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"the booster {what}; exact explanations take trees that each add one number to one "
            "margin: train with the usual booster, or ask its own library for explanations"
        )


@dataclass(frozen=True)
class Tree:
    """One tree: arrays of one entry a node, the root first.

    At a node with children a row goes left when its feature, as a float32, is below `threshold`.
    """

    left: Integers
    right: Integers
    feature: Integers
    threshold: Floats
    missing_left: Flags
    cover: Doubles
    value: Doubles
    """What a leaf adds to the margin; of no meaning elsewhere."""
    output: int = 0
    """The margin to which the tree belongs, of several classes."""
    zero_is_missing: Flags | None = None
    """Nodes at which zero goes where a missing value goes; None where there are none."""
    categories: Mapping[int, Integers] = field(default_factory=dict)
    """Nodes that ask for a category instead: the codes that are named there."""
    named_go_left: bool = True
    """Where a named category goes; every other one, known or not, goes the other way."""

    def share(self, node: int, child: int) -> float:
        """Return how much of the training data at ``node`` went to ``child``."""
        return float(self.cover[child] / self.cover[node])

    def goes_left(self, node: int, column: Floats, missing: Flags | None) -> Flags:
        """Say of each value of the node's feature whether it goes left.

        Args:
            node: a node that asks.
            column: values of the feature, shape (n,).
            missing: which of them are NaN; None if none is.
        """
        if node in self.categories:
            left: Flags = _is_named(column, self.categories[node]) == self.named_go_left
        else:
            left = column < self.threshold[node]
        if self.zero_is_missing is not None and self.zero_is_missing[node]:
            left[np.abs(column) <= _AS_GOOD_AS_ZERO] = self.missing_left[node]
        if missing is not None:
            # left > missing is "left, and not missing" for flags; both are faster than a mask.
            (np.logical_or if self.missing_left[node] else np.greater)(left, missing, out=left)
        return left

    def expectation(self) -> float:
        """Return the mean of the leaves, each with the share of the training data in it."""
        total, todo = 0.0, [(0, 1.0)]
        while todo:
            node, weight = todo.pop()
            if self.left[node] == LEAF:
                total += weight * float(self.value[node])
                continue
            for child in (int(self.left[node]), int(self.right[node])):
                todo.append((child, weight * self.share(node, child)))
        return total

    def leaf_value(self, row: Floats) -> float:
        """Return what the tree adds to the margin of one row, shape (features,)."""
        node = 0
        while self.left[node] != LEAF:
            value = row[self.feature[node], np.newaxis]
            is_left = self.goes_left(node, value, np.isnan(value))[0]
            node = int(self.left[node] if is_left else self.right[node])
        return float(self.value[node])


@dataclass(frozen=True)
class TreeEnsemble:
    """Trees that are added up, on top of a margin that all rows share."""

    trees: tuple[Tree, ...]
    features: int
    start: Doubles
    """The margin before the first tree, one an output, shape (outputs,)."""

    def __post_init__(self) -> None:
        for tree in self.trees:
            asking = tree.left != LEAF
            # Written so that NaN fails too.
            if not (np.all(tree.cover[asking] > 0) and np.all(tree.cover >= 0)):
                raise UnsupportedTreesError("has a node that no training row reached")

    @property
    def outputs(self) -> int:
        """How many margins a row has: 1, or one a class."""
        return len(self.start)

    @property
    def base(self) -> Doubles:
        """The margin of a row of which nothing is known, one an output, shape (outputs,)."""
        base = self.start.copy()
        for tree in self.trees:
            base[tree.output] += tree.expectation()
        return base

    def margin(self, row: Floats) -> Doubles:
        """Return the margins of one row, shape (outputs,)."""
        margin = self.start.copy()
        for tree in self.trees:
            margin[tree.output] += tree.leaf_value(row)
        return margin


def _is_named(column: Floats, codes: Integers) -> Flags:
    """Say of each value whether it is one of ``codes``; missing and negative ones are not."""
    last = int(codes.max(initial=0)) + 1
    named = np.zeros(last + 1, dtype=np.bool_)
    named[codes] = True
    # The last place is nobody's: where unknown codes go, and, as -1, missing and negative ones.
    places = np.fmin(np.fmax(np.floor(column), -1), last).astype(np.intp)
    result: Flags = named[places]
    return result
