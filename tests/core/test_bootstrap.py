"""Intervals rest on weighted metrics that equal the plain ones on rows drawn for real."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_code.core.bootstrap import Plan, compare, intervals, resamples
from pipeline_code.core.metrics import METRICS, CardDays, ErrorCosts, Labels, Scores, measure
from pipeline_code.core.scored_rows import ScoredRows

COSTS = ErrorCosts(false_positive=5, false_negative=120)


def scored(target: Labels, scores: Scores, group: Scores | None = None) -> ScoredRows:
    """Prepare rows at a threshold of one half."""
    days = None
    if group is not None:
        days = CardDays(group.astype(np.int64), np.zeros(len(target), dtype=np.int64))
    return ScoredRows(target, scores, threshold=0.5, costs=COSTS, card_days=days)


def sample(rows: int = 600, groups: int = 80) -> tuple[Labels, Scores, Scores]:
    """Make rows whose scores know something of the target."""
    generator = np.random.default_rng(3)
    target = generator.random(rows) < 0.2
    scores = np.round(np.clip(generator.normal(0.3 + 0.3 * target, 0.2), 0, 1), 2)
    return target, scores, generator.integers(0, groups, rows)


def test_value_is_that_of_all_rows_and_lies_in_the_interval() -> None:
    """An interval around something else would be no interval of the metric."""
    target, scores, group = sample()
    rows = scored(target, scores, group)
    found = intervals(rows, Plan(group, samples=200, confidence=0.95, seed=1))

    assert tuple(found) == METRICS
    plain = measure(target, scores, threshold=0.5, costs=COSTS)
    for name, value in plain.items():
        assert found[name].value == value
        assert found[name].low < value < found[name].high, name


@pytest.mark.parametrize("seed", range(5))
def test_weights_measure_what_drawn_rows_measure(seed: int) -> None:
    """Counting a row twice by weight is the same as having it twice."""
    target, scores, group = sample()
    (weights,) = resamples(Plan(group, samples=1, confidence=0.9, seed=seed))
    found = scored(target, scores, group).under(weights, group)

    drawn = np.repeat(np.arange(len(target)), weights[0].astype(int)[group])
    expected = measure(target[drawn], scores[drawn], threshold=0.5, costs=COSTS)
    for name, value in expected.items():
        assert found[name][0] == pytest.approx(value), name


def test_whole_groups_are_drawn() -> None:
    """Rows of one customer come and go together: their weights are equal, their number is kept."""
    group = np.array([0, 0, 1, 2, 2, 2])
    for weights in resamples(Plan(group, samples=50, confidence=0.9, seed=0)):
        assert weights.shape == (50, 3)
        assert (weights.sum(axis=1) == 3).all()


def test_rows_that_stick_together_widen_the_interval() -> None:
    """Ten copies of each row are no more evidence than one."""
    target, scores, _ = sample(rows=200)
    ten = np.repeat(np.arange(200), 10)
    rows = scored(target[ten], scores[ten])
    together = intervals(rows, Plan(ten, samples=300, confidence=0.95, seed=0))["auc_roc"]
    apart = intervals(rows, Plan(np.arange(2000), samples=300, confidence=0.95, seed=0))["auc_roc"]
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_same_seed_gives_the_same_interval() -> None:
    """An evaluation repeated is an evaluation confirmed."""
    target, scores, group = sample()
    plan = Plan(group, samples=20, confidence=0.9, seed=4)
    assert intervals(scored(target, scores), plan) == intervals(scored(target, scores), plan)
    other = Plan(group, samples=20, confidence=0.9, seed=5)
    assert intervals(scored(target, scores), plan) != intervals(scored(target, scores), other)


def test_a_model_differs_from_itself_by_nothing() -> None:
    """The difference is taken on the same resamples, or it would be noise."""
    target, scores, group = sample()
    plan = Plan(group, samples=30, confidence=0.95, seed=0)
    ours, theirs, uplift = compare(
        scored(target, scores, group), scored(target, scores, group), plan
    )
    assert ours == theirs
    assert {(one.value, one.low, one.high) for one in uplift.values()} == {(0.0, 0.0, 0.0)}


def test_paired_difference_is_surer_than_two_intervals() -> None:
    """What both models share cancels out."""
    target, scores, group = sample()
    worse = np.clip(scores + np.random.default_rng(0).normal(0, 0.05, len(scores)), 0, 1)
    plan = Plan(group, samples=200, confidence=0.95, seed=0)
    ours, theirs, uplift = compare(scored(target, scores), scored(target, worse), plan)
    one, other, both = ours["auc_roc"], theirs["auc_roc"], uplift["auc_roc"]
    assert both.value == pytest.approx(one.value - other.value)
    assert both.high - both.low < (one.high - one.low + other.high - other.low) / 2


def test_share_of_resamples_is_counted_in_the_direction_of_better() -> None:
    """More area is better, less cost is: the share of wins means the same for both."""
    target, scores, group = sample()
    wrong = 1 - scores
    plan = Plan(group, samples=50, confidence=0.95, seed=0)
    _, _, wins = compare(scored(target, scores), scored(target, wrong), plan)
    _, _, losses = compare(scored(target, wrong), scored(target, scores), plan)
    for name in ("auc_roc", "log_loss", "brier"):
        assert (wins[name].share_better, losses[name].share_better) == (1.0, 0.0), name
    for name in METRICS:
        if name != "card_precision_100":
            # An equal resample is nobody's win.
            assert wins[name].share_better + losses[name].share_better <= 1.0


def test_equal_is_not_better() -> None:
    """A model is not half better than itself."""
    target, scores, group = sample()
    plan = Plan(group, samples=10, confidence=0.95, seed=0)
    _, _, uplift = compare(scored(target, scores, group), scored(target, scores, group), plan)
    assert {one.share_better for one in uplift.values()} == {0.0}


def test_resamples_without_positives_do_not_count() -> None:
    """Where only one row is positive, a third of the resamples have none: they are left out."""
    target = np.array([True, False, False, False])
    rows = scored(target, np.array([0.9, 0.1, 0.2, 0.3]))
    found = intervals(rows, Plan(np.arange(4), samples=100, confidence=0.9, seed=0))
    assert (found["auc_roc"].low, found["auc_roc"].high) == (1.0, 1.0)


def test_unknown_ends_are_none() -> None:
    """Where no resample had both classes an interval is not made up."""
    target = np.array([True, False])
    rows = scored(target, np.array([0.9, 0.1]))
    plans = (Plan(np.arange(2), samples=1, confidence=0.9, seed=seed) for seed in range(20))
    found = [compare(rows, rows, plan) for plan in plans]
    assert {ours["auc_roc"].low for ours, _, _ in found} == {None, 1.0}
    assert {uplift["auc_roc"].share_better for _, _, uplift in found} == {None, 0.0}


@settings(deadline=None)  # a busy machine is not a failure
@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0]), st.integers(0, 4)),
        min_size=2,
        max_size=50,
    )
)
def test_weight_one_changes_nothing(rows: list[tuple[bool, float, int]]) -> None:
    """Every group once is the sample itself, ties and all."""
    target, scores, group = (np.array(column) for column in zip(*rows, strict=True))
    if target.all() or not target.any():
        return
    ready = scored(target, scores, group)
    found = ready.under(np.ones((1, int(group.max()) + 1)), group)
    for name, value in ready.values.items():
        assert found[name][0] == pytest.approx(value), name
