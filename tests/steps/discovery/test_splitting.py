"""Rows with a time are split by it, rows of a group stay together, others go by chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_code.steps.discovery.splitting import SplitPlan, plan_split
from pipeline_code.steps.discovery.strength import Answers


def plan(days: list[int] | np.ndarray, answers: Answers | None = None) -> SplitPlan:
    """Plan a split of rows of these days."""
    values = np.arange(len(days)) % 2
    return plan_split(
        answers or Answers(values.astype(float), "binary"),
        event_time="at",
        why_time="the only time",
        days=np.array(days, dtype=np.int64),
        group=None,
    )


def test_known_days() -> None:
    """Ten rows a day for a hundred days: the last 20 test, a gap of 5, about 15 validate."""
    split = plan(np.repeat(np.arange(100), 10))
    assert (split.method, split.event_time) == ("time", "at")
    assert (split.test_days, split.gap_days, split.validation_days) == (20, 5, 14)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 400), min_size=2, max_size=300))
def test_every_part_of_a_split_by_time_has_rows(days: list[int]) -> None:
    """However uneven the days are; else the rows go by chance."""
    split = plan(sorted(days * 2))
    if split.method == "time":
        last = max(days)
        test_first = last - split.test_days + 1
        validation_first = test_first - split.gap_days - split.validation_days
        assert any(day >= test_first for day in days)
        assert any(validation_first <= day < test_first - split.gap_days for day in days)
        assert any(day < validation_first for day in days)


@pytest.mark.parametrize(
    ("days", "values"),
    [
        ([5] * 100, np.arange(100) % 2),
        ([1] * 99 + [2], np.arange(100) % 2),
        (list(range(100)), np.arange(100) < 50),
    ],
)
def test_days_that_cannot_be_split_go_by_chance(days: list[int], values: np.ndarray) -> None:
    """One day, nearly one day, or last days with one label only."""
    split = plan(days, Answers(values.astype(float), "binary"))
    assert split.method == "stratified"
    assert "too few" in split.why


def test_groups_and_numbers() -> None:
    """A group that was asked for decides; numbers have no labels to be shared out."""
    answers = Answers(np.arange(10.0), "regression")
    options = {"event_time": None, "why_time": "none", "days": None}
    assert plan_split(answers, group=None, **options).method == "random"  # type: ignore[arg-type]
    grouped = plan_split(answers, group="card", **options)  # type: ignore[arg-type]
    assert (grouped.method, grouped.group) == ("grouped", "card")
