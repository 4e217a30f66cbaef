"""Add up what rows contribute under the weights of many resamples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float64]
"""How often each group, or each row, is drawn."""
Sums = NDArray[np.float64]


def group_sums(values: Sums, group: NDArray[np.int64], groups: int) -> Sums:
    """Add up the values of each group's rows, shape (groups,)."""
    sums: Sums = np.bincount(group, weights=values, minlength=groups).astype(np.float64)
    return sums


def ratio(part: Sums, whole: Sums, otherwise: float) -> Sums:
    """Divide, and say ``otherwise`` where there is nothing to divide by."""
    result = np.full(len(whole), otherwise)
    np.divide(part, whole, out=result, where=whole > 0)
    return result
