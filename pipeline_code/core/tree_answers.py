"""Ask rows everything that a tree asks, all rows at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.tree_ensemble import Flags, Floats
from pipeline_code.core.tree_paths import Answer, CutTree


@dataclass(frozen=True)
class Columns:
    """Rows, feature by feature."""

    values: Floats
    """Shape (features, rows), each feature's values side by side."""
    missing: tuple[Flags | None, ...]
    """Which values of a feature are missing; None where none is."""

    @classmethod
    def of(cls, rows: Floats) -> Columns:
        """Turn ``rows``, shape (rows, features), NaN missing."""
        values = np.ascontiguousarray(rows.T)
        missing = (np.isnan(column) for column in values)
        return cls(values, tuple(flags if flags.any() else None for flags in missing))

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self.values.shape[1])


def answers(cut: CutTree, columns: Columns) -> NDArray[np.uint8]:
    """Return the bits of ``cut`` for each row, 0 or 1, shape (bits, rows).

    First whether a row goes left at each node that asks, then whether it gives all of several
    answers.
    """
    tree = cut.tree
    result = np.empty((len(cut.nodes) + len(cut.joined), columns.rows), dtype=np.bool_)
    for place, node in enumerate(cut.nodes.tolist()):
        feature = tree.feature[node]
        result[place] = tree.goes_left(node, columns.values[feature], columns.missing[feature])
    for place, wanted in enumerate(cut.joined, len(cut.nodes)):
        _join(wanted, result, result[place])
    return result.view(np.uint8)


def _join(wanted: Sequence[Answer], given: Flags, out: Flags) -> None:
    """Say in ``out`` of each row whether it gives all the ``wanted`` answers."""
    out.fill(True)
    for place, is_left in wanted:
        # out > given is "out, and not given" for flags, in one pass.
        (np.logical_and if is_left else np.greater)(out, given[place], out=out)
