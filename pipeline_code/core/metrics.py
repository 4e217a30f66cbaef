"""Measure how well scores rank and sort the rows of a binary problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import sklearn.metrics
from numpy.typing import NDArray

from pipeline_code.core.errors import EmptySampleError, SingleClassError
from pipeline_code.core.thresholds import Labels, Scores

AUC_ROC: Final = "auc_roc"
AVERAGE_PRECISION: Final = "average_precision"
CARD_PRECISION: Final = "card_precision_100"
PRECISION: Final = "precision"
RECALL: Final = "recall"
F1: Final = "f1"
ACCURACY: Final = "accuracy"
LOG_LOSS: Final = "log_loss"
COST: Final = "cost"

METRICS: Final = (
    AUC_ROC,
    AVERAGE_PRECISION,
    CARD_PRECISION,
    PRECISION,
    RECALL,
    F1,
    ACCURACY,
    LOG_LOSS,
    COST,
)
SMALLER_IS_BETTER: Final = frozenset({LOG_LOSS, COST})

CARDS_A_DAY: Final = 100
"""How many cards a team of investigators can check in a day."""


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
    positive.

    Raises:
        EmptySampleError: if there are no rows.
        SingleClassError: if every row has the same label.
    """
    if len(target) == 0:
        raise EmptySampleError("the measured sample")
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
        COST: decisions(target, scores, threshold).cost(costs),
    }
    if card_days is not None:
        found[CARD_PRECISION] = card_precision(target, scores, card_days)
    return in_order(found)


def in_order(found: Mapping[str, float]) -> dict[str, float]:
    """Sort metrics as `METRICS` lists them."""
    return {name: float(found[name]) for name in METRICS if name in found}


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
