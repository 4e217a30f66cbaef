"""Divide rows so that every one is held out once, as the split of the use case would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.texts import Table
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.matrix import require_columns
from pipeline_code.steps.targets import Target, varies

FOLDS: Final = 5
_FIRST_HELD_OUT_BLOCK: Final = 2

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Fold:
    """Which rows are learned from and which are held out."""

    fit: Rows
    held_out: Rows


def fold_keys(parts: Sequence[tuple[Table, str]], usecase: UseCase) -> Rows | None:
    """Number what must stay together (a group) or in order (a time), over all ``parts``.

    None where rows may be divided by chance.

    Raises:
        MissingColumnsError: if a part lacks the column that says so.
    """
    split = usecase.split
    column = {"time": split.event_time, "grouped": split.group}.get(split.method)
    if column is None:
        return None
    values: list[Any] = []
    for table, dataset in parts:
        require_columns(table, [column], dataset)
        values += table[column].tolist()
    order = {value: place for place, value in enumerate(sorted(set(values), key=_sortable))}
    return np.array([order[value] for value in values], dtype=np.int64)


def divide(
    target: Target, keys: Rows | None, usecase: UseCase, *, count: int = FOLDS
) -> list[Fold]:
    """Divide the rows into ``count`` folds; one that nothing could be learned for is left out.

    By time, each block is held out from what came before it. Groups stay whole. Otherwise rows
    are dealt in the order of their target, so that every fold has its distribution. The same
    seed gives the same folds.
    """
    generator = np.random.default_rng(usecase.training.seed)
    shuffled = generator.permutation(len(target))
    if keys is not None and usecase.split.method == "time":
        folds = _by_time(keys, count)
    elif keys is not None:
        folds = _whole(_deal_groups(keys, generator, count), count)
    else:
        order = shuffled[np.argsort(target[shuffled], kind="stable")]
        fold_of = np.empty(len(target), dtype=np.int64)
        fold_of[order] = np.arange(len(target)) % count
        folds = _whole(fold_of, count)
    return [one for one in folds if len(one.held_out) and varies(target[one.fit])]


def _whole(fold_of: Rows, count: int) -> list[Fold]:
    return [
        Fold(np.flatnonzero(fold_of != one), np.flatnonzero(fold_of == one)) for one in range(count)
    ]


def _by_time(keys: Rows, count: int) -> list[Fold]:
    """Hold out the last blocks of ``count + 1``; the first two are only learned from."""
    ordered, blocks = np.sort(keys), count + 1
    # Rows of one moment are in one block.
    edges = [ordered[len(keys) * one // blocks] for one in range(1, blocks)]
    block = np.searchsorted(edges, keys, side="right")
    return [
        Fold(np.flatnonzero(block < one), np.flatnonzero(block == one))
        for one in range(min(_FIRST_HELD_OUT_BLOCK, count), blocks)
    ]


def _deal_groups(keys: Rows, generator: np.random.Generator, count: int) -> Rows:
    """Put each group, the largest first, into the fold that has the fewest rows."""
    rows = np.bincount(keys)
    chance = generator.permutation(len(rows))
    filled = np.zeros(count, dtype=np.int64)
    fold_of_group = np.zeros(len(rows), dtype=np.int64)
    for group in chance[np.argsort(-rows[chance], kind="stable")]:
        smallest = int(np.argmin(filled))
        fold_of_group[group] = smallest
        filled[smallest] += rows[group]
    return fold_of_group[keys]


def _sortable(value: Any) -> tuple[bool, Any]:
    """Sort missing values first."""
    return value is not None, value if value is not None else 0
