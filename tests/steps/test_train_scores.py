"""Held-out rows are measured as the gate measures, and say so where they cannot tell."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics

from pipeline_code.core.metric_names import METRICS_OF
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.train_scores import (
    HeldOut,
    choose_threshold,
    describe_target,
    gate_score,
    is_better,
)
from tests.mixed_tables import PROBLEMS, mixed_usecase

ROWS = {
    "binary": HeldOut(np.array([True, False, True, False]), np.array([0.9, 0.2, 0.4, 0.6]), "v"),
    "multiclass": HeldOut(
        np.array([0, 1, 2]), np.array([[0.7, 0.2, 0.1], [0.3, 0.5, 0.2], [0.5, 0.3, 0.2]]), "v"
    ),
    "regression": HeldOut(np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0]), "v"),
}


def gated(problem: str, metric: str) -> UseCase:
    """Make a use case whose gate looks at ``metric``."""
    return mixed_usecase(problem).with_settings({"gate.metric": metric})


@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_metric_of_a_gate_can_be_measured(problem: str) -> None:
    """No choice of the gate stops a training at its end."""
    for metric in METRICS_OF[problem]:
        value = gate_score(ROWS[problem], gated(problem, metric))
        assert value is not None
        assert np.isfinite(value)


def test_values_are_those_of_scikit_learn() -> None:
    """One known value for each type of problem."""
    binary, classes, value = (ROWS[problem] for problem in PROBLEMS)
    assert gate_score(binary, gated("binary", "auc_roc")) == pytest.approx(
        sklearn.metrics.roc_auc_score(binary.target, binary.scores)
    )
    assert gate_score(classes, gated("multiclass", "log_loss")) == pytest.approx(
        sklearn.metrics.log_loss(classes.target, classes.scores)
    )
    assert gate_score(value, gated("regression", "mae")) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("problem", "rows"),
    [
        ("binary", HeldOut(np.array([True, True]), np.array([0.1, 0.2]), "v")),
        ("multiclass", HeldOut(np.array([1]), np.array([[0.2, 0.5, 0.3]]), "v")),
        ("binary", HeldOut(np.empty(0, bool), np.empty(0), "v")),
        ("regression", HeldOut(np.empty(0), np.empty(0), "v")),
    ],
)
def test_rows_that_cannot_tell_give_no_value(problem: str, rows: HeldOut) -> None:
    """No rows, or rows of one class: no value is better than a made-up one."""
    metric = {"binary": "auc_roc", "multiclass": "accuracy", "regression": "rmse"}[problem]
    assert gate_score(rows, gated(problem, metric)) is None


def test_metric_without_a_value_gives_none() -> None:
    """A percentage error where every target is 0."""
    rows = HeldOut(np.zeros(2), np.array([0.0, 1.0]), "v")
    assert gate_score(rows, gated("regression", "mape")) is None


def test_only_a_binary_problem_has_a_threshold() -> None:
    """Classes are chosen by their costs, values are what they are."""
    found = choose_threshold(ROWS["binary"], mixed_usecase("binary"))
    assert found is not None
    assert found.value == pytest.approx(0.75)
    assert found.cost == 1
    assert choose_threshold(ROWS["multiclass"], mixed_usecase("multiclass")) is None
    assert choose_threshold(ROWS["regression"], mixed_usecase("regression")) is None


def test_better_has_a_direction() -> None:
    """Less loss, more area."""
    assert is_better(0.1, 0.2, gated("binary", "log_loss"))
    assert not is_better(0.1, 0.2, gated("binary", "auc_roc"))


def test_record_says_what_the_target_looks_like() -> None:
    """Positives, rows of each class, the mean; a part without rows has none."""
    assert describe_target(np.array([True, False]), mixed_usecase("binary")) == {
        "rows": 2,
        "positives": 1,
    }
    assert describe_target(np.array([2, 2, 0]), mixed_usecase("multiclass")) == {
        "rows": 3,
        "classes": {"low": 1, "middle": 0, "high": 2},
    }
    regression = mixed_usecase("regression")
    assert describe_target(np.array([1.0, 2.0]), regression) == {"rows": 2, "mean": 1.5}
    assert describe_target(np.empty(0), regression) == {"rows": 0, "mean": None}
