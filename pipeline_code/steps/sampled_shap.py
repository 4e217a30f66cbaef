"""SHAP values of any model, by asking it about rows that are partly others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.steps.model import Matrix, Vector

Order = NDArray[np.int64]

_CELLS_AT_ONCE: Final = 4_000_000
"""How large the tables are that the model is asked about."""


def sampled_shap(
    margins: Callable[[Matrix], Vector], x: Matrix, background: Matrix, *, seed: int
) -> Vector:
    """Estimate SHAP values; a row's sum is its margin exactly, whatever is estimated of its parts.

    For every background row the features are put in by chance order, one after the other, in
    place of the background's own, and taken in the reverse order too (an antithetic pair, which
    halves the noise of what is nearly additive). What a feature adds is averaged over the orders.
    So the base is the mean margin of the background. Two features have no more than two orders:
    there nothing is estimated.

    Args:
        margins: the model, rows to margins of shape (n, outputs).
        x: the rows to explain, shape (n, features).
        background: rows that stand for "not known", shape (some, features).
        seed: of the orders, which are the same for every row.

    Returns:
        An array of shape (n, outputs, features + 1), the base last.

    Source: Štrumbelj and Kononenko, *Explaining prediction models and individual predictions
    with feature contributions*, KAIS 41 (2014), algorithm 1; Lundberg and Lee, arXiv 1705.07874;
    Mitchell et al., *Sampling Permutations for Shapley Value Estimation*, JMLR 23 (2022), 4.1.
    """
    generator = np.random.default_rng(seed)
    features = x.shape[1]
    orders = [generator.permutation(features) for _ in background]
    base = margins(background).mean(axis=0)
    found: Vector = np.zeros((len(x), len(base), features + 1))
    rows = max(1, _CELLS_AT_ONCE // (features * (features + 1)))
    for start in range(0, len(x), rows):
        part = slice(start, start + rows)
        for row, order in zip(background, orders, strict=True):
            for one in (order, order[::-1]):
                added = _added(margins, x[part], row, one)
                found[part, :, :-1] = found[part, :, :-1] + added
    found /= 2 * len(background)
    found[:, :, -1] = base
    return found


def _added(margins: Callable[[Matrix], Vector], x: Matrix, row: Matrix, order: Order) -> Vector:
    """Put the features of ``x`` in place of ``row``'s in one order; say what each one adds."""
    steps, features = len(order) + 1, x.shape[1]
    place = np.empty(features, dtype=np.int64)
    place[order] = np.arange(features)
    # At step s the first s features of the order are the row's own.
    is_known = place[None, :] < np.arange(steps)[:, None]
    mixed = np.where(is_known[:, None, :], x[None, :, :], row[None, None, :])
    asked = margins(mixed.reshape(-1, features)).reshape(steps, len(x), -1)
    added = np.empty((len(x), asked.shape[2], features))
    added[:, :, order] = np.diff(asked, axis=0).transpose(1, 2, 0)
    return added
