"""A slice is measured as its rows alone would be, as far as they allow it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline_code.core.bootstrap import Plan, intervals
from pipeline_code.core.metrics import CardDays, ErrorCosts
from pipeline_code.core.regression import ValueCosts
from pipeline_code.core.scored_classes import ScoredClasses
from pipeline_code.core.scored_rows import ScoredRows
from pipeline_code.core.scored_values import ScoredValues
from pipeline_code.core.slices import Slice, Sliceable, measure_slices

ROWS = 600
GENERATOR = np.random.default_rng(8)
CODES = GENERATOR.integers(0, 2, ROWS)
GROUP = GENERATOR.integers(0, 90, ROWS)
LABELS = GENERATOR.random(ROWS) < 0.3
SCORES = np.clip(GENERATOR.normal(0.3 + 0.3 * LABELS, 0.2), 0, 1)
CLASSES = GENERATOR.integers(0, 3, ROWS)
PROBABILITIES = GENERATOR.dirichlet([1, 1, 1], ROWS)
VALUES = GENERATOR.gamma(2, 50, ROWS)
PLAN = Plan(GROUP, samples=60, confidence=0.9, seed=1)


def binary(labels: np.ndarray = LABELS) -> ScoredRows:
    """Rows of two classes, with cards."""
    return ScoredRows(
        labels,
        SCORES,
        threshold=0.5,
        costs=ErrorCosts(5, 120),
        card_days=CardDays(GROUP, np.zeros(ROWS, dtype=np.int64)),
    )


SAMPLES: dict[str, Sliceable] = {
    "auc_roc": binary(),
    "f1_macro": ScoredClasses(CLASSES, PROBABILITIES, costs=np.ones(3)),
    "rmse": ScoredValues(
        VALUES, VALUES * GENERATOR.normal(1, 0.2, ROWS), costs=ValueCosts(over=1, under=2)
    ),
}


def measured(sample: Sliceable, metric: str, **changes: object) -> tuple[Slice, ...]:
    """Measure two slices of one sample."""
    arguments = {"codes": CODES, "names": ("a", "b"), "plan": PLAN, "minimum_rows": 30, **changes}
    return measure_slices(sample, metric=metric, **arguments)


@pytest.mark.parametrize("metric", SAMPLES)
def test_slice_is_measured_as_its_rows_alone(metric: str) -> None:
    """For each type of problem: every metric, and the interval of the gate's."""
    sample = SAMPLES[metric]
    for at, found in enumerate(measured(sample, metric)):
        inside = at == CODES
        alone = sample.subset(inside)
        assert (found.name, found.rows) == ("ab"[at], int(inside.sum()))
        assert found.reason == ""
        assert set(found.metrics) == set(alone.values)
        for name, value in alone.values.items():
            assert found.metrics[name] == pytest.approx(value), name
        group = np.unique(GROUP[inside], return_inverse=True)[1]
        expected = intervals(alone, Plan(group, samples=60, confidence=0.9, seed=1))[metric]
        assert found.interval.value == pytest.approx(expected.value)
        assert (found.interval.low, found.interval.high) == (expected.low, expected.high)
        assert found.interval.low < found.interval.value < found.interval.high


def test_small_slices_are_named_and_not_measured() -> None:
    """A figure of twelve rows would be read as if it meant something."""
    codes = np.where(np.arange(ROWS) < 12, 1, 0)
    large, small, none = measured(
        SAMPLES["rmse"], "rmse", codes=codes, names=("large", "small", "none")
    )
    assert large.interval is not None
    assert small == Slice(
        "small", 12, {}, None, "too small: 12 rows, and a slice is measured from 30 on"
    )
    assert (none.rows, none.metrics) == (0, {})
    assert measured(SAMPLES["rmse"], "rmse", codes=codes, minimum_rows=12)[1].interval is not None


def test_slice_of_one_class_is_measured_as_far_as_that_goes() -> None:
    """No fraud in a region is good news, not an error: it has costs and no ROC area."""
    found = measured(binary(LABELS & (CODES == 0)), "auc_roc")[1]
    assert found.metrics["auc_roc"] is None
    assert found.metrics["recall"] is None
    assert found.metrics["cost"] == 5 * ((SCORES >= 0.5) & (CODES == 1)).sum()
    assert found.interval is None
    assert found.reason == "auc_roc is undefined on these rows"
    assert measured(binary(LABELS & (CODES == 0)), "cost")[1].interval is not None

    one = ScoredClasses(np.where(CODES == 1, 2, CLASSES), PROBABILITIES, costs=np.ones(3))
    found = measured(one, "auc_roc_macro")[1]
    assert found.metrics["auc_roc_macro"] is None
    assert 0 < found.metrics["accuracy"] < 1


def test_card_precision_is_not_measured_by_slice() -> None:
    """A hundred cards of a slice are not the hundred that a day's team would check."""
    found = measured(binary(), "card_precision_100")[0]
    assert "card_precision_100" not in found.metrics
    assert found.reason == "card_precision_100 is undefined on these rows"


def test_slice_of_one_group_has_a_value_without_an_interval() -> None:
    """All rows of one customer: every resample is the same, which is not certainty."""
    plan = Plan(np.where(CODES == 0, 0, GROUP + 1), samples=60, confidence=0.9, seed=1)
    one, many = measured(SAMPLES["rmse"], "rmse", plan=plan)
    assert one.interval.value == one.metrics["rmse"]
    assert (one.interval.low, one.interval.high) == (None, None)
    assert "belong together" in one.reason
    assert many.interval.low is not None


def compared(sample: Sliceable, metric: str, codes: np.ndarray, **changes: object) -> list[Slice]:
    """Compare each slice with all other rows."""
    names = tuple(str(one) for one in range(int(codes.max()) + 1))
    overall = intervals(sample, PLAN)[metric]
    return list(measured(sample, metric, codes=codes, names=names, overall=overall, **changes))


@pytest.mark.parametrize("metric", SAMPLES)
@pytest.mark.parametrize("slices", [2, 5])
def test_a_slice_is_compared_with_the_rest_of_the_rows(metric: str, slices: int) -> None:
    """Not with all rows, of which it is itself a part: that hides half of what differs."""
    codes = np.random.default_rng(2).integers(0, slices, ROWS)
    sample = SAMPLES[metric]
    for at, one in enumerate(compared(sample, metric, codes)):
        alone = intervals(sample.subset(codes != at), replace(PLAN, group=PLAN.group[codes != at]))
        assert one.rest == pytest.approx(alone[metric].value)
        assert one.difference is not None
        assert one.difference.value == pytest.approx(one.metrics[metric] - alone[metric].value)
        assert one.difference.low < one.difference.value < one.difference.high


def test_the_interval_of_a_difference_is_that_of_resampling_both_sides() -> None:
    """Also where the other rows are not resampled, but their error is taken from all rows."""
    codes = np.where(np.arange(ROWS) < 150, 0, np.where(np.arange(ROWS) < 400, 1, 2))
    plan = Plan(np.arange(ROWS), samples=400, confidence=0.9, seed=1)
    sample = SAMPLES["auc_roc"]
    overall = intervals(sample, plan)["auc_roc"]
    found = measured(
        sample, "auc_roc", codes=codes, names=("a", "b", "c"), plan=plan, overall=overall
    )
    generator = np.random.default_rng(5)
    for at, one in enumerate(found):
        inside, outside = (np.flatnonzero(each) for each in (codes == at, codes != at))
        drawn = [
            _area(generator.choice(inside, len(inside)))
            - _area(generator.choice(outside, len(outside)))
            for _ in range(400)
        ]
        low, high = np.quantile(drawn, [0.05, 0.95])
        assert (one.difference.low, one.difference.high) == pytest.approx(
            (low, high), abs=0.25 * (high - low)
        )


def _area(rows: np.ndarray) -> float:
    positive, negative = (SCORES[rows][LABELS[rows] == one] for one in (True, False))
    wins = (positive[:, None] > negative).mean() + 0.5 * (positive[:, None] == negative).mean()
    return float(wins)


def test_what_cannot_be_compared_has_no_difference() -> None:
    """One slice of all rows has no others; costs of more rows are higher, whatever the model."""
    (everything,) = compared(SAMPLES["auc_roc"], "auc_roc", np.zeros(ROWS, dtype=np.int64))
    assert (everything.rest, everything.difference) == (None, None)
    assert all(one.difference is None for one in compared(SAMPLES["auc_roc"], "cost", CODES))
    tiny = np.where(np.arange(ROWS) < 5, 0, 1)
    small, most = compared(SAMPLES["auc_roc"], "auc_roc", tiny)
    assert (small.rest, small.difference) == (None, None)
    assert most.rest is None or most.difference is not None
