"""Decide by what a model says of a row: the cheapest choice, without a library that measures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Classes = NDArray[np.int64]
"""Each row's class, as its place 0 ... K-1 in ``problem.classes``, shape (n,)."""
Probabilities = NDArray[np.float64]
"""What a model says of each class, shape (n, K); every row adds up to 1."""
MissedCosts = NDArray[np.float64]
"""What it costs to take a row of each class for another, shape (K,)."""


def decide(probabilities: Probabilities, costs: MissedCosts) -> Classes:
    """Choose for each row the class whose loss would be dearest: its probability times its cost.

    This is the choice with the least expected cost, as the cost of a missed class does not
    hang on what it was taken for. Among equals the first class wins; where nothing costs
    anything, that is class 0.

    Source: Elkan, *The Foundations of Cost-Sensitive Learning*, IJCAI 2001, equation 1.
    """
    called: Classes = np.argmax(probabilities * costs, axis=1).astype(np.int64)
    return called
