"""Read a request that is a Parquet file."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.documents import PayloadError
from pipeline_code.core.encoding import Categories, encode
from pipeline_code.core.mistakes import closest
from pipeline_code.core.tables import Connection, connect, literal, quoted
from pipeline_code.steps.payloads import TooManyRowsError
from pipeline_code.steps.predict import Matrix
from pipeline_code.steps.score_files import NUMBER_TYPE

_MEMORY_GIB: Final = 0.25
_NONE: Final[Categories] = {}
_MOST_CELLS: Final = 16_000_000
"""A file of some kilobytes can unpack to any number of equal values, 24 bytes each."""


def read_parquet_rows(
    body: bytes, features: Sequence[str], *, max_rows: int, categories: Categories = _NONE
) -> Matrix:
    """Return the rows of a Parquet file, shape (n, features), its columns in any order.

    A null is a missing value; a boolean counts as 0 or 1. A value of a category is written as
    text, as Prepare does, and becomes its code. The file is unpacked only once its
    own account of its rows fits, and within a bounded memory.

    Raises:
        PayloadError: if it is no Parquet file, lacks a column or a value is no finite number.
        TooManyRowsError: if it has more than ``max_rows`` rows, or 16 million values.
    """
    import duckdb  # only a server that gets such a body pays

    with tempfile.TemporaryDirectory() as folder, connect(memory_gib=_MEMORY_GIB) as database:
        file = Path(folder) / "body.parquet"
        file.write_bytes(body)
        try:
            _check_rows(database, file, min(max_rows, _MOST_CELLS // len(features)))
            columns = _columns(database, file)
            _check_columns(columns, features, categories)
            names = ", ".join(
                f"cast({quoted(name)} as {'varchar' if name in categories else 'double'}) "
                f"as {quoted(name)}"
                for name in features
            )
            found = database.execute(
                f"select {names} from read_parquet({literal(file)})"  # noqa: S608
            ).fetchnumpy()
        except duckdb.Error:
            raise PayloadError(
                "malformed", "the body is no Parquet file, or a broken one; write it anew"
            ) from None
    matrix = np.column_stack([_numbers(found[name], categories.get(name)) for name in features])
    _check_range(matrix, features)
    return matrix.astype(np.float32)


def _numbers(values: NDArray[Any], known: Sequence[str] | None) -> NDArray[Any]:
    """Fill what is missing; write the codes of texts where there are ``known`` ones."""
    if known is None:
        return np.asarray(np.ma.filled(values, np.nan))
    # As a list, what is masked is None.
    return encode(np.array([text or None for text in values.tolist()], dtype=object), known)


def _check_rows(database: Connection, file: Path, max_rows: int) -> None:
    row = database.execute(
        f"select num_rows from parquet_file_metadata({literal(file)})"  # noqa: S608
    ).fetchone()
    rows = int(row[0]) if row else 0
    if rows == 0:
        raise PayloadError("empty", "the request has no rows; send at least one")
    if rows > max_rows:
        raise TooManyRowsError.of(rows, max_rows)


def _columns(database: Connection, file: Path) -> dict[str, str]:
    query = f"describe from read_parquet({literal(file)}, hive_partitioning = false)"
    return {str(row[0]): str(row[1]) for row in database.execute(query).fetchall()}


def _check_columns(
    columns: Mapping[str, str], features: Sequence[str], categories: Categories
) -> None:
    missing = [name for name in features if name not in columns]
    if missing:
        hint = closest(missing[0], list(columns))
        raise PayloadError(
            "wrong_columns", f"lacks the column {', '.join(missing)}{hint}; send all of them"
        )
    for name in features:
        if name in categories:
            if columns[name].endswith(("]", ")")) or columns[name] == "BLOB":
                raise PayloadError(
                    "not_a_text", f"has type {columns[name]}; send texts", column=name
                )
        elif not NUMBER_TYPE.fullmatch(columns[name]):
            raise PayloadError(
                "not_a_number", f"has type {columns[name]}; send numbers", column=name
            )


def _check_range(
    matrix: np.ndarray[tuple[int, int], np.dtype[np.float64]], features: Sequence[str]
) -> None:
    limit = float(np.finfo(np.float32).max)
    beyond = np.abs(matrix) > limit
    if beyond.any():
        row, column = (int(one) for one in np.argwhere(beyond)[0])
        raise PayloadError(
            "out_of_range",
            f"is too large; send a number up to {limit:.1e}",
            row=row + 1,
            column=features[column],
        )
