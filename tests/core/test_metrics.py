"""Metrics have their known values, and degenerate inputs are named."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_code.core.errors import EmptySampleError, SingleClassError
from pipeline_code.core.metrics import (
    METRICS,
    METRICS_OF,
    SMALLER_IS_BETTER,
    CardDays,
    Decisions,
    ErrorCosts,
    Labels,
    NotFiniteError,
    Scores,
    calibration_error,
    card_precision,
    decisions,
    measure,
)

COSTS = ErrorCosts(false_positive=5, false_negative=120)
TARGET = np.array([True, False, True, False, False])
SCORES = np.array([0.9, 0.8, 0.7, 0.2, 0.1])


def one_day(count: int) -> CardDays:
    """Give each row a card of its own, all on one day."""
    return CardDays(np.arange(count), np.zeros(count, dtype=np.int64))


def test_known_values() -> None:
    """Five rows whose metrics can be worked out by hand."""
    found = measure(TARGET, SCORES, threshold=0.75, costs=COSTS, card_days=one_day(5))

    assert tuple(found) == METRICS
    assert found["auc_roc"] == pytest.approx(5 / 6)
    assert found["average_precision"] == pytest.approx((1 + 2 / 3) / 2)
    assert found["card_precision_100"] == pytest.approx(2 / 100)
    assert found["precision"] == 0.5
    assert found["recall"] == 0.5
    assert found["f1"] == 0.5
    assert found["accuracy"] == 0.6
    assert found["log_loss"] == pytest.approx(
        -np.mean(np.log([0.9, 1 - 0.8, 0.7, 1 - 0.2, 1 - 0.1]))
    )
    assert found["brier"] == pytest.approx(np.mean([0.1**2, 0.8**2, 0.3**2, 0.2**2, 0.1**2]))
    # Every row has a bin of its own, so each counts by its own distance.
    assert found["calibration_error"] == pytest.approx((0.1 + 0.8 + 0.3 + 0.2 + 0.1) / 5)
    assert found["cost"] == 5 + 120


def test_constant_scores_rank_like_chance() -> None:
    """A model that says the same of every row is no error, and no good."""
    found = measure(TARGET, np.full(5, 0.3), threshold=0.5, costs=COSTS)
    assert found["auc_roc"] == 0.5
    assert found["average_precision"] == pytest.approx(0.4)
    assert found["precision"] == 0.0
    assert found["recall"] == 0.0
    assert "card_precision_100" not in found


@pytest.mark.parametrize("target", [TARGET | True, TARGET & False, np.array([True])])
def test_one_class_is_refused(target: Labels) -> None:
    """A ranking of one class means nothing; one row is always one class."""
    with pytest.raises(SingleClassError):
        measure(target, SCORES[: len(target)], threshold=0.5, costs=COSTS)


def test_no_rows_are_refused() -> None:
    """Nothing measured is not zero."""
    with pytest.raises(EmptySampleError):
        measure(np.empty(0, bool), np.empty(0), threshold=0.5, costs=COSTS)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_scores_that_are_no_numbers_are_refused(wrong: float) -> None:
    """The message counts them, for one is a slip and all are a broken model."""
    scores = np.array([0.9, wrong, 0.7, 0.2, wrong])
    with pytest.raises(NotFiniteError, match="2 of 5 scores are missing or infinite"):
        measure(TARGET, scores, threshold=0.5, costs=COSTS)


def test_every_problem_names_its_metrics_once() -> None:
    """The order is the one in which people read them; cost is the last word everywhere."""
    assert METRICS_OF["binary"] == METRICS
    for names in METRICS_OF.values():
        assert len(set(names)) == len(names)
        assert names[-1] == "cost"
        assert SMALLER_IS_BETTER & set(names)


def test_calibrated_bins_have_no_error() -> None:
    """A third of the rows at one third are positive: nothing to correct, whatever the rank."""
    target = np.array([True, False, False, True, False])
    assert calibration_error(target, np.array([1 / 3, 1 / 3, 1 / 3, 0.5, 0.5])) == pytest.approx(0)
    # Within one bin errors of both signs cancel out; that is what bins are for.
    assert calibration_error(target[3:], np.array([0.55, 0.45])) == pytest.approx(0.45)
    assert calibration_error(target[3:], np.array([0.51, 0.59])) == pytest.approx(0.05)


def test_the_ends_of_the_scores_have_bins() -> None:
    """A score of 1 is in the last bin, not in one beyond it."""
    target = np.array([False, True, False])
    assert calibration_error(target, np.array([0.0, 1.0, 1.0])) == pytest.approx(1 / 3)


@settings(deadline=None)  # a busy machine is not a failure
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=2, max_size=60))
def test_brier_score_is_that_of_scikit_learn(rows: list[tuple[bool, float]]) -> None:
    """Ours has the name, so it has the value."""
    target = np.array([label for label, _ in rows])
    scores = np.array([score for _, score in rows])
    if target.all() or not target.any():
        return
    found = measure(target, scores, threshold=0.5, costs=COSTS)
    assert found["brier"] == pytest.approx(sklearn.metrics.brier_score_loss(target, scores))
    # No bin can be further off than its rows are on average, nor their root mean square.
    assert found["calibration_error"] <= np.abs(scores - target).mean() + 1e-12


def test_score_at_the_threshold_is_an_alarm() -> None:
    """Serving and evaluation agree on the row that lies exactly there."""
    assert decisions(TARGET, SCORES, 0.8) == Decisions(2, 1, 1, 1)


def test_a_card_ranks_by_its_highest_score_and_any_fraud() -> None:
    """Two rows of a card on a day are one card."""
    target = np.array([False, True, False])
    scores = np.array([0.9, 0.1, 0.5])
    days = CardDays(np.array([7, 7, 8]), np.zeros(3, dtype=np.int64))
    assert card_precision(target, scores, days, k=1) == 1.0


def test_a_card_that_was_found_is_left_out_of_later_days() -> None:
    """It is blocked: on the second day the next card takes its place."""
    target = np.array([True, False, True, True])
    scores = np.array([0.9, 0.2, 0.9, 0.8])
    days = CardDays(np.array([1, 2, 1, 2]), np.array([5, 5, 6, 6]))
    assert card_precision(target, scores, days, k=1) == 1.0
    # A card that was checked and found clean stays in the ranking.
    clean = np.array([False, False, True, True])
    assert card_precision(clean, scores, days, k=1) == 0.5


def test_a_day_with_few_cards_still_divides_by_k() -> None:
    """The team's day has room for k checks, used or not."""
    assert card_precision(np.array([True, True]), np.array([0.1, 0.2]), one_day(2), k=4) == 0.5


def brute_card_precision(target: Labels, scores: Scores, days: CardDays, k: int) -> float:
    """Follow the definition word by word."""
    found: set[int] = set()
    shares = []
    for day in sorted(set(days.day.tolist())):
        cards: dict[int, tuple[float, bool]] = {}
        for row in np.flatnonzero(days.day == day):
            card = int(days.card[row])
            if card not in found:
                score, fraud = cards.get(card, (-1.0, False))
                cards[card] = (max(score, float(scores[row])), fraud or bool(target[row]))
        ranked = sorted(cards, key=lambda card: (-cards[card][0], card))[:k]
        hits = {card for card in ranked if cards[card][1]}
        found |= hits
        shares.append(len(hits) / k)
    return float(np.mean(shares))


@settings(deadline=None)  # a busy machine is not a failure
@given(
    st.lists(
        st.tuples(
            st.integers(0, 6), st.integers(0, 3), st.booleans(), st.sampled_from([0.1, 0.4, 0.8])
        ),
        min_size=1,
        max_size=40,
    ),
    st.integers(1, 4),
)
def test_card_precision_follows_its_definition(
    rows: list[tuple[int, int, bool, float]], k: int
) -> None:
    """The fast computation equals the slow one for any cards, days and ties."""
    card, day, fraud, score = (np.array(column) for column in zip(*rows, strict=True))
    days = CardDays(card, day)
    expected = brute_card_precision(fraud, score, days, k)
    assert card_precision(fraud, score, days, k=k) == pytest.approx(expected)


@settings(deadline=None)  # a busy machine is not a failure
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=2, max_size=60))
def test_ranking_metrics_see_only_the_order(rows: list[tuple[bool, float]]) -> None:
    """Squeezing the scores without changing their order changes no ranking metric."""
    target = np.array([label for label, _ in rows])
    if target.all() or not target.any():
        return
    ranks = np.unique([score for _, score in rows], return_inverse=True)[1].astype(float)
    wide, narrow = ranks / 100, 0.5 + ranks / 1e6
    left, right = (measure(target, one, threshold=0.5, costs=COSTS) for one in (wide, narrow))
    assert left["auc_roc"] == right["auc_roc"]
    assert left["average_precision"] == right["average_precision"]
