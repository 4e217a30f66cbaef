"""Pictures get few points, and those lie on the curve."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_code.core import curves
from pipeline_code.core.metrics import ErrorCosts, decisions
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
