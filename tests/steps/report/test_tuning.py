"""Trials are ranked in the direction of the search, and drawn against what was varied."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pipeline_code.steps.report.tuning import tuning
from tests.steps.report_documents import Document, trials


def searched(direction: str = "maximize", **changes: Any) -> Document:
    """Describe a search."""
    found = tuning({"tuning": {"direction": direction, "trials": trials(), **changes}})
    assert found is not None
    return found


@pytest.mark.parametrize(("direction", "best"), [("maximize", "0.54"), ("minimize", "0.5")])
def test_best_trials_come_first(direction: str, best: str) -> None:
    """By the largest value, or the smallest; the earlier one of equals; none without a value."""
    rows = searched(direction)["best"]
    assert rows[0]["value"] == best
    assert [one["place"] for one in rows[:2]] == ([5, 10] if direction == "maximize" else [6, 11])
    assert all(one["place"] != 1 for one in rows)


def test_only_what_was_varied_is_shown() -> None:
    """The seed is the same in all trials."""
    found = searched()
    assert found["tuned"] == ["learning_rate", "max_depth", "booster"]
    assert [title for title, _, _ in found["charts"]] == [
        "Value by trial.", "learning_rate.", "max_depth.", "booster."
    ]  # fmt: skip
    assert "1 trial ended without a value" in found["summary"]


def test_settings_far_apart_are_drawn_by_their_ratio() -> None:
    """From 0.002 to 2: on a straight axis nine of ten would lie on one spot."""
    charts = {title: chart for title, _, chart in searched()["charts"]}
    assert ">0.01<" in charts["learning_rate."]
    assert ">dart<" in charts["booster."]


def test_line_of_the_best_so_far_never_turns_back() -> None:
    """It says whether more trials would have helped."""
    chart = searched()["charts"][0][2]
    points = re.search(r'class="line steps" points="([^"]+)"', chart)
    assert points is not None
    heights = [float(point.split(",")[1]) for point in points[1].split()]
    assert heights == sorted(heights, reverse=True)


def test_search_of_which_nothing_came_is_told_without_pictures() -> None:
    """Every trial failed."""
    failed = [{**one, "value": None} for one in trials(2)]
    found = searched(trials=failed)
    assert (found["charts"], found["best"]) == ([], [])


def test_nothing_tuned_is_nothing_shown() -> None:
    """Without a search there is no section."""
    assert tuning({}) is None
    assert tuning({"tuning": {"trials": []}}) is None


def test_one_trial_and_odd_settings_are_drawn() -> None:
    """A hyperparameter that is missing, infinite or a word."""
    odd = [
        {"name": "a", "value": 0.5, "hyperparameters": {"x": "inf", "y": "1"}},
        {"name": "b", "value": 0.4, "hyperparameters": {"x": "2"}},
    ]
    assert len(searched(trials=odd)["charts"]) == 3
    assert len(searched(trials=odd[:1])["charts"]) == 1
