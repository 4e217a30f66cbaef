"""Name every metric, and measure how well scores rank and sort the rows of a binary problem.

`multiclass` and `regression` measure the other two types of problem.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import sklearn.metrics
from numpy.typing import NDArray

from pipeline_code.core.errors import EmptySampleError, PipelineError, SingleClassError
from pipeline_code.core.metric_names import (
    ACCURACY,
    AUC_ROC,
    AUC_ROC_MACRO,
    AVERAGE_PRECISION,
    AVERAGE_PRECISION_MACRO,
    BALANCED_ACCURACY,
    BINARY_METRICS,
    BRIER,
    CALIBRATION_ERROR,
    CARD_PRECISION,
    COST,
    F1,
    F1_MACRO,
    F1_MICRO,
    LOG_LOSS,
    MAE,
    MAPE,
    MEDIAN_ABSOLUTE_ERROR,
    METRICS_OF,
    PRECISION,
    PRECISION_MACRO,
    PRECISION_MICRO,
    R2,
    RECALL,
    RECALL_MACRO,
    RECALL_MICRO,
    RMSE,
    SMALLER_IS_BETTER,
)
from pipeline_code.core.problem_types import BINARY, MULTICLASS, REGRESSION
from pipeline_code.core.thresholds import Labels, Scores

__all__ = [
    "ACCURACY",
    "AUC_ROC",
    "AUC_ROC_MACRO",
    "AVERAGE_PRECISION",
    "AVERAGE_PRECISION_MACRO",
    "BALANCED_ACCURACY",
    "BINARY",
    "BINS",
    "BRIER",
    "CALIBRATION_ERROR",
    "CARDS_A_DAY",
    "CARD_PRECISION",
    "COST",
    "F1",
    "F1_MACRO",
    "F1_MICRO",
    "LOG_LOSS",
    "MAE",
    "MAPE",
    "MEDIAN_ABSOLUTE_ERROR",
    "METRICS",
    "METRICS_OF",
    "MULTICLASS",
    "PRECISION",
    "PRECISION_MACRO",
    "PRECISION_MICRO",
    "R2",
    "RECALL",
    "RECALL_MACRO",
    "RECALL_MICRO",
    "REGRESSION",
    "RMSE",
    "SMALLER_IS_BETTER",
    "CardDays",
    "CardRanking",
    "Decisions",
    "ErrorCosts",
    "NotFiniteError",
    "calibration_error",
    "card_precision",
    "decisions",
    "in_order",
    "measure",
    "require_measurable",
    "score_bins",
]

METRICS: Final = BINARY_METRICS
"""The metrics of a binary problem."""

BINS: Final = 10
"""Into how many equally wide bins scores are sorted to see whether they are calibrated."""

CARDS_A_DAY: Final = 100
"""How many cards a team of investigators can check in a day."""


class NotFiniteError(PipelineError, ValueError):
    """A data set or a model gave numbers that nothing can be measured on."""

    def __init__(self, what: str, values: NDArray[Any]) -> None:
        wrong = int((~np.isfinite(values)).sum())
        super().__init__(
            f"the measured sample: {wrong:,} of {values.size:,} {what} are missing or infinite; "
            "check the target's source and what the model was given"
        )


@dataclass(frozen=True)
class ErrorCosts:
    """What one error of each kind costs."""

    false_positive: float
    false_negative: float


@dataclass(frozen=True)
class CardDays:
    """To which card and which day each row belongs; whole numbers of any origin, shape (n,)."""

    card: NDArray[np.int64]
    day: NDArray[np.int64]


@dataclass(frozen=True)
class Decisions:
    """Counts of right and wrong decisions at one threshold."""

    true_negatives: int
    false_positives: int
    false_negatives: int
    true_positives: int

    def cost(self, costs: ErrorCosts) -> float:
        """Add up what the errors cost."""
        return (
            self.false_positives * costs.false_positive
            + self.false_negatives * costs.false_negative
        )


def decisions(target: Labels, scores: Scores, threshold: float) -> Decisions:
    """Count the decisions; a row is called positive when its score is at least ``threshold``."""
    called = scores >= threshold
    return Decisions(
        true_negatives=int((~called & ~target).sum()),
        false_positives=int((called & ~target).sum()),
        false_negatives=int((~called & target).sum()),
        true_positives=int((called & target).sum()),
    )


def measure(
    target: Labels,
    scores: Scores,
    *,
    threshold: float,
    costs: ErrorCosts,
    card_days: CardDays | None = None,
) -> dict[str, float]:
    """Compute every metric; the one by card only where ``card_days`` says which card is whose.

    Constant scores are no error: the ranking is then that of chance (0.5 for the ROC area, the
    share of positives for the average precision). Precision is 0 where nothing is called
    positive. The Brier score is the mean square of probability minus outcome.

    Raises:
        EmptySampleError: if there are no rows.
        NotFiniteError: if a score is NaN or infinite.
        SingleClassError: if every row has the same label.

    Source: Brier, *Verification of forecasts expressed in terms of probability*, Monthly
    Weather Review 78 (1950), 1-3; here half of his sum, as for two outcomes is usual.
    """
    require_measurable(scores=scores)
    if target.all() or not target.any():
        raise SingleClassError("the measured sample", "label", int(target[0]))
    called = scores >= threshold
    found: dict[str, float] = {
        AUC_ROC: sklearn.metrics.roc_auc_score(target, scores),
        AVERAGE_PRECISION: sklearn.metrics.average_precision_score(target, scores),
        PRECISION: sklearn.metrics.precision_score(target, called, zero_division=0),
        RECALL: sklearn.metrics.recall_score(target, called),
        F1: sklearn.metrics.f1_score(target, called, zero_division=0),
        ACCURACY: sklearn.metrics.accuracy_score(target, called),
        LOG_LOSS: sklearn.metrics.log_loss(target, scores),
        BRIER: float(np.mean(np.square(scores - target))),
        CALIBRATION_ERROR: calibration_error(target, scores),
        COST: decisions(target, scores, threshold).cost(costs),
    }
    if card_days is not None:
        found[CARD_PRECISION] = card_precision(target, scores, card_days)
    return in_order(found, BINARY)


def require_measurable(**values: NDArray[Any]) -> None:
    """Refuse to measure nothing, and numbers that are none; each argument names what it is.

    Raises:
        EmptySampleError: if there are no rows.
        NotFiniteError: if a number is NaN or infinite.
    """
    for what, numbers in values.items():
        if len(numbers) == 0:
            raise EmptySampleError("the measured sample")
        if not np.isfinite(numbers).all():
            raise NotFiniteError(what, numbers)


def in_order(found: Mapping[str, float], problem: str) -> dict[str, float]:
    """Sort metrics as `METRICS_OF` lists them."""
    return {name: float(found[name]) for name in METRICS_OF[problem] if name in found}


def score_bins(scores: Scores) -> NDArray[np.intp]:
    """Say in which of the `BINS` equally wide bins each score lies; 1 lies in the last."""
    return np.clip((scores * BINS).astype(np.intp), 0, BINS - 1)


def calibration_error(target: Labels, scores: Scores) -> float:
    """Average over the bins how far the mean score is from the share of positives.

    Each bin counts by its rows; an empty one does not count: the expected calibration error.

    Source: Naeini, Cooper and Hauskrecht, *Obtaining Well Calibrated Probabilities Using
    Bayesian Binning*, AAAI 2015; Guo et al., arXiv 1706.04599, equation 3.
    """
    gaps = np.bincount(score_bins(scores), weights=scores - target, minlength=BINS)
    return float(np.abs(gaps).sum() / len(target))


def card_precision(
    target: Labels, scores: Scores, card_days: CardDays, *, k: int = CARDS_A_DAY
) -> float:
    """Average over the days which share of the ``k`` most suspicious cards was defrauded.

    Each day the cards are ranked by their highest score of that day, and a card counts as
    defrauded when any of its rows of that day is. A defrauded card among the first ``k`` is
    found, blocked, and left out of the days after. A day with fewer than ``k`` cards still
    divides by ``k``. Among equal scores the lower card number comes first.

    Source: Le Borgne et al., *Reproducible Machine Learning for Credit Card Fraud Detection*,
    section 4.4, "Precision top-k metrics".
    """
    ranking = CardRanking(target, scores, card_days)
    return float(ranking.precision(np.ones((1, ranking.cards), dtype=np.float64), k=k)[0])


class CardRanking:
    """The cards of each day by descending suspicion, ready to be measured many times."""

    def __init__(self, target: Labels, scores: Scores, card_days: CardDays) -> None:
        _, self.first_row, card = np.unique(card_days.card, return_index=True, return_inverse=True)
        self.cards = len(self.first_row)
        order = np.lexsort((card, -scores, card_days.day))
        day, card, fraud = card_days.day[order], card[order], target[order]
        self._days = [
            _rank_day(card[rows], fraud[rows])
            for rows in np.split(np.arange(len(day)), np.flatnonzero(np.diff(day)) + 1)
        ]

    def precision(self, weights: NDArray[np.float64], *, k: int = CARDS_A_DAY) -> Scores:
        """Measure under ``weights``: how often each card is drawn, shape (samples, cards).

        Returns:
            One value a sample; a card that is drawn twice counts as two cards.
        """
        alive = weights.copy()
        total = np.zeros(len(weights))
        for card, fraud in self._days:
            drawn = alive[:, card]
            before = np.cumsum(drawn, axis=1) - drawn
            checked = np.clip(k - before, 0, drawn)
            total += checked[:, fraud].sum(axis=1) / k
            alive[:, card] = np.where((checked > 0) & fraud, 0.0, drawn)
        return total / len(self._days)


def _rank_day(card: NDArray[np.int64], fraud: Labels) -> tuple[NDArray[np.int64], Labels]:
    """Reduce one day's rows, sorted by descending score, to its cards in that order."""
    found, first, inverse = np.unique(card, return_index=True, return_inverse=True)
    defrauded = np.zeros(len(found), dtype=bool)
    np.logical_or.at(defrauded, inverse, fraud)
    order = np.argsort(first)
    return found[order], defrauded[order]
