"""Keep columns of few different texts as codes: they are sorted, counted and written faster.

DuckDB's ENUM is such a column: one or two bytes a row, each text once. Which columns are coded,
and by which texts in which order, depends on the rows alone, not on how they were read, and so
the bytes of what is written from them do not either.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from pipeline_code.core.tables import Connection, literal, quoted

MOST_TEXTS: Final = 1_000
"""A column of more different texts stays as it is."""

_LONGEST = 200  # characters; sentences are no categories, and statements would grow by them
_FIRST_ROWS = 20_000  # which have nearly all texts, where there are few


def is_coded(sql_type: str) -> bool:
    """Tell whether a column of a type is coded."""
    return sql_type.startswith("ENUM")


def type_of_texts(texts: Collection[str]) -> str:
    """Name the type of a column that has some texts and no others: coded where they are few."""
    if not _are_categories(texts):
        return "varchar"
    return f"enum({', '.join(literal(text) for text in sorted(texts))})"


def texts_of(database: Connection, sql_type: str) -> tuple[str, ...]:
    """List the texts of a type that is coded, by their codes."""
    query = f"select enum_range(cast(null as {sql_type}))"
    return tuple(database.execute(query).fetchall()[0][0])


def first_texts(database: Connection, rows: str, names: Sequence[str]) -> dict[str, set[str]]:
    """Learn the texts of columns from some of their rows; a column that has many is left out.

    Args:
        database: reads the rows.
        rows: SQL that selects them.
        names: the columns.
    """
    if not names:
        return {}
    lists = ", ".join(
        f"case when count(distinct {column}) <= {MOST_TEXTS // 2} then list(distinct {column}) end"
        for column in map(quoted, names)
    )
    found = database.execute(
        f"select {lists} from (select * from ({rows}) limit {_FIRST_ROWS})"  # noqa: S608
    ).fetchall()[0]
    texts = {name: set(some or ()) - {None} for name, some in zip(names, found, strict=True)}
    return {name: some for name, some in texts.items() if _are_categories(some)}


def code_texts(database: Connection, table: str, names: Iterable[str]) -> None:
    """Code those columns of texts that have few: by the texts that they have, sorted.

    Args:
        database: holds the table.
        table: its name.
        names: columns; those of texts may be coded already.
    """
    types = {row[0]: row[1] for row in database.execute(f"describe {table}").fetchall()}
    for name in names:
        if types[name] != "VARCHAR" and not is_coded(types[name]):
            continue
        texts = _distinct(database, table, name)
        known = texts_of(database, types[name]) if is_coded(types[name]) else None
        wanted = tuple(sorted(texts)) if _are_categories(texts) else None
        if known != wanted:
            database.execute(
                f"alter table {table} alter {quoted(name)} type {type_of_texts(texts)}"
            )


def _are_categories(texts: Collection[str]) -> bool:
    return 0 < len(texts) <= MOST_TEXTS and max(map(len, texts)) <= _LONGEST


def _distinct(database: Connection, table: str, name: str) -> list[str]:
    """List different texts of a column, of many just one more than may be coded."""
    column = quoted(name)
    rows = database.execute(
        f"select distinct {column} from {table} where {column} is not null "  # noqa: S608
        f"limit {MOST_TEXTS + 1}"
    ).fetchall()
    return [row[0] for row in rows]
