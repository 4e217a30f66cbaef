"""Types, and the cells that stand for missing values, are those that the values have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline_code.core.tables import Connection
from pipeline_code.steps.discovery.column_types import Seen, see_columns
from pipeline_code.steps.discovery.reading import Table, draw_rows, open_table

See = Callable[..., Seen]


@pytest.fixture
def see(database: Connection, open_file: Callable[..., Table]) -> See:
    """See one column of text, given by its values."""

    def see(values: list[Any]) -> Seen:
        text = "other;seen\n" + "".join(f"1;{value}\n" for value in values)
        table = open_file(text, header=True)
        draw_rows(database, table)
        return see_columns(database, table.columns)[1]

    return see


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "-2", "+3", "4.0"], "integer"),
        (["1", "2.5", "1e5", ".5"], "number"),
        (["9223372036854775807", "9223372036854775808"], "number"),
        (["2026-11-24", "2026/11/24 18:00", "2026-11-24T18:00:00Z"], "timestamp"),
        (["true", "False", "TRUE"], "boolean"),
        (["yes", "no", "yes"], "string"),
        (["007", "042", "123"], "string"),
        (["0", "1", "10"], "integer"),
        (["a", "1", "2"], "string"),
        (["", "", ""], "string"),
        (["12345-678", "1_000", "0x1F"], "string"),
    ],
)
def test_type_is_the_narrowest_that_holds_all(see: See, values: list[str], expected: str) -> None:
    """Codes with leading zeros lose them as numbers; what does not fit into 64 bits is none."""
    assert see(values).type == expected


@pytest.mark.parametrize("marker", ["?", "NA", "n/a", "NULL", "NaN", " ? ", "  "])
def test_agreed_markers_are_missing_values_among_words_too(see: See, marker: str) -> None:
    """Everybody means the same by them."""
    seen = see(["red", "blue", marker])
    assert (seen.markers, seen.filled, seen.distinct) == ((marker.strip(),), 2, 2)


@pytest.mark.parametrize("marker", ["-", "None", "unknown", "."])
def test_other_markers_count_only_where_the_rest_is_no_text(see: See, marker: str) -> None:
    """Unknown may be a category of its own; among numbers it is none of them."""
    assert see(["red", "blue", marker]).markers == ()
    seen = see(["1", "2", marker])
    assert (seen.type, seen.markers) == ("integer", (marker,))


def test_few_values_of_another_type_do_not_change_the_type(see: See) -> None:
    """One typing error in a thousand is a broken row, not a column of text."""
    assert see(["1"] * 999 + ["one"]).type == "integer"
    assert see(["1"] * 90 + ["one"] * 10).type == "string"


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (["24.11.2026", "1.2.26"], "dates in no single format"),
        (["24.11.2026", "11/24/2026"], "dates in no single format"),
        (["[1 2]", "[3]"], "nested"),
        (['{"a": 1}', "{}"], "nested"),
    ],
)
def test_what_a_model_cannot_take_is_said(see: See, values: list[str], problem: str) -> None:
    """It is text to the contract, but no category."""
    seen = see(values)
    assert seen.type == "string"
    assert seen.problem.startswith(problem)


def test_parquet_says_its_types(database: Connection, tmp_path: Path) -> None:
    """Nothing is guessed where the file knows; text in Parquet is judged like other text."""
    path = tmp_path / "typed.parquet"
    query = (
        "select 1::tinyint as i, 1.5::decimal(4, 1) as n, date '2026-11-24' as d, "
        "timestamp '2026-11-24' as t, true as b, 'x' as s, '12' as digits, [1, 2] as l, "
        "{'a': 1} as o, 'x'::blob as raw, 2.0::double as whole from range(3)"
    )
    duckdb.execute(f"copy ({query}) to '{path}'")
    table = open_table(database, path, header=None, named=(), scratch=tmp_path / "copies")
    draw_rows(database, table)
    seen = {one.name: one for one in see_columns(database, table.columns)}

    types = {name: one.type for name, one in seen.items()}
    assert types == {
        **{"i": "integer", "n": "number", "d": "timestamp", "t": "timestamp", "b": "boolean"},
        **{"s": "string", "digits": "integer", "l": None, "o": None, "raw": None},
        "whole": "number",
    }
    assert seen["whole"].is_whole
    assert not seen["n"].is_whole
    assert "nested" in seen["l"].problem
