"""The threshold is the cheapest there is, checked against trying every one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_code.core.errors import EmptySampleError
from pipeline_code.core.thresholds import Labels, Scores, cheapest_threshold

rows = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0])), min_size=1
)
costs = st.floats(0, 100)


def price(target: Labels, scores: Scores, threshold: float, fp: float, fn: float) -> float:
    """Add up the cost of the errors at one threshold."""
    called = scores >= threshold
    return float((called & ~target).sum() * fp + (~called & target).sum() * fn)


def test_known_value() -> None:
    """A false alarm at 5 is worth it for a positive at 120, two dozen are not."""
    target = np.array([True, False, False, True, False])
    scores = np.array([0.9, 0.8, 0.4, 0.3, 0.1])

    found = cheapest_threshold(target, scores, false_positive=5, false_negative=120)
    assert found.value == pytest.approx(0.2)  # halfway between 0.3 and 0.1
    assert found.cost == 10
    assert found.cost_of_no_alarm == 240

    dear = cheapest_threshold(target, scores, false_positive=120, false_negative=5)
    assert dear.value == pytest.approx(0.85)
    assert dear.cost == 5


@settings(deadline=None)  # a busy machine is not a failure
@given(rows, costs, costs)
def test_no_threshold_is_cheaper(rows: list[tuple[bool, float]], fp: float, fn: float) -> None:
    """Trying every distinct score, and no alarm at all, finds nothing cheaper."""
    target = np.array([label for label, _ in rows])
    scores = np.array([score for _, score in rows])
    found = cheapest_threshold(target, scores, false_positive=fp, false_negative=fn)

    assert price(target, scores, found.value, fp, fn) == pytest.approx(found.cost)
    tried = [price(target, scores, value, fp, fn) for value in [*scores, 0.0, 2.0]]
    assert found.cost <= min(tried) + 1e-9


def test_equal_costs_take_the_fewest_alarms() -> None:
    """Where an alarm gains nothing, none is raised."""
    target, scores = np.array([False, False]), np.array([0.2, 0.7])
    found = cheapest_threshold(target, scores, false_positive=0, false_negative=1)
    assert not (scores >= found.value).any()


def test_certain_score_can_still_lie_below_the_threshold() -> None:
    """A negative row with score 1 raises no alarm where no alarm is cheapest."""
    target, scores = np.array([False, False]), np.array([1.0, 1.0])
    found = cheapest_threshold(target, scores, false_positive=1, false_negative=1)
    assert found.value > 1
    assert found.cost == 0


def test_constant_scores_alarm_for_all_or_for_none() -> None:
    """Rows with one score cannot be told apart."""
    target, scores = np.array([True, False, False]), np.full(3, 0.5)
    assert cheapest_threshold(target, scores, false_positive=1, false_negative=9).value == 0.0
    assert cheapest_threshold(target, scores, false_positive=9, false_negative=1).value > 0.5


def test_neighbouring_floats_are_told_apart() -> None:
    """Two scores without a number between them still have a threshold between them."""
    scores = np.array([0.5, np.nextafter(0.5, 1)])
    found = cheapest_threshold(np.array([False, True]), scores, false_positive=1, false_negative=1)
    assert (scores >= found.value).tolist() == [False, True]


def test_no_rows_are_refused() -> None:
    """A threshold of nothing would be made up."""
    with pytest.raises(EmptySampleError):
        cheapest_threshold(np.empty(0, bool), np.empty(0), false_positive=1, false_negative=1)
