"""Columns that a model cannot use are left out, each with advice; the others stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline_code.core.errors import PipelineError
from pipeline_code.steps.discovery.roles import decide_roles, find_event_time
from tests.steps.discovery.conftest import Count

ROWS = 200
NUMBERS = np.random.default_rng(0)


def repeated(values: list[Any]) -> list[Any]:
    """Repeat values to as many as there are rows."""
    return [values[place % len(values)] for place in range(ROWS)]


DATES = ["24.11.2026", "11/25/2026"]


@pytest.mark.parametrize(
    ("name", "values", "kind", "is_input"),
    [
        ("height", NUMBERS.normal(size=ROWS).round(6).tolist(), "number", True),
        ("income", (NUMBERS.permutation(ROWS) * 997).tolist(), "number", True),
        ("colour", repeated(["red", "blue"]), "category", True),
        ("member", repeated(["true", "false"]), "boolean", True),
        ("region_id", repeated([1, 2, 3]), "number", True),
        ("customer_id", repeated(list(range(60))), "entity", False),
        ("customer_id", (NUMBERS.permutation(ROWS) * 997).tolist(), "key", False),
        ("row", list(range(ROWS)), "key", False),
        ("code", [f"x{number}" for number in range(ROWS)], "key", False),
        ("remark", [f"this is remark {number}" for number in range(ROWS)], "text", False),
        (
            "ticket",
            [f"t{number // 2 * 3}" if number % 4 else f"u{number}" for number in range(ROWS)],
            "text",
            False,
        ),
        ("same", [5] * ROWS, "constant", False),
        ("nothing", [""] * ROWS, "constant", False),
        ("sometimes", repeated(["x", ""]), "category", False),
        ("day", repeated(["2026-11-24", "2026-11-25"]), "time", False),
        ("written", repeated(DATES), "text", False),
    ],
)
def test_role_of_a_column(
    count: Count, name: str, values: list[Any], kind: str, is_input: bool
) -> None:
    """A number that is different in every row names rows only if its name or its order says so."""
    counts = count({name: values, "goal": repeated([0, 1])})
    role = decide_roles(counts, target="goal", kept_out={})[name]
    assert (role.kind, role.is_input) == (kind, is_input)
    assert role.why


def test_columns_with_a_part_of_their_own_are_no_inputs(count: Count) -> None:
    """A model that knows the group it was trained on knows nothing of new ones."""
    counts = count({"country": repeated(["a", "b", "c"]), "goal": repeated([0, 1])})
    role = decide_roles(counts, target="goal", kept_out={"country": "is the group"})["country"]
    assert (role.is_input, role.why) == (False, "is the group")


DAYS = [f"2026-01-{1 + place % 28:02d}" for place in range(ROWS)]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"bought": DAYS}, "bought"),
        ({"bought": DAYS, "birth_date": DAYS}, "bought"),
        ({"birth_date": DAYS}, None),
        ({"closed_at": DAYS}, None),
        ({"sometimes": [*DAYS[1:], ""]}, None),
        ({"same": DAYS[:1] * ROWS}, None),
        ({"number": list(range(ROWS))}, None),
    ],
)
def test_event_time_is_the_only_time_that_can_be_one(
    count: Count, columns: dict[str, list[Any]], expected: str | None
) -> None:
    """Birthdays, and times after the outcome, are not the moment of a prediction."""
    time = find_event_time(count({**columns, "goal": repeated([0, 1])}), None, "goal")
    assert (time.name, time.question) == (expected, "")


def test_several_times_are_asked_about(count: Count) -> None:
    """The wrong one splits by a day that nobody knew."""
    counts = count({"a": DAYS, "b": DAYS, "goal": repeated([0, 1])})
    assert find_event_time(counts, None, "goal").candidates == ("a", "b")
    assert find_event_time(counts, "b", "goal").name == "b"
    assert find_event_time(counts, "none", "goal").name is None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("bougth", "is no column; did you mean 'bought'"),
        ("number", "is integer, no time; columns of times: bought"),
        ("written", "holds dates in no single format"),
    ],
)
def test_what_is_no_time_is_refused(count: Count, given: str, says: str) -> None:
    """The message names the columns that are."""
    columns = {
        "bought": DAYS,
        "number": list(range(ROWS)),
        "written": repeated(["24.11.2026", "11/25/2026"]),
    }
    counts = count({**columns, "goal": repeated([0, 1])})
    with pytest.raises(PipelineError, match=says):
        find_event_time(counts, given, "goal")
