"""Say in SQL what a row is, whatever file it came from: its digest, its draw, the data's hash.

A row is the values of its columns in the contract's types, written one after the other as the
bytes by which DuckDB sorts them: every value ends where it ends, and a missing one is a byte of
its own. So ``1`` of a CSV file, of JSON and of Parquet are the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pipeline_code.core.tables import Connection, quoted

ROW = "acequia_row"
"""The column of accepted rows with the digest of what a row says."""

_NULLS = "'asc nulls first'"
_ALL_BITS = (1 << 64) - 1
_VERSION = "rows2"
"""Another way to hash rows gets another name, else two hashes would seem to tell of a change."""


def row_digest(columns: Sequence[str]) -> str:
    """Write the SQL of a row's digest: 64 bits that equal rows share, as a UBIGINT.

    The first half of the MD5 of its bytes. Two rows of a million differ and share it once in
    40 million such tables; it is no defence against somebody who wants that.

    Args:
        columns: which columns make the row, in this order.
    """
    return _digest(["''", *(quoted(name) for name in columns)])


def value_digest(value: str) -> str:
    """Write the SQL of the digest of a single value, like that of a row."""
    return _digest(["''", value])


def draw(digest: str, seed: int) -> str:
    """Write the SQL of a number that is drawn for a digest: another one for another ``seed``.

    The digest times an odd number that the MD5 of the seed gives, modulo 2**64: digests that are
    spread evenly stay so, and different ones stay different. Source: Knuth, *The Art of Computer
    Programming*, volume 3, section 6.4 (multiplicative hashing).
    """
    drawn = hashlib.md5(str(seed).encode(), usedforsecurity=False).digest()
    factor = int.from_bytes(drawn[:8]) | 1
    product = f"({digest})::uhugeint * {factor}::uhugeint"
    return f"cast(({product}) & {_ALL_BITS}::uhugeint as ubigint)"


def last_sampled(rows: int, wanted: int) -> int:
    """Return the largest digest of about ``wanted`` of ``rows`` rows; all of them where few."""
    return _ALL_BITS if rows <= wanted else (_ALL_BITS + 1) * wanted // rows


def hash_rows(database: Connection, table: str, digest: str, columns: Sequence[str]) -> str:
    """Hash the rows of a table by what they say, not by how they came.

    Other file order, format or chunking: the same hash. One changed value, or one row more or
    twice: another. Digests are added up as whole numbers, so the order of rows does not count.

    Args:
        database: holds the table.
        table: its name.
        digest: SQL of a row's digest, as `row_digest` writes it.
        columns: which columns the digest is made of.
    """
    found = database.execute(
        f"select count(*), coalesce(sum({digest}), 0) from {table}"  # noqa: S608
    ).fetchall()
    rows, total = found[0]
    text = "\x1f".join([*columns, str(rows), str(total)])
    return f"{_VERSION}:{hashlib.sha256(text.encode()).hexdigest()}"


def combine_hashes(hashes: Sequence[str]) -> str:
    """Hash several tables: the hash of one stays what it is."""
    if len(hashes) == 1:
        return hashes[0]
    return f"{_VERSION}:{hashlib.sha256(chr(10).join(hashes).encode()).hexdigest()}"


def _digest(values: Sequence[str]) -> str:
    # The first value is a text, for the key of fixed lengths alone would be a number, no bytes.
    key = ", ".join(f"{value}, {_NULLS}" for value in values)
    return f"cast(md5_number(create_sort_key({key})) >> 64 as ubigint)"
