"""Pictures get few points, and those lie on the curve."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_code.core import curves
from pipeline_code.core.errors import EmptySampleError
from pipeline_code.core.metrics import ErrorCosts, decisions
from pipeline_code.core.multiclass import Classes, Probabilities
from pipeline_code.core.regression import Values
from pipeline_code.core.thresholds import Labels, Scores


def sample(rows: int = 5_000) -> tuple[Labels, Scores]:
    """Make rows with scores that know something of the target."""
    generator = np.random.default_rng(0)
    target = generator.random(rows) < 0.1
    return target, np.clip(generator.normal(0.2 + 0.3 * target, 0.15), 0, 1)


def test_roc_curve_keeps_its_area_and_its_ends() -> None:
    """Fewer points than pixels lose nothing one could see."""
    target, scores = sample()
    points = curves.roc_curve(target, scores)
    x, y = np.array(points).T

    assert len(points) <= curves.POINTS
    assert points[0] == (0.0, 0.0)
    assert points[-1] == (1.0, 1.0)
    assert np.trapezoid(y, x) == pytest.approx(
        sklearn.metrics.roc_auc_score(target, scores), abs=2e-3
    )


def test_precision_recall_curve_ends_where_all_rows_are_alarms() -> None:
    """At full recall the precision is the share of positives or better."""
    target, scores = sample()
    points = curves.precision_recall_curve(target, scores)
    recall, precision = np.array(points).T
    assert (np.diff(recall) >= 0).all()
    assert recall[-1] == 1.0
    assert precision[-1] >= target.mean() - 1e-6


def test_cost_curve_is_the_cost_of_the_decisions() -> None:
    """Each point is what `decisions` counts at that threshold."""
    target, scores = sample(300)
    costs = ErrorCosts(5, 120)
    for threshold, cost in curves.cost_curve(target, scores, costs)[::10]:
        # Points are rounded to six digits; no score lies so near a threshold.
        assert decisions(target, scores, threshold).cost(costs) == cost


def test_calibration_counts_every_row_once() -> None:
    """Tenths include their lower end, the last one both; empty tenths are left out."""
    target = np.array([False, True, True, False])
    found = curves.calibration(target, np.array([0.0, 0.1, 1.0, 0.15]))
    assert [(one.rows, one.observed) for one in found] == [(1, 0.0), (2, 0.5), (1, 1.0)]
    assert all(one.low <= one.observed <= one.high for one in found)


def test_wilson_interval_has_its_known_value() -> None:
    """One in ten: 1.8 % to 40.4 %, as printed in the literature."""
    found = curves.calibration(np.arange(10) == 0, np.full(10, 0.5))[0]
    assert (found.low, found.high) == (
        pytest.approx(0.0179, abs=1e-4),
        pytest.approx(0.4042, abs=1e-4),
    )


def test_histogram_counts_both_classes() -> None:
    """Ten tenths, and no row is lost."""
    target, scores = sample()
    found = curves.score_histogram(target, scores)
    assert sum(found["positives"]) == target.sum()
    assert sum(found["negatives"]) == (~target).sum()
    assert {len(counts) for counts in found.values()} == {10}


@settings(deadline=None)  # a busy machine is not a failure
@given(st.lists(st.floats(0, 1), min_size=1, max_size=400))
def test_thinning_keeps_the_ends_and_invents_nothing(values: list[float]) -> None:
    """Every point kept is a point of the curve."""
    x = np.sort(np.array(values))
    points = curves.thinned(x, x**2)
    known = {(round(float(a), 6), round(float(a**2), 6)) for a in x}
    assert set(points) <= known
    assert points[0][0] == round(float(x[0]), 6)
    assert points[-1][0] == round(float(x[-1]), 6)
    assert len(points) <= max(curves.POINTS, 1)


def classes_sample(rows: int = 3_000, classes: int = 4) -> tuple[Classes, Probabilities]:
    """Make rows of several classes, the first the most frequent."""
    generator = np.random.default_rng(1)
    target = np.minimum(generator.geometric(0.5, rows) - 1, classes - 1)
    known = generator.normal(size=(rows, classes))
    known[np.arange(rows), target] += 1
    odds = np.exp(known)
    return target, odds / odds.sum(axis=1, keepdims=True)


def test_every_class_is_drawn_against_all_others() -> None:
    """Its curve is the binary one of its own probability, with fewer points."""
    target, p = classes_sample()
    found = curves.class_curves(target, p)

    assert [one.index for one in found] == [0, 1, 2, 3]
    assert sum(one.rows for one in found) == len(target)
    for one in found:
        x, y = np.array(one.roc).T
        area = sklearn.metrics.roc_auc_score(target == one.index, p[:, one.index])
        assert np.trapezoid(y, x) == pytest.approx(area, abs=5e-3)
        assert len(one.roc) <= curves.CLASS_POINTS
        assert len(one.precision_recall) <= curves.CLASS_POINTS
    assert len(json.dumps([asdict(one) for one in found])) < 15_000


def test_classes_without_a_curve_are_left_out() -> None:
    """One that does not occur has no rows to find, and the only one nothing to tell it from."""
    target, p = classes_sample()
    known = target != 2
    found = curves.class_curves(target[known], p[known])
    assert [one.index for one in found] == [0, 1, 3]
    assert curves.class_curves(target[target == 1], p[target == 1]) == []


def test_many_classes_show_the_most_frequent() -> None:
    """A hundred lines are no picture."""
    target = np.repeat(np.arange(30), np.arange(1, 31))
    found = curves.class_curves(target, np.full((len(target), 30), 1 / 30))
    assert [one.index for one in found] == list(range(29, 29 - curves.CLASSES, -1))


def test_top_label_calibration_asks_how_often_the_first_choice_is_right() -> None:
    """Two rows said 0.9 for their class, one of them rightly; one said 0.55, wrongly."""
    p = np.array([[0.9, 0.1, 0.0], [0.05, 0.05, 0.9], [0.2, 0.55, 0.25]])
    found = curves.top_label_calibration(np.array([0, 1, 0]), p)
    assert [(one.rows, one.observed) for one in found] == [(1, 0.0), (2, 0.5)]
    assert found[1].predicted == pytest.approx(0.9)


def values_sample(rows: int = 5_000) -> tuple[Values, Values]:
    """Make rows whose predictions are off by a fifth, whatever their size."""
    generator = np.random.default_rng(1)
    target = generator.gamma(2.0, 1e-9, rows)
    return target, target * generator.normal(1, 0.2, rows)


def test_dots_are_rows_chosen_by_the_seed() -> None:
    """Every dot is a row, to six digits in any unit; few rows are all shown."""
    target, predicted = values_sample()
    dots = curves.predicted_and_actual(target, predicted, seed=3)
    assert dots == curves.predicted_and_actual(target, predicted, seed=3)
    assert dots != curves.predicted_and_actual(target, predicted, seed=4)
    assert len(dots) == curves.DOTS
    known = dict(zip(predicted.tolist(), target.tolist(), strict=True))
    x = np.array(sorted(known))
    for said, actual in dots[:20]:
        nearest = float(x[np.abs(x - said).argmin()])
        assert said == pytest.approx(nearest, rel=1e-5)
        assert actual == pytest.approx(known[nearest], rel=1e-5)
    assert curves.predicted_and_actual(target[:1], predicted[:1], seed=0) == [
        (pytest.approx(predicted[0], rel=1e-5), pytest.approx(target[0], rel=1e-5))
    ]
    assert curves.predicted_and_actual(target[:0], predicted[:0], seed=0) == []


def test_residual_histogram_loses_no_row_to_an_outlier() -> None:
    """The wild row is counted at the end, and the others keep their bins."""
    target, predicted = values_sample()
    wild = target.copy()
    wild[0] = 1e6
    found = curves.residual_histogram(wild, predicted)
    assert sum(found.counts) == len(target)
    assert len(found.counts) == len(found.edges) - 1 == curves.RESIDUAL_BINS
    assert found.edges == sorted(found.edges)
    assert max(found.counts) < len(target) / 2


def test_equal_residuals_are_one_bin() -> None:
    """A perfect model has a histogram too; so has a single row."""
    target = np.array([1.0, 2.0, 3.0])
    assert curves.residual_histogram(target, target) == curves.Histogram([0.0, 0.0], [3])
    assert curves.residual_histogram(target[:1], target[1:2]).counts == [1]


def test_residuals_are_described_by_tenths_of_the_prediction() -> None:
    """Their spread grows with the prediction here, and every row is in one tenth."""
    target, predicted = values_sample()
    found = curves.residuals_by_prediction(target, predicted)
    assert [one.rows for one in found] == [500] * 10
    assert [one.predicted for one in found] == sorted(one.predicted for one in found)
    for one in found:
        assert one.low < one.lower_quartile < one.median < one.upper_quartile < one.high
    assert found[-1].high - found[-1].low > 5 * (found[0].high - found[0].low)
    inside = predicted <= np.quantile(predicted, 0.1)
    expected = np.quantile((target - predicted)[inside], 0.25)
    assert found[0].lower_quartile == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("rows", [1, 7])
def test_equal_predictions_are_one_part(rows: int) -> None:
    """What is predicted alike is not split; one row is a part."""
    (found,) = curves.residuals_by_prediction(np.arange(float(rows)), np.full(rows, 2.0))
    assert found.rows == rows
    assert found.median == (rows - 1) / 2 - 2


def test_shares_within_a_tolerance_grow_to_all_rows() -> None:
    """Errors of 5 %, 15 % and 300 %, and a target of 0 that is exact."""
    found = curves.shares_within(
        np.array([100.0, -100.0, 10.0, 0.0]), np.array([105.0, -115.0, 40.0, 0.0])
    )
    assert found == [(0.05, 0.5), (0.1, 0.5), (0.2, 0.75), (0.5, 0.75)]
    assert curves.shares_within(np.zeros(1), np.ones(1))[-1] == (0.5, 0.0)


@pytest.mark.parametrize(
    "draw", [curves.residual_histogram, curves.residuals_by_prediction, curves.shares_within]
)
def test_no_residuals_are_refused(draw: Callable[[Values, Values], object]) -> None:
    """Nothing has no quantile."""
    with pytest.raises(EmptySampleError):
        draw(np.empty(0), np.empty(0))


def test_pictures_of_numbers_are_small_json() -> None:
    """Plain floats and integers, whatever NumPy had."""
    target, predicted = values_sample()
    document = {
        "dots": curves.predicted_and_actual(target, predicted, seed=0),
        "histogram": asdict(curves.residual_histogram(target, predicted)),
        "tenths": [asdict(one) for one in curves.residuals_by_prediction(target, predicted)],
        "within": curves.shares_within(target, predicted),
    }
    assert len(json.dumps(document, allow_nan=False)) < 20_000
