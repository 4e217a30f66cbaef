"""Say how sure the figures of fairness are: bootstrap intervals of all slices at once."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from pipeline_code.core.bootstrap import Plan, resamples
from pipeline_code.core.thresholds import Labels

Ends = tuple[float, float]
Counts = NDArray[np.float64]
"""How many rows of each slice are there, positive, called positive and both, shape (..., 4)."""

_CELLS: Final = 4  # called or not, positive or not


def fairness_intervals(
    target: Labels, called: Labels, codes: NDArray[np.int64], slices: int, plan: Plan
) -> tuple[dict[str, Ends | None], ...]:
    """Compute the percentile interval of each difference of each slice to all other rows.

    A figure that is defined in no resample has none, nor has one that is the same in all: of a
    slice of which no row is called, resampling knows only that, not how rare such rows are.
    The figures are those of `core.fairness`.

    Args:
        target: true where the row is positive, shape (n,).
        called: true where the model calls the row positive, shape (n,).
        codes: the slice of each row, shape (n,).
        slices: how many slices there are.
        plan: how rows are resampled: by whole groups.

    Source: Efron and Tibshirani, *An Introduction to the Bootstrap*, chapter 13.
    """
    counts = _counts(target, called, codes, slices, plan)
    own, others = counts, counts.sum(axis=1, keepdims=True) - counts
    figures = _figures(own, others)
    return tuple(
        {name: _ends(values[:, at], plan.confidence) for name, values in figures.items()}
        for at in range(slices)
    )


def _counts(
    target: Labels, called: Labels, codes: NDArray[np.int64], slices: int, plan: Plan
) -> Counts:
    """Count the rows of each slice in each resample, shape (samples, slices, 4)."""
    cell = codes * _CELLS + 2 * called + target
    cells = slices * _CELLS
    groups = int(plan.group.max()) + 1
    if groups == len(target):
        # Rows that are drawn one by one: of each cell a multinomial number, without a row.
        generator = np.random.default_rng(plan.seed)
        share = np.bincount(cell, minlength=cells) / len(target)
        drawn = generator.multinomial(len(target), share, size=plan.samples).astype(np.float64)
    else:
        # Most groups have rows in few cells.
        rows = np.ones(len(target))
        of_cell = csr_matrix((rows, (cell, plan.group)), shape=(cells, groups))
        drawn = np.concatenate([(of_cell @ weights.T).T for weights in resamples(plan)])
    by_cell = drawn.reshape(len(drawn), slices, 2, 2)  # (sample, slice, called, positive)
    return np.stack(
        [
            by_cell.sum(axis=(2, 3)),
            by_cell[:, :, :, 1].sum(axis=2),
            by_cell[:, :, 1].sum(axis=2),
            by_cell[:, :, 1, 1],
        ],
        axis=-1,
    )


def _figures(own: Counts, others: Counts) -> dict[str, Counts]:
    """Compute the figures of `core.fairness` in every resample, shape (samples, slices)."""
    shares = [
        [_ratio(side[..., part], side[..., whole]) for part, whole in ((1, 0), (2, 0), (3, 1))]
        for side in (own, others)
    ]
    (label, selection, found), (label_of_others, selection_of_others, found_of_others) = shares
    return {
        "label_difference": label_of_others - label,
        "selection_difference": selection_of_others - selection,
        "disparate_impact": _ratio(selection, selection_of_others),
        "opportunity_difference": found_of_others - found,
    }


def _ratio(part: Counts, whole: Counts) -> Counts:
    """Divide; NaN where there is nothing to divide by."""
    result = np.full(part.shape, np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result


def _ends(drawn: Counts, confidence: float) -> Ends | None:
    known = drawn[~np.isnan(drawn)]
    if not len(known):
        return None
    tail = (1 - confidence) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return None if low == high else (float(low), float(high))
