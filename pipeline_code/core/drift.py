"""Measure how far the distribution of a feature has moved."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.errors import EmptySampleError

_SMALLEST_COUNT: Final = 0.5  # keeps the logarithm finite where a bin is empty
_MOST_BINS: Final = 10
_ROWS_OF_A_BIN: Final = 30


def population_stability_index(reference: NDArray[Any], current: NDArray[Any]) -> float:
    """Compare the rows per bin of two samples.

    Args:
        reference: rows per bin in the training data, shape (bins,).
        current: rows per bin in other data, the same bins, shape (bins,).

    Returns:
        A number >= 0, without unit: below 0.1 stable, above 0.25 drifted.

    Raises:
        EmptySampleError: if either side has no rows.

    Source: Siddiqi, *Credit Risk Scorecards* (Wiley, 2006); the half row that every bin is given
        is Jeffreys' prior.
    """
    for name, rows in (("reference", reference), ("current", current)):
        if rows.sum() == 0:
            raise EmptySampleError(name)
    before, after = (
        (rows + _SMALLEST_COUNT) / (rows + _SMALLEST_COUNT).sum() for rows in (reference, current)
    )
    return float(np.sum((after - before) * np.log(after / before)))


def bin_count(rows: int) -> int:
    """Say into how many bins ``rows`` can be put before chance alone looks like drift.

    By chance the index is about the number of bins divided by the rows of the smaller sample.
    """
    return max(2, min(_MOST_BINS, rows // _ROWS_OF_A_BIN))
