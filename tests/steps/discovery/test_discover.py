"""What a table does not say is asked for once, and what is no table is refused in one line."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline_code.core.errors import PipelineError
from pipeline_code.steps.discovery.errors import UndecidedError
from tests.steps.discovery.conftest import Discover, labels

ROWS = 300
DAYS = [f"2026-{1 + row // 28 % 12:02d}-{1 + row % 28:02d}" for row in range(ROWS)]
TABLE: dict[str, list[Any]] = {
    "id": list(range(ROWS)),
    "ordered": DAYS,
    "paid": DAYS,
    "x": [row * 7 % 31 for row in range(ROWS)],
    "side": ["east", "west"] * (ROWS // 2),
}


def test_everything_is_asked_for_at_once(found: Discover) -> None:
    """Three runs for three questions are two too many; candidates save a look at the file."""
    with pytest.raises(UndecidedError) as caught:
        found(TABLE)
    assert caught.value.flags == ("--target", "--event-time", "--positive")
    assert "like side, x" in str(caught.value)
    assert "ordered, paid, or none" in str(caught.value)
    assert "side east or west" in str(caught.value)


def test_only_what_is_not_known_is_asked_for(found: Discover) -> None:
    """What was said is not asked again."""
    with pytest.raises(UndecidedError) as caught:
        found(TABLE, target="side")
    assert caught.value.flags == ("--event-time", "--positive")
    with pytest.raises(UndecidedError) as caught:
        found(TABLE, target="side", positive="west")
    assert caught.value.flags == ("--event-time",)
    assert found(TABLE, target="side", positive="west", event_time="ordered").target.name == "side"


def test_the_same_table_gives_the_same_discovery(found: Discover) -> None:
    """A file that differs without a cause makes a review worthless."""
    columns = {**TABLE, "side": labels(ROWS)}
    first, second = (found(columns, target="side", event_time="paid") for _ in range(2))
    assert first == second


def test_a_key_is_unique_in_truth(found: Discover) -> None:
    """Two rows of one key would both be quarantined."""
    table = {"id": [*range(ROWS - 1), 0], "x": TABLE["x"], "goal": labels(ROWS)}
    assert found(table, target="goal").unique is None
    assert found({**table, "id": TABLE["id"]}, target="goal").unique == "id"


@pytest.mark.parametrize(
    ("columns", "wishes", "says"),
    [
        (TABLE, {"target": "sdie"}, "no column 'sdie'.*did you mean 'side'"),
        (TABLE, {"target": "SIDE"}, "did you mean 'side'"),
        (TABLE, {"target": "side", "group": "xx"}, "--group 'xx' is no column"),
        (TABLE, {"target": "side", "group": "side"}, "side is named twice"),
        (TABLE, {"target": "side", "positive": "north"}, "allowed: east, west"),
        ({"goal": labels(ROWS)}, {"target": "goal"}, "one column only"),
        ({"same": [1] * ROWS, "goal": labels(ROWS)}, {"target": "goal"}, "no column to learn from"),
        (
            {
                "a": ["x" if row % 240 == 0 else 1 for row in range(ROWS)],
                "b": [1, *TABLE["x"][1:]],
                "goal": [*labels(ROWS)[:-20], *[""] * 20],
            },
            {"target": "goal"},
            "goal is missing in 20 of 300 rows",
        ),
    ],
)
def test_what_cannot_be_met_is_one_line(
    found: Discover, columns: dict[str, list[Any]], wishes: dict[str, str], says: str
) -> None:
    """It names what is wrong and what is there instead."""
    with pytest.raises(PipelineError, match=says) as caught:
        found(columns, **wishes)
    assert "\n" not in str(caught.value)
