"""Requests that are Parquet files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline_code.core.documents import PayloadError
from pipeline_code.core.tables import connect, literal
from pipeline_code.steps.parquet_rows import read_parquet_rows
from pipeline_code.steps.payloads import TooManyRowsError


def parquet(folder: Path, select: str) -> bytes:
    """Write the result of a query as a Parquet file."""
    file = folder / "made.parquet"
    with connect() as database:
        database.execute(f"copy ({select}) to {literal(file)} (format parquet)")
    return file.read_bytes()


def test_columns_are_taken_by_name_and_null_is_missing(tmp_path: Path) -> None:
    """Others may lie beside them, in any order."""
    body = parquet(tmp_path, "select 'x' as id, 2::bigint as B, null::double as A")

    rows = read_parquet_rows(body, ["A", "B"], max_rows=10)

    assert rows.dtype == np.float32
    assert np.isnan(rows[0, 0])
    assert rows[0, 1] == 2


@pytest.mark.parametrize(
    ("select", "code", "message"),
    [
        ("select 1 as A", "wrong_columns", "lacks the column B"),
        ("select 1 as A, 'x' as B", "not_a_number", "VARCHAR"),
        ("select 1 as A, 1e300::double as B", "out_of_range", "too large"),
        ("select 1 as A, 'inf'::double as B", "out_of_range", "too large"),
        ("select 1 as A, 2 as B where false", "empty", "no rows"),
        ("select 1 as A, [2] as B", "not_a_number", "INTEGER"),
    ],
)
def test_unusable_files_are_refused(tmp_path: Path, select: str, code: str, message: str) -> None:
    """With the column, where one is to blame."""
    with pytest.raises(PayloadError, match=message) as error:
        read_parquet_rows(parquet(tmp_path, select), ["A", "B"], max_rows=10)
    assert error.value.code == code


def test_rows_are_counted_before_they_are_unpacked(tmp_path: Path) -> None:
    """A small file can hold a billion equal rows."""
    body = parquet(tmp_path, "select 1 as A, 2 as B from range(100000)")

    assert len(body) < 10_000
    with pytest.raises(TooManyRowsError):
        read_parquet_rows(body, ["A", "B"], max_rows=99_999)


@pytest.mark.parametrize("cut", [0, 4, 20, -1])
def test_broken_files_are_refused(tmp_path: Path, cut: int) -> None:
    """Truncated anywhere, or no Parquet at all."""
    body = parquet(tmp_path, "select 1 as A, 2 as B")
    with pytest.raises(PayloadError, match="no Parquet file"):
        read_parquet_rows(body[:cut], ["A", "B"], max_rows=10)


def test_values_of_wide_rows_are_limited_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Equal values take no room in a file, but all of it once they are unpacked."""
    body = parquet(tmp_path, "select 0.0 as A, 0.0 as B from range(6)")
    monkeypatch.setattr("pipeline_code.steps.parquet_rows._MOST_CELLS", 10)
    with pytest.raises(TooManyRowsError, match="at most 5"):
        read_parquet_rows(body, ("A", "B"), max_rows=100)


def test_texts_of_categories_become_codes(tmp_path: Path) -> None:
    """Numbers are written as Prepare writes them; other types are no texts."""
    known = {"B": ("red", "7")}
    body = parquet(
        tmp_path, "select 1.5 as A, unnest(['red', '7', 'new', '', null]) as B order by all"
    )
    found = read_parquet_rows(body, ["A", "B"], max_rows=10, categories=known)[:, 1]
    assert sorted(np.nan_to_num(found, nan=-1).tolist()) == [-1, -1, 0, 1, 2]

    body = parquet(tmp_path, "select 1.5 as A, 7 as B")
    found = read_parquet_rows(body, ["A", "B"], max_rows=10, categories=known)
    assert found.tolist() == [[1.5, 1.0]]

    body = parquet(tmp_path, "select 1.5 as A, ['red'] as B")
    with pytest.raises(PayloadError, match="send texts"):
        read_parquet_rows(body, ["A", "B"], max_rows=10, categories=known)
