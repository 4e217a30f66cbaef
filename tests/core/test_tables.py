"""Tables in and out: nothing is guessed, nothing is reordered, nothing comes from the machine."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest

from pipeline_code.core import tables
from pipeline_code.core.errors import MissingColumnsError
from pipeline_code.core.texts import Texts


def test_columns_survive_a_round_trip(tmp_path: Path) -> None:
    """What is written is read back, types and order included."""
    columns = {
        "id": np.array([3, 1, 2]),
        "score": np.array([0.5, np.nan, -1.0]),
        "small": np.array([1, 2, 3], dtype=np.float32),
        "when": np.array(["2020-02-29T23:59:59.000001", "2018-01-01", "2019-01-01"], "M8[us]"),
        "name": np.array(["b", "a", 'quote " and, comma']),
        "flag": np.array([True, False, True]),
    }

    path = tables.write_columns(tmp_path / "deep" / "table.parquet", columns)
    read = tables.read_columns(path)

    assert list(read) == list(columns)
    for name, values in columns.items():
        np.testing.assert_array_equal(read[name], values)
    assert read["small"].dtype == np.float32
    assert tables.count_rows(path) == 3


def test_missing_values_have_one_meaning(tmp_path: Path) -> None:
    """Integers with gaps become floats with NaN, times NaT, texts None: no masked arrays."""
    path = tmp_path / "gaps.parquet"
    duckdb.execute(
        "copy (from (values (1, 'a', timestamp '2020-01-01', true, 1.5), "
        f"(null, null, null, null, null)) as t(n, s, t, b, f)) to '{path}'"
    )

    read = tables.read_columns(path)

    assert not any(isinstance(values, np.ma.MaskedArray) for values in read.values())
    np.testing.assert_array_equal(read["n"], [1.0, np.nan])
    np.testing.assert_array_equal(read["b"], [1.0, np.nan])
    np.testing.assert_array_equal(read["f"], [1.5, np.nan])
    assert read["s"].tolist() == ["a", None]
    assert np.isnat(read["t"][1])


def test_no_rows_are_a_table_too(tmp_path: Path) -> None:
    """An empty validation file is read as columns of length nought."""
    path = tables.write_columns(tmp_path / "none.parquet", {"a": np.empty(0), "b": np.empty(0)})

    assert tables.count_rows(path) == 0
    assert {name: len(values) for name, values in tables.read_columns(path).items()} == {
        "a": 0,
        "b": 0,
    }


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    """The message says which column and what the file has instead."""
    path = tables.write_columns(tmp_path / "t.parquet", {"a": np.arange(2)})

    with pytest.raises(MissingColumnsError, match=r"t\.parquet lacks b; found a"):
        tables.read_columns(path, ["a", "b"])


@pytest.mark.parametrize("content", [None, b"", b"PAR1 nothing PAR1", b"a,b\n1,2\n"])
def test_a_broken_file_is_one_line(tmp_path: Path, content: bytes | None) -> None:
    """Absent, empty, truncated and foreign files give one line that names the file."""
    path = tmp_path / "broken.parquet"
    if content is not None:
        path.write_bytes(content)

    for read in (tables.read_columns, tables.count_rows):
        with pytest.raises(tables.UnreadableTableError, match=r"broken\.parquet") as caught:
            read(path)
        assert "\n" not in str(caught.value)


def test_same_columns_same_bytes(tmp_path: Path) -> None:
    """Step caching compares content, so writing must not depend on chance."""
    columns = {"a": np.arange(200_000), "b": np.random.default_rng(1).random(200_000)}

    first = tables.write_columns(tmp_path / "1.parquet", columns).read_bytes()

    assert tables.write_columns(tmp_path / "2.parquet", columns).read_bytes() == first


def test_times_do_not_depend_on_the_machine() -> None:
    """A time with a zone is the same instant in UTC, whatever TZ says."""
    with tables.connect() as database:
        row = database.execute(
            "select '2020-01-01T00:30:00+02:00'::timestamptz::timestamp"
        ).fetchone()

    assert row is not None
    assert str(row[0]) == "2019-12-31 22:30:00"


@pytest.mark.parametrize(("name", "expected"), [("a", '"a"'), ('a"b', '"a""b"')])
def test_names_cannot_break_out_of_their_quotes(name: str, expected: str) -> None:
    """A column's name is data; it must not become SQL."""
    assert tables.quoted(name) == expected


def test_path_is_neither_a_pattern_nor_a_partition(tmp_path: Path) -> None:
    """A checkout in a folder called [x] or A=1 reads its own file and no column of the path."""
    tables.write_columns(tmp_path / "A=1" / "in1.parquet", {"B": np.array([0, 0])})
    path = tables.write_columns(tmp_path / "A=1" / "in[1].parquet", {"B": np.array([7])})

    assert {name: list(values) for name, values in tables.read_columns(path).items()} == {"B": [7]}
    assert tables.count_rows(path) == 1


def test_coded_columns_hold_what_plain_ones_hold(tmp_path: Path) -> None:
    """Texts come by codes, everything else as `read_columns` gives it."""
    path = tables.write_columns(
        tmp_path / "table.parquet",
        {
            "kind": np.array(["b", None, "it's", "b", ""], dtype=object),
            'a "name"': np.array([None, "x", "y", "x", "y"], dtype=object),
            "amount": np.array([1.0, np.nan, 3, 4, 5]),
            "unused": np.arange(5),
        },
    )
    wanted = ["amount", "kind", 'a "name"']
    plain = tables.read_columns(path, wanted)
    found = tables.read_coded(path, wanted, optional=["kind", "nowhere"])

    assert list(found) == wanted
    for name in wanted:
        assert found[name].tolist() == pytest.approx(plain[name].tolist(), nan_ok=True)
    assert isinstance(found["kind"], Texts)
    assert found["kind"].known == ("", "b", "it's")
    assert "unused" in tables.read_coded(path, ["kind"], optional=["unused"])


def test_coded_columns_may_be_empty_or_missing(tmp_path: Path) -> None:
    """A column without any text, a table without rows, and one that lacks a column."""
    path = tmp_path / "table.parquet"
    database = duckdb.connect()
    database.execute(f"copy (select null::varchar as kind from range(2)) to '{path}'")  # noqa: S608
    assert tables.read_coded(path, ["kind"])["kind"].tolist() == [None, None]
    database.execute(f"copy (select 'a' as kind where false) to '{path}'")
    assert tables.read_coded(path, ["kind"])["kind"].tolist() == []
    with pytest.raises(MissingColumnsError, match=r"table\.parquet lacks kin; .*did you mean"):
        tables.read_coded(path, ["kin"])
    with pytest.raises(tables.UnreadableTableError):
        tables.read_coded(tmp_path / "nowhere.parquet", ["kind"])
