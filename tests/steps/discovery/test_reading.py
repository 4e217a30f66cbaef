"""Tables of every kind are opened alike, and rows are drawn from all over them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipeline_code.core.errors import PipelineError
from pipeline_code.core.tables import Connection
from pipeline_code.steps.discovery import reading
from pipeline_code.steps.discovery.reading import PLACE, SAMPLE, Table, draw_rows, open_table
from tests.steps.discovery.conftest import Write, lines

ROWS = {"a": list(range(500)), "b": ["x", "y"] * 250}


def parquet(path: Path) -> Path:
    """Write the rows as Parquet."""
    duckdb.sql("select range as a, 'x' as b from range(500)").write_parquet(str(path))
    return path


def test_every_kind_has_the_same_columns(
    database: Connection, write: Write, tmp_path: Path
) -> None:
    """What follows does not care how a table is written."""
    objects = [{"a": a, "b": b} for a, b in zip(*ROWS.values(), strict=True)]
    text = "\n".join(map(json.dumps, objects))
    for path in (
        write(ROWS),
        write(gzip.compress(lines(ROWS).encode(), mtime=0), "packed.csv.gz"),
        write(text, "lines.jsonl"),
        write(json.dumps(objects), "list.json"),
        write(lines(ROWS).encode("utf-16"), "wide.csv"),
        write(b"\xfe\xff" + lines(ROWS).encode("utf-16-be"), "other.csv"),
        write((lines(ROWS) + "501,€\n").encode("cp1252"), "windows.csv"),
        parquet(tmp_path / "table.parquet"),
    ):
        table = open_table(database, path, header=None, named=(), scratch=tmp_path / "copies")
        assert table.names == ["a", "b"], path.name
        assert draw_rows(database, table).rows == 500 + (path.stem == "windows"), path.name


def test_a_folder_is_one_table(database: Connection, write: Write, tmp_path: Path) -> None:
    """Deliveries of many days are one table."""
    first = write(ROWS, "days/1.csv")
    write(ROWS, "days/2.csv")
    table = open_table(database, first.parent, header=None, named=(), scratch=tmp_path / "copies")
    assert draw_rows(database, table).rows == 1000


def test_drawn_rows_are_spread_and_the_same_every_time(
    database: Connection, open_file: Callable[..., Table], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file sorted by day must not show its first days only; a second look shows the same."""
    monkeypatch.setattr(reading, "_SAMPLE_ROWS", 2_000)
    table = open_file({"a": list(range(100_000)), "b": [1] * 100_000})
    query = f"select list(c0 order by {PLACE}) from {SAMPLE}"  # noqa: S608

    draw_rows(database, table)
    first = database.execute(query).fetchall()[0][0]
    draw_rows(database, table)

    assert database.execute(query).fetchall()[0][0] == first
    assert 1_000 < len(first) < 4_000
    tenths = [sum(int(a) // 10_000 == tenth for a in first) for tenth in range(10)]
    assert min(tenths) > len(first) / 20


def test_few_unreadable_lines_are_counted(
    database: Connection, open_file: Callable[..., Table]
) -> None:
    """One short line in three hundred goes to quarantine; the table is still one."""
    table = open_file(lines(ROWS) + "1\n")
    drawn = draw_rows(database, table)
    assert (drawn.rows, drawn.unreadable) == (500, 1)
    assert drawn.unreadable_why == "line 502 has missing columns"


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"a.csv": "a,b\n1,2\n", "b.jsonl": '{"a": 1}\n'}, "CSV and JSON files"),
        (
            {"a.csv": "a,b\n1,2\n", "b.csv": "a,c\n1,2\n"},
            r"b\.csv differs from a\.csv in its names",
        ),
        ({"a.csv": "a,b\nö,2\n", "b.csv": "a;b\nx;2\n"}, "in its delimiter"),
        ({"a.jsonl": '{"a": 1}\n', "b.json": '[{"b": 1}]'}, "different columns"),
        ({"a.json": "[1, 2, 3]"}, "instead of JSON objects"),
        ({"a.jsonl": "1\n2\n"}, "instead of JSON objects"),
        ({"a.json": "[]"}, "holds no JSON objects"),
        ({"a.json": '{\n"a": 1}'}, "no JSON object of its own"),
        ({"a.jsonl": '{"A": 1, "a": 2}\n'}, "differ in capitals only: A, a"),
        ({"a.csv": "a,b\n"}, "no rows"),
        ({"a.csv": "a,b\n" + "1,2\n" * 10 + "1\n" * 10}, "10 lines cannot be read"),
        ({"a.csv": "a,b\n1,2\n" + '1,"x\n' + "1,2\n" * 10}, "opens a quotation mark"),
        ({"a.parquet": "PAR1 is no Parquet"}, "cannot be read"),
        ({"a.txt": "a,b\n1,2\n"}, "of no known kind"),
        ({"a.csv": ""}, "is empty"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(
    database: Connection, write: Write, tmp_path: Path, files: dict[str, str], says: str
) -> None:
    """The message names the file, what is wrong and what to do."""
    paths = [write(text, f"source/{name}") for name, text in files.items()]

    def read() -> None:
        draw_rows(
            database,
            open_table(
                database, paths[0].parent, header=None, named=(), scratch=tmp_path / "copies"
            ),
        )

    with pytest.raises(PipelineError, match=says) as caught:
        read()
    assert "\n" not in str(caught.value)
