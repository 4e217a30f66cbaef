"""Compare how a model treats the rows of one slice with how it treats all the others.

A slice is one value of a column, such as a region. In the words of SageMaker Clarify the slice
is facet *d* and all other rows are facet *a*: a difference above 0 means that the others are
better off, where being called positive is to be better off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.thresholds import Labels

_OTHERS: Final = "among the other rows: "
_SLICE: Final = "in the slice: "


@dataclass(frozen=True)
class Figure:
    """A figure, or None and the reason why there is none."""

    value: float | None
    reason: str = ""


@dataclass(frozen=True)
class Rates:
    """How often some rows are positive and how they are decided on.

    ``selection_rate`` is the share that is called positive, ``true_positive_rate`` that share
    of the positive rows and ``false_positive_rate`` that of the negative rows; ``precision``
    is the share of the rows called positive that are.
    """

    rows: int
    positive_share: Figure
    selection_rate: Figure
    true_positive_rate: Figure
    false_positive_rate: Figure
    precision: Figure


@dataclass(frozen=True)
class SliceFairness:
    """One slice against all other rows."""

    name: str
    rates: Rates
    others: Rates
    label_difference: Figure
    selection_difference: Figure
    disparate_impact: Figure
    opportunity_difference: Figure


def by_slice(
    target: Labels, called: Labels, codes: NDArray[np.int64], names: Sequence[str]
) -> tuple[SliceFairness, ...]:
    """Compare each slice with all other rows.

    For a problem of several classes ask for each: ``target == k`` and ``called == k``.

    Args:
        target: true where the row is positive, shape (n,).
        called: true where the model calls the row positive, shape (n,).
        codes: the slice of each row, as its place in ``names``, shape (n,).
        names: what the slices are called; one without rows has no figures.
    """
    counts = np.array(
        [
            np.bincount(codes[rows], minlength=len(names))
            for rows in (slice(None), target, called, target & called)
        ]
    )
    others = counts.sum(axis=1, keepdims=True) - counts
    return tuple(
        _compared(name, _rates(counts[:, at]), _rates(others[:, at]))
        for at, name in enumerate(names)
    )


def label_difference(own: Rates, others: Rates) -> Figure:
    """Compute the difference in proportions of labels: DPL = q_a - q_d.

    q is the share of positive rows: n(1) / n of each side.

    Source: Amazon SageMaker Developer Guide, *Difference in Proportions of Labels (DPL)*.
    """
    return _difference(own.positive_share, others.positive_share)


def selection_difference(own: Rates, others: Rates) -> Figure:
    """Compute the difference in positive proportions in predicted labels: DPPL = q'_a - q'_d.

    q' is the share of rows that are called positive: n'(1) / n of each side.

    Source: Amazon SageMaker Developer Guide, *Difference in Positive Proportions in Predicted
    Labels (DPPL)*.
    """
    return _difference(own.selection_rate, others.selection_rate)


def disparate_impact(own: Rates, others: Rates) -> Figure:
    """Compute the ratio of the shares that are called positive: DI = q'_d / q'_a.

    1 is parity; it is unknown where no other row is called positive.

    Source: Amazon SageMaker Developer Guide, *Disparate Impact (DI)*.
    """
    ours, theirs = own.selection_rate, others.selection_rate
    if ours.value is None or theirs.value is None:
        return _unknown(ours, theirs)
    if theirs.value == 0:
        return Figure(None, f"{_OTHERS}no row is called positive")
    return Figure(ours.value / theirs.value)


def opportunity_difference(own: Rates, others: Rates) -> Figure:
    """Compute by how much more often the others' positive rows are found: TPR_a - TPR_d.

    Opportunity is equal where Pr(called | slice, positive) = Pr(called | others, positive).

    Source: Hardt, Price and Srebro, *Equality of Opportunity in Supervised Learning*, 2016,
    arXiv 1610.02413, definition 2.2.
    """
    return _difference(own.true_positive_rate, others.true_positive_rate)


def _compared(name: str, own: Rates, others: Rates) -> SliceFairness:
    return SliceFairness(
        name=name,
        rates=own,
        others=others,
        label_difference=label_difference(own, others),
        selection_difference=selection_difference(own, others),
        disparate_impact=disparate_impact(own, others),
        opportunity_difference=opportunity_difference(own, others),
    )


def _rates(counts: NDArray[np.int64]) -> Rates:
    rows, positives, called, caught = counts.tolist()
    return Rates(
        rows=rows,
        positive_share=_share(positives, rows, "there are no rows"),
        selection_rate=_share(called, rows, "there are no rows"),
        true_positive_rate=_share(caught, positives, "no row is positive"),
        false_positive_rate=_share(called - caught, rows - positives, "no row is negative"),
        precision=_share(caught, called, "no row is called positive"),
    )


def _share(part: int, whole: int, otherwise: str) -> Figure:
    return Figure(part / whole) if whole else Figure(None, otherwise)


def _difference(own: Figure, others: Figure) -> Figure:
    if own.value is None or others.value is None:
        return _unknown(own, others)
    return Figure(others.value - own.value)


def _unknown(own: Figure, others: Figure) -> Figure:
    return Figure(None, f"{_SLICE}{own.reason}" if own.reason else f"{_OTHERS}{others.reason}")
