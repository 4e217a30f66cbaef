"""Explain boosted trees exactly: the path-dependent SHAP values of many rows, without a compiler.

Every tree is cut into groups of leaves that depend on a few bits of a row (`tree_paths`). What a
group adds to each feature is worked out once for every pattern of its bits (`tree_tables`); a row
is asked what the tree asks (`tree_answers`), and looks its pattern up.

Source: the values are those of Lundberg et al., arXiv 1802.03888; tables by leaf are the idea of
Yang, *Fast TreeSHAP*, arXiv 2109.09847, version 2; the groups and the quadrature are ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.errors import PipelineError
from pipeline_code.core.tree_answers import Columns, answers
from pipeline_code.core.tree_ensemble import Doubles, Floats, TreeEnsemble
from pipeline_code.core.tree_paths import CutTree, Group, cut
from pipeline_code.core.tree_tables import (
    NUMBERS_AT_ONCE,
    Table,
    make_tables,
    shapley,
    table_bytes,
)

_LEAVES_OF_A_PART: Final = 700  # enough parts for the threads, few enough to sum up
_ROWS_AT_ONCE: Final = 2**14
_KEPT_BYTES: Final = 2**28


class WrongWidthError(PipelineError, ValueError):
    """Rows do not have the features that the trees ask for."""

    def __init__(self, features: int, given: tuple[int, ...]) -> None:
        super().__init__(
            f"the trees take rows of {features} features, given an array of shape {given}; "
            "give the features of the training in their order"
        )


@dataclass(frozen=True)
class _Part:
    """Some trees of one output: what a thread explains at a time."""

    trees: tuple[CutTree, ...]
    features: tuple[int, ...]
    groups: tuple[Group, ...]
    """The groups of all trees, in their order."""
    tables: Sequence[Table | None] | None
    """The tables of the groups; None if they are made anew each time, for lack of memory."""

    @property
    def output(self) -> int:
        """The output to which all the trees belong."""
        return self.trees[0].tree.output


class TreeShap:
    """Explain rows with the trees of an ensemble, again and again.

    Making one takes a fraction of a second: it cuts the trees and fills their tables, of which it
    keeps up to a quarter of a GiB. A call costs some 60 ms for 200 trees however few the rows, so
    below a hundred rows the booster's own explanations are as fast or faster.
    """

    def __init__(
        self, ensemble: TreeEnsemble, *, threads: int = 2, kept_bytes: int = _KEPT_BYTES
    ) -> None:
        """Prepare the tables.

        Args:
            ensemble: what to explain.
            threads: how many to work with; the values do not depend on it.
            kept_bytes: how large the tables may be that are kept; those beyond are made anew in
                each call.
        """
        self._ensemble = ensemble
        self._threads = threads
        self.base = ensemble.base
        """The value of a row of which nothing is known, shape (outputs,)."""
        self._parts = tuple(_parts([cut(tree) for tree in ensemble.trees], kept_bytes))

    def values(self, x: Floats) -> Doubles:
        """Return what each feature of each row adds to the margin; the base value stands last.

        Args:
            x: rows, shape (n, features); NaN is a missing value. No rows give an empty array.

        Returns:
            Shape (n, features + 1) for one output, (n, outputs, features + 1) for several. The
            sum over the last axis is the margin.

        Raises:
            WrongWidthError: if ``x`` has another number of columns.
        """
        if x.ndim != 2 or x.shape[1] != self._ensemble.features:
            raise WrongWidthError(self._ensemble.features, x.shape)
        rows = np.asarray(x, dtype=np.float32)
        result = np.empty((len(rows), self._ensemble.outputs, x.shape[1] + 1))
        with ThreadPoolExecutor(self._threads) as pool:
            for start in range(0, len(rows), _ROWS_AT_ONCE):
                some = slice(start, start + _ROWS_AT_ONCE)
                self._explain(Columns.of(rows[some]), result[some], pool)
        return result[:, 0] if self._ensemble.outputs == 1 else result

    def _explain(self, columns: Columns, out: Doubles, pool: ThreadPoolExecutor) -> None:
        """Write the values of some rows into ``out``, shape (rows, outputs, features + 1)."""
        sums = np.zeros((out.shape[1], out.shape[2], columns.rows))
        sums[:, -1] = self.base[:, np.newaxis]
        found = pool.map(lambda part: _added(part, columns), self._parts)
        # In the order of the parts, whichever thread was first: so the sums are always the same.
        for part, added in zip(self._parts, found, strict=True):
            sums[part.output, list(part.features)] += added
        out[...] = np.moveaxis(sums, -1, 0)


def _parts(trees: Sequence[CutTree], kept_bytes: int) -> Iterable[_Part]:
    """Divide the trees into parts, and make tables as long as there is memory to keep them."""
    for some in _runs(trees):
        groups = tuple(chain.from_iterable(tree.groups for tree in some))
        features = sorted({feature for group in groups for feature in group.features})
        kept_bytes -= table_bytes(groups)
        tables = make_tables(groups) if kept_bytes >= 0 else None
        yield _Part(tuple(some), tuple(features), groups, tables)


def _runs(trees: Sequence[CutTree]) -> Iterable[list[CutTree]]:
    """Divide the trees by output, and those of one output into runs of about as many leaves."""
    for output in sorted({tree.tree.output for tree in trees}):
        run: list[CutTree] = []
        leaves = 0
        for tree in trees:
            if tree.tree.output != output:
                continue
            run.append(tree)
            leaves += len(tree.nodes) + 1
            if leaves >= _LEAVES_OF_A_PART:
                yield run
                run, leaves = [], 0
        if run:
            yield run


def _added(part: _Part, columns: Columns) -> Floats:
    """Return what the trees of ``part`` add to each of its features, shape (features, rows)."""
    result = np.zeros((len(part.features), columns.rows), dtype=np.float32)
    lines = dict(zip(part.features, result, strict=True))
    tables = iter(part.tables if part.tables is not None else make_tables(part.groups))
    for tree in part.trees:
        bits = answers(tree, columns)
        for group in tree.groups:
            table = next(tables)
            if table is None:
                _work_out(group, bits, lines)
            else:
                _look_up(group, table, bits, lines)
    return result


def _look_up(
    group: Group, table: Table, bits: NDArray[np.uint8], lines: Mapping[int, Floats]
) -> None:
    """Add what the table of ``group`` says of each row's pattern."""
    first, *others = reversed(group.bits)
    pattern = bits[first].astype(np.uint8 if len(group.bits) <= 8 else np.uint16)
    for place in others:
        np.add(pattern, pattern, out=pattern)
        np.add(pattern, bits[place], out=pattern)
    index = pattern.astype(np.intp)
    found = np.empty(len(index), dtype=np.float32)
    for feature, values in zip(group.features, table, strict=True):
        # Every index is in range; of the three modes this one looks at it the fastest.
        np.take(values, index, out=found, mode="wrap")
        lines[feature] += found


def _work_out(group: Group, bits: NDArray[np.uint8], lines: Mapping[int, Floats]) -> None:
    """Add what the only leaf of ``group`` is worth to each row, without a table."""
    (leaf,) = group.leaves
    weight = np.array([[one.weight for one in leaf.conditions]])
    wanted = np.array([[one.wanted > 0] for one in leaf.conditions])
    value = np.array([leaf.value])
    at_once = max(1, NUMBERS_AT_ONCE // len(leaf.conditions))
    for start in range(0, bits.shape[1], at_once):
        some = slice(start, start + at_once)
        fits = bits[list(group.bits), some] == wanted
        found = shapley(fits[np.newaxis], weight, value)[0]
        for one, values in zip(leaf.conditions, found, strict=True):
            lines[one.feature][some] += values
