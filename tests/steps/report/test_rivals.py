"""Challenger and champion are compared in the direction in which a metric is better."""

from __future__ import annotations

import pytest

from pipeline_code.steps.report.rivals import check_rows, metric_rows


def measured(name: str, ours: float, theirs: float | None) -> dict[str, object]:
    """Write a document of one metric."""
    champion = None if theirs is None else {"version": 1, "metrics": {name: {"value": theirs}}}
    problem = {"type": "regression" if name == "rmse" else "binary"}
    return {"problem": problem, "metrics": {name: {"value": ours}}, "champion": champion}


@pytest.mark.parametrize(
    ("name", "ours", "theirs", "verdict"),
    [
        ("auc_roc", 0.9, 0.8, "better"),
        ("auc_roc", 0.8, 0.9, "worse"),
        ("rmse", 8.0, 9.0, "better"),
        ("rmse", 9.0, 8.0, "worse"),
        ("rmse", 8.0, 8.0, "equal"),
        ("rmse", 8.0, None, ""),
    ],
)
def test_smaller_errors_are_better(
    name: str, ours: float, theirs: float | None, verdict: str
) -> None:
    """A page that calls the larger error better would be believed."""
    (row,) = metric_rows(measured(name, ours, theirs))
    assert row.verdict == verdict
    assert (row.champion is None) == (theirs is None)


def test_metric_that_this_code_does_not_know_is_shown_all_the_same() -> None:
    """A newer evaluation under an older report."""
    (row,) = metric_rows(measured("gini", 0.4, 0.5))
    assert row.title == "Gini"


def test_money_is_not_compared_between_samples_of_different_size() -> None:
    """Errors on more rows cost more, whatever the model."""
    document = {**measured("cost", 5.0, 6.0), "validation": {"cost": 3.0}}
    (row,) = metric_rows(document)
    assert row.validation == ""


def test_failed_conditions_come_first_in_words() -> None:
    """They are the reason."""
    names = ("guardrail auc_roc", "slices auc_roc", "win share auc_roc", "of tomorrow")
    checks = [
        {"name": one, "passed": one != "slices auc_roc", "detail": "so it is"} for one in names
    ]
    rows = check_rows({"gate": {"checks": checks}})
    assert [row.passed for row in rows] == [False, True, True, True]
    assert [row.heading for row in rows] == [
        "No group of rows worse off: ROC area",
        "Guardrail: ROC area",
        "Better often enough: ROC area",
        "Of tomorrow",
    ]
    assert rows[0].detail == "So it is."
