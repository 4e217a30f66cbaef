"""Cut trees into groups of leaves that hang on few answers.

Whether a leaf is reached when only some features are known depends, feature by feature, on
whether the row gives every answer on the leaf's path. So the leaves of a small subtree depend on
a few bits of a row: its answers inside the subtree, and for each feature asked on the way to it
whether all those answers fit. Every pattern of such bits can be worked out beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from pipeline_code.core.tree_ensemble import LEAF, Integers, Tree

# The more leaves in a group, the fewer lookups a row: 8 bits take a third of what every leaf apart
# would. Their pattern is a byte; a ninth bit would double the tables for a sixth fewer lookups.
_BITS_OF_A_GROUP: Final = 8
# A long path is worth a table as long as it has clearly fewer patterns than there are rows.
_LONGEST_TABLE_BITS: Final = 10

Answer = tuple[int, bool]  # a node's place among those that ask, and whether the row goes left


class Condition(NamedTuple):
    """What a leaf asks of one feature, in terms of the bits of its group."""

    feature: int
    mask: int
    wanted: int
    """The values of the masked bits with which a row fits."""
    weight: float
    """The share of the training data that fits, node by node: what stands in for unknown."""


class Leaf(NamedTuple):
    """One leaf of a group."""

    value: float
    """Less the mean of its tree. No feature's share changes by that, and the float32 that they
    are computed in are not spent on what all leaves have in common: LightGBM puts the mean of the
    target into the leaves of its first tree."""
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Group:
    """Leaves and the bits on which they depend."""

    bits: tuple[int, ...]
    """Places of the bits in the answers of the tree; the first is the lowest."""
    leaves: tuple[Leaf, ...]
    features: tuple[int, ...]
    """Every feature of its leaves, once."""

    @property
    def has_table(self) -> bool:
        """Whether its patterns are few enough to work all of them out."""
        return len(self.bits) <= _LONGEST_TABLE_BITS


@dataclass(frozen=True)
class CutTree:
    """A tree's groups, and the answers that their bits are: of nodes, then of several joined."""

    tree: Tree
    nodes: Integers
    """The nodes that ask."""
    joined: tuple[tuple[Answer, ...], ...]
    """Answers to be given all: what the second part of the bits says."""
    groups: tuple[Group, ...]


class _Asked(NamedTuple):
    """What was asked of a feature on the way to a node."""

    answers: tuple[Answer, ...]
    weight: float


def cut(tree: Tree) -> CutTree:
    """Cut ``tree`` into the largest groups that few enough bits decide."""
    nodes = np.flatnonzero(tree.left != LEAF)
    places = {int(node): place for place, node in enumerate(nodes)}
    cutter = _Cutter(tree, places, _asking_below(tree))
    groups = tuple(cutter.groups())
    return CutTree(tree, nodes, tuple(cutter.joined), groups)


def _asking_below(tree: Tree) -> list[int]:
    """Count the nodes that ask in the subtree of each node."""
    order, todo = [], [0]
    while todo:
        node = todo.pop()
        order.append(node)
        if tree.left[node] != LEAF:
            todo += [int(tree.left[node]), int(tree.right[node])]
    asking = [0] * len(tree.left)
    for node in reversed(order):
        if tree.left[node] != LEAF:
            asking[node] = 1 + asking[tree.left[node]] + asking[tree.right[node]]
    return asking


class _Cutter:
    def __init__(self, tree: Tree, places: Mapping[int, int], asking: list[int]) -> None:
        self._tree = tree
        self._places = places
        self._asking = asking
        self._mean = tree.expectation()
        self.joined: dict[tuple[Answer, ...], int] = {}

    def groups(self) -> Iterator[Group]:
        todo: list[tuple[int, dict[int, _Asked]]] = [(0, {})]
        while todo:
            node, asked = todo.pop()
            if self._is_group(node, len(asked)):
                if asked or self._asking[node]:
                    yield self._group(node, asked)
                continue
            for child, answer, weight in self._children(node):
                feature = int(self._tree.feature[node])
                before = asked.get(feature, _Asked((), 1.0))
                here = _Asked((*before.answers, answer), before.weight * weight)
                todo.append((child, {**asked, feature: here}))

    def _is_group(self, node: int, asked: int) -> bool:
        inside = self._asking[node]
        longest = _LONGEST_TABLE_BITS if inside == 1 else _BITS_OF_A_GROUP
        return inside == 0 or asked + inside <= longest

    def _children(self, node: int) -> Iterator[tuple[int, Answer, float]]:
        place = self._places[node]
        for children, is_left in ((self._tree.left, True), (self._tree.right, False)):
            child = int(children[node])
            yield child, (place, is_left), self._tree.share(node, child)

    def _group(self, root: int, asked: Mapping[int, _Asked]) -> Group:
        bits: list[int] = []
        conditions = {}
        for feature, (answers, weight) in asked.items():
            mask = 1 << len(bits)
            place, is_wanted = self._bit(answers)
            bits.append(place)
            conditions[feature] = Condition(feature, mask, mask * is_wanted, weight)
        leaves = []
        todo = [(root, conditions)]
        while todo:
            node, conditions = todo.pop()
            if self._tree.left[node] == LEAF:
                value = float(self._tree.value[node]) - self._mean
                leaves.append(Leaf(value, tuple(conditions.values())))
                continue
            mask = 1 << len(bits)
            bits.append(self._places[node])
            for child, (_, is_left), weight in self._children(node):
                feature = int(self._tree.feature[node])
                _, masks, wanted, before = conditions.get(feature, (feature, 0, 0, 1.0))
                here = Condition(feature, masks | mask, wanted | mask * is_left, before * weight)
                todo.append((child, {**conditions, feature: here}))
        features = {one.feature: None for leaf in leaves for one in leaf.conditions}
        return Group(tuple(bits), tuple(leaves), tuple(features))

    def _bit(self, answers: tuple[Answer, ...]) -> Answer:
        """Return the place of the bit that says whether all answers fit, and its wanted value."""
        if len(answers) == 1:
            return answers[0]
        return len(self._places) + self.joined.setdefault(answers, len(self.joined)), True
