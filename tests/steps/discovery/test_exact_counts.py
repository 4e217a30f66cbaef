"""What the drawn rows suggest is held against every row of the table."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipeline_code.core.tables import Connection
from pipeline_code.steps.discovery import exact_counts
from pipeline_code.steps.discovery.column_types import see_columns
from pipeline_code.steps.discovery.exact_counts import count_table, is_unique, values_of
from pipeline_code.steps.discovery.reading import SAMPLE, Table, draw_rows
from tests.steps.discovery.conftest import Count


def test_figures_are_those_of_all_rows(count: Count) -> None:
    """Known values: rows, gaps, range and different values."""
    counts = count({"a": [3, 1, "NA", 2], "b": ["x", "x", "", "y"]})
    a, b = counts.columns["a"], counts.columns["b"]

    assert counts.rows == 4
    assert (a.type, a.missing, a.minimum, a.maximum, a.distinct) == ("integer", 1, 1, 3, 3)
    assert (b.type, b.missing, b.distinct) == ("string", 1, 2)
    assert counts.markers == ("NA",)


def test_broken_values_are_counted_by_row(count: Count) -> None:
    """A row with two broken values is one row in quarantine."""
    good = ["1"] * 999
    counts = count({"a": [*good, "x"], "b": [*good, "y"], "c": ["u"] * 1000})
    assert counts.broken == 1
    assert (counts.columns["a"].broken, counts.columns["a"].broken_example) == (1, "x")


def test_a_column_that_was_drawn_wrong_becomes_text(
    database: Connection, open_file: Callable[..., Table]
) -> None:
    """The drawn rows of a large file may miss what a hundredth of the others hold."""
    table = open_file({"a": ["1"] * 20_000 + ["x"] * 500, "b": [1] * 20_500})
    draw_rows(database, table)
    database.execute(f"delete from {SAMPLE} where c0 = 'x'")  # noqa: S608
    seen = see_columns(database, table.columns)
    assert seen[0].type == "integer", "the drawn rows show nothing else"

    counts = count_table(database, table, seen)

    assert (counts.columns["a"].type, counts.columns["a"].broken, counts.broken) == ("string", 0, 0)
    assert "500 values are no integer, like 'x'" in counts.columns["a"].seen.why


def test_many_columns_are_counted_in_turns(count: Count, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand columns in one query would need memory for each of them."""
    monkeypatch.setattr(exact_counts, "_COLUMNS_AT_ONCE", 2)
    counts = count({name: [1, 2] for name in "abcde"})
    assert list(counts.columns) == list("abcde")
    assert all(one.maximum == 2 for one in counts.columns.values())


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1, 2, 3], True), ([1, 2, 2], False), (["a", "b", "A"], True), (["1", "1.0", "2"], False)],
)
def test_unique_means_that_no_value_occurs_twice(
    database: Connection,
    open_file: Callable[..., Table],
    values: list[object],
    expected: bool,
) -> None:
    """A key with one duplicate would quarantine both rows; 1 and 1.0 are one number."""
    table = open_file({"key": values, "b": [1, 2, 3]})
    draw_rows(database, table)
    counts = count_table(database, table, see_columns(database, table.columns))
    assert is_unique(database, table, counts.columns["key"], counts.markers) is expected


def test_values_come_with_their_rows(database: Connection, open_file: Callable[..., Table]) -> None:
    """The most frequent ones first; missing ones are none."""
    table = open_file({"a": ["x", "y", "x", "?"], "b": [1, 2, 3, 4]})
    draw_rows(database, table)
    counts = count_table(database, table, see_columns(database, table.columns))
    found = values_of(database, table, counts.columns["a"], counts.markers, most=5)
    assert found == [("x", 2), ("y", 1)]
