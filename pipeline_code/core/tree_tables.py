"""Work out the SHAP values of leaves, for every pattern of the answers on which they depend."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.tree_ensemble import Doubles, Flags, Floats, Integers
from pipeline_code.core.tree_paths import Group

Table = NDArray[np.float32]
"""What a group adds to each of its features, pattern by pattern: (features, 2**bits)."""

# Stays in the cache of a core, and below what makes the library of matrix products start threads.
NUMBERS_AT_ONCE: Final = 2**15


def shapley(fits: Flags, weight: Doubles, value: Doubles) -> Floats:
    """Return the SHAP values of leaves, shape (leaves, conditions, n).

    A leaf is worth its value times, for each condition, whether a row fits it where the feature is
    known, and the weight where it is not. The Shapley value of a feature is the integral over t
    of 0..1 of what knowing it changes while each other one is known with probability t: here a
    polynomial in t of degree ``conditions - 1``, which Gauss-Legendre quadrature sums exactly.

    Args:
        fits: whether a row, or a pattern, fits a condition: (leaves, conditions, n).
        weight: (leaves, conditions), 0..1; a condition of weight 1 that always fits adds nothing.
        value: (leaves,).

    Source: Owen, *Multilinear extensions of games*, Management Science 18 (1972);
    the game is that of Lundberg et al., arXiv 1802.03888, algorithm 1.
    """
    points, shares = _quadrature((weight.shape[1] + 1) // 2)
    unfit = weight[:, :, np.newaxis] * (1 - points)
    # What a condition's factor gives way to when its feature is known, over that factor.
    if_unfit = -1 / (1 - points)
    if_fit = (1 - weight[:, :, np.newaxis]) / (points + unfit)
    numbers = fits.astype(np.float32)
    products = np.empty((len(value), len(points), fits.shape[2]), dtype=np.float32)
    factors = np.empty_like(numbers)
    for index, point in enumerate(points):
        np.multiply(numbers, np.float32(point), out=factors)
        factors += unfit[:, :, index, np.newaxis].astype(np.float32)
        np.multiply.reduce(factors, axis=1, out=products[:, index])
    products *= (value[:, np.newaxis] * shares)[:, :, np.newaxis].astype(np.float32)
    result: Floats = np.matmul((if_fit - if_unfit).astype(np.float32), products)
    result *= numbers
    result += np.matmul(if_unfit.astype(np.float32), products)[:, np.newaxis]
    return result


@cache
def _quadrature(count: int) -> tuple[Doubles, Doubles]:
    """Return points of 0..1 and their shares, exact up to degree ``2 * count - 1``."""
    points, shares = np.polynomial.legendre.leggauss(count)
    return (points + 1) / 2, shares / 2


def make_tables(groups: Sequence[Group]) -> list[Table | None]:
    """Return the table of each group; None for one whose patterns are too many."""
    result: list[Table | None] = [None] * len(groups)
    order = sorted(
        (index for index, group in enumerate(groups) if group.has_table),
        key=lambda index: len(groups[index].bits),
    )
    # Together, because many small arrays cost more than one large one.
    for bits, places in groupby(order, key=lambda index: len(groups[index].bits)):
        alike = tuple(places)
        for place, table in zip(alike, _tables(bits, [groups[i] for i in alike]), strict=True):
            result[place] = table
    return result


def table_bytes(groups: Sequence[Group]) -> int:
    """Return how large the tables of ``groups`` are."""
    return sum(
        4 * len(group.features) * 2 ** len(group.bits) for group in groups if group.has_table
    )


class _Leaves(NamedTuple):
    """Leaves of several groups, all padded to as many conditions: (leaves, conditions)."""

    value: Doubles
    """Shape (leaves,)."""
    rank: Integers
    """The place of each leaf in its group, shape (leaves,)."""
    mask: Integers
    wanted: Integers
    line: Integers
    """Where the condition's feature stands in the tables of all groups, one below the other."""
    weight: Doubles


def _tables(bits: int, groups: Sequence[Group]) -> list[Table]:
    ends = np.cumsum([len(group.features) for group in groups])
    leaves = _stacked(groups, int(ends[-1]))
    patterns = np.arange(2**bits)
    # The last line is what padding adds to: nothing, but many times.
    result = np.zeros((ends[-1] + 1, len(patterns)), dtype=np.float32)
    at_once = max(1, NUMBERS_AT_ONCE // (len(patterns) * leaves.mask.shape[1]))
    # One leaf of each group at a time: no line is then twice on the left of the sum.
    for rank in range(int(leaves.rank.max()) + 1):
        peers = np.flatnonzero(leaves.rank == rank)
        for start in range(0, len(peers), at_once):
            some = peers[start : start + at_once]
            relevant = patterns & leaves.mask[some, :, np.newaxis]
            fits = relevant == leaves.wanted[some, :, np.newaxis]
            found = shapley(fits, leaves.weight[some], leaves.value[some])
            result[leaves.line[some].ravel()] += found.reshape(-1, len(patterns))
    return np.split(result[:-1], ends[:-1])


def _stacked(groups: Sequence[Group], padding: int) -> _Leaves:
    """Lay the leaves of ``groups`` out as arrays; ``padding`` is the line of what is no condition.

    A condition that is none has an empty mask, which every pattern fits, and the weight 1.
    """
    places, masks, wanted, lines, weights = [], [], [], [], []
    values: list[float] = []
    ranks: list[int] = []
    first = 0
    for group in groups:
        line_of = {feature: line for line, feature in enumerate(group.features, first)}
        first += len(line_of)
        for rank, leaf in enumerate(group.leaves):
            for index, one in enumerate(leaf.conditions):
                places.append((len(values), index))
                masks.append(one.mask)
                wanted.append(one.wanted)
                lines.append(line_of[one.feature])
                weights.append(one.weight)
            values.append(leaf.value)
            ranks.append(rank)
    at = np.array(places)
    return _Leaves(
        value=np.array(values),
        rank=np.array(ranks),
        mask=_padded(masks, at, 0),
        wanted=_padded(wanted, at, 0),
        line=_padded(lines, at, padding),
        weight=_padded(weights, at, 1.0),
    )


def _padded(values: Sequence[float], at: Integers, padding: float) -> NDArray[Any]:
    """Lay ``values`` out in the rows and columns of ``at``, and ``padding`` where none stands."""
    result = np.full(at.max(axis=0) + 1, padding)
    result[at[:, 0], at[:, 1]] = values
    return result
