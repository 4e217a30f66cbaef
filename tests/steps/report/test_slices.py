"""Groups are compared with all rows, with the champion, and with the others."""

from __future__ import annotations

import pytest

from pipeline_code.steps.report.fairness import BIAS, noteworthy
from pipeline_code.steps.report.slices import slices
from tests.steps.report_documents import Document, evaluated


def grouped(metric: str, ours: float | None, theirs: float | None, *ends: float | None) -> Document:
    """Describe one group; ``ends`` are the difference to the other rows and its interval."""
    difference = dict(zip(("value", "low", "high"), ends, strict=True)) if ends else None
    one = {"column": "kind", "value": "a", "rows": 50, "metrics": {metric: ours, "cost": 3.0},
           "champion": None if theirs is None else {metric: theirs}, "interval": None,
           "too_small": ours is None, "reason": "", "difference": difference}  # fmt: skip
    document = {
        "uplift_metric": metric,
        "metrics": {metric: {"value": 5.0}},
        "confidence": 0.9,
        "slices": [one],
    }
    found = slices(document)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("metric", "others_verdict", "champion_verdict"),
    [("rmse", "better", "worse"), ("auc_roc", "worse", "better")],
)
def test_differences_are_judged_in_the_direction_of_the_metric(
    metric: str, others_verdict: str, champion_verdict: str
) -> None:
    """Below the other rows is good for an error and bad for an area."""
    ((_, (row,)),) = grouped(metric, 4.0, 3.0, -1.0, -1.5, -0.5)["columns"]
    assert (row.others_verdict, row.champion_verdict) == (others_verdict, champion_verdict)


def test_a_difference_whose_interval_holds_zero_may_be_chance() -> None:
    """A group of few rows is always above or below the others."""
    ((_, (row,)),) = grouped("auc_roc", 0.8, None, 0.1, -0.05, 0.25)["columns"]
    assert (row.against_others, row.others_verdict) == ("+0.100", "may be chance")
    assert row.others_interval == "\u22120.050 to +0.250"


def test_small_group_says_why_it_has_no_figures() -> None:
    """An empty cell would look like an oversight."""
    ((_, (row,)),) = grouped("rmse", None, None)["columns"]
    assert (row.metric, row.note, row.against_others) == ("n/a", "too few rows to measure", "")


def test_difference_below_what_is_written_is_equal() -> None:
    """+0.000 and 'better' would contradict each other."""
    ((_, (row,)),) = grouped("auc_roc", 0.90001, None, 0.00001, -0.1, 0.1)["columns"]
    assert (row.against_others, row.others_verdict) == ("0.000", "equal")


def test_every_group_of_a_column_stands_in_its_table() -> None:
    """Columns in their order, groups in theirs."""
    document = evaluated("binary")
    found = slices(document)
    assert found is not None
    assert [column for column, _ in found["columns"]] == ["kind", "size"]
    assert sum(len(rows) for _, rows in found["columns"]) == len(document["slices"])
    assert found["fairness"]
    assert slices({}) is None


@pytest.mark.parametrize(
    ("key", "value", "is_noteworthy"),
    [
        ("disparate_impact", 0.79, True),
        ("disparate_impact", 0.81, False),
        ("disparate_impact", 1.26, True),
        ("label_difference", -0.11, True),
        ("opportunity_difference", 0.09, False),
    ],
)
def test_only_what_is_far_from_parity_is_marked(
    key: str, value: float, is_noteworthy: bool
) -> None:
    """The four-fifths rule for ratios, ten points for differences."""
    metric = next(one for one in BIAS if one.key == key)
    assert metric.is_noteworthy(value) is is_noteworthy


@pytest.mark.parametrize(
    ("key", "value", "low", "high", "is_noteworthy"),
    [
        ("disparate_impact", 0.5, 0.2, 1.1, False),
        ("disparate_impact", 0.5, 0.4, 0.7, True),
        ("label_difference", 0.2, -0.1, 0.4, False),
        ("label_difference", -0.2, -0.3, -0.1, True),
    ],
)
def test_what_may_be_chance_is_not_marked(
    key: str, value: float, low: float, high: float, is_noteworthy: bool
) -> None:
    """Of ten rows, three more or less are no finding."""
    metric = next(one for one in BIAS if one.key == key)
    assert metric.is_noteworthy(value, low, high) is is_noteworthy


def test_figures_of_fairness_have_intervals() -> None:
    """In the document and beside each figure that has a value."""
    document = evaluated("binary")
    found = slices(document)
    assert found is not None
    rows = [row for _, listed in found["fairness"] for row in listed]
    shown = [each for row in rows for each in row.differences if each.interval]
    assert len(shown) == sum(len(one["intervals"]) for one in document["fairness"]) > 0
    for one in document["fairness"]:
        for name, ends in one["intervals"].items():
            assert ends["low"] <= ends["high"], name


def test_uneven_decisions_are_said_in_words() -> None:
    """Nobody has to know what disparate impact is."""
    one = {"column": "kind", "value": "a", "disparate_impact": 0.5, "selection_rate": 0.1,
           "others": {"selection_rate": 0.2}}  # fmt: skip
    assert list(noteworthy([one, {**one, "disparate_impact": None}])) == [
        "kind a: 10% of its rows are called positive, 20% of all others."
    ]
