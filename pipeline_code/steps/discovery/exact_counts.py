"""Count over the whole table what the drawn rows have suggested; it is read once, never held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import duckdb

from pipeline_code.core.data_contract import ColumnType
from pipeline_code.core.tables import Connection
from pipeline_code.steps.discovery.column_types import (
    MOST_BROKEN,
    Seen,
    readable,
    value_of,
    without_markers,
)
from pipeline_code.steps.discovery.errors import DiscoveryError
from pipeline_code.steps.discovery.reading import Table, failed

_NARROW: Final[frozenset[ColumnType]] = frozenset({"integer", "number", "timestamp", "boolean"})
_COLUMNS_AT_ONCE: Final = 200


@dataclass(frozen=True)
class Counted:
    """What all rows say of one column.

    Attributes:
        type: what the contract can promise; text where too many values are nothing narrower.
        missing: rows without a value.
        broken: rows with a value that is not of the type.
        broken_example: one such value.
        distinct: about how many different values there are.
        minimum: the smallest value; None for text.
        maximum: the largest one.
        sentinels: rows with each of the numbers that may stand for a missing value.
    """

    seen: Seen
    type: ColumnType
    missing: int = 0
    broken: int = 0
    broken_example: str = ""
    distinct: int = 0
    minimum: Any = None
    maximum: Any = None
    sentinels: Mapping[int, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The column's name in the source."""
        return self.seen.name


@dataclass(frozen=True)
class Counts:
    """All rows of a table, column by column.

    ``broken`` is how many rows have at least one value that is not of its column's type.
    """

    rows: int
    columns: dict[str, Counted]
    markers: tuple[str, ...]
    broken: int = 0


def count_table(database: Connection, table: Table, seen: Sequence[Seen]) -> Counts:
    """Read the whole table once (once more for each 200 columns) and count.

    Columns that cannot be read at all are left out.
    """
    kept = [one for one in seen if one.type is not None]
    markers = tuple(dict.fromkeys(marker for one in kept for marker in one.markers))
    counted: dict[str, Counted] = {}
    rows = broken = 0
    for start in range(0, len(kept), _COLUMNS_AT_ONCE):
        batch = kept[start : start + _COLUMNS_AT_ONCE]
        rows, some_broken, found = _count(database, table, batch, markers)
        if wrong := [one for one in found.values() if one.broken > MOST_BROKEN * rows]:
            widened = {one.name: _widened(one) for one in wrong}
            batch = [widened.get(one.name, one) for one in batch]
            rows, some_broken, found = _count(database, table, batch, markers)
        broken += some_broken
        counted |= found
    return Counts(rows, counted, markers, min(broken, rows))


def is_unique(database: Connection, table: Table, one: Counted, markers: Sequence[str]) -> bool:
    """Say whether no value of a column occurs twice; DuckDB spills what does not fit."""
    value = value_of(replace(one.seen, type=one.type), _raw(one.seen, markers))
    twice = _run(
        database,
        table,
        f"select 1 from (select {value} as v from {table.source.relation} "  # noqa: S608
        f"where {table.source.condition}) where v is not null "
        "group by v having count(*) > 1 limit 1",
    )
    return not twice


def values_of(
    database: Connection, table: Table, one: Counted, markers: Sequence[str], *, most: int
) -> list[tuple[Any, int]]:
    """List the values of a column with their rows, the most frequent ones first.

    Text comes without blanks around it: so does a label that Prepare reads.
    """
    value = value_of(replace(one.seen, type=one.type), _raw(one.seen, markers))
    value = f"trim({value})" if one.type == "string" else value
    return [
        (found, int(rows))
        for found, rows in _run(
            database,
            table,
            f"select v, count(*) as n from (select {value} as v from {table.source.relation} "  # noqa: S608
            f"where {table.source.condition}) where v is not null "
            f"group by v order by n desc, v limit {most}",
        )
    ]


def _widened(one: Counted) -> Seen:
    """Take a column as text after all: the rows that were drawn did not show what it holds."""
    why = f"{one.broken:,} values are no {one.seen.type}, like {one.broken_example[:40]!r}"
    return replace(
        one.seen, type="string", why=why, settings={}, doubt="", is_open=False, sentinels=()
    )


def _count(
    database: Connection, table: Table, batch: Sequence[Seen], markers: Sequence[str]
) -> tuple[int, int, dict[str, Counted]]:
    """Count some columns in one pass: all rows, those with a broken value, and each column."""
    fields: list[str] = []
    figures = ["count(*)"]
    broken: list[str] = []
    for place, one in enumerate(batch):
        raw, value = f"r{place}", f"v{place}"
        fields.append(f"{_raw(one, markers)} as {raw}")
        is_broken = "false"
        if one.type in _NARROW:
            fields.append(f"{value_of(one, raw)} as {value}")
            is_broken = f"({raw} is not null and {value} is null)"
            broken.append(is_broken)
        if one.sentinels:
            fields.append(f"{_sentinel(one, markers)} as s{place}")
        extremes = f"min({value}), max({value})" if one.type in _NARROW else "null, null"
        figures.append(
            f"count({raw}), count(*) filter ({is_broken}), "
            f"any_value(cast({raw} as varchar)) filter ({is_broken}), {extremes}, "
            f"approx_count_distinct({raw}), {f'histogram(s{place})' if one.sentinels else 'null'}"
        )
    figures.append(f"count(*) filter ({' or '.join(broken) or 'false'})")
    rows, *row, some_broken = _run(
        database,
        table,
        f"select {', '.join(figures)} from (select {', '.join(fields)} "  # noqa: S608
        f"from {table.source.relation} where {table.source.condition})",
    )[0]
    each = len(row) // len(batch)
    found = {
        one.name: _counted(one, rows, row[place * each : (place + 1) * each])
        for place, one in enumerate(batch)
    }
    return int(rows), int(some_broken), found


def _counted(one: Seen, rows: int, figures: Sequence[Any]) -> Counted:
    filled, broken, example, minimum, maximum, distinct, sentinels = figures
    assert one.type is not None  # noqa: S101 - the caller has left such columns out
    all_were_drawn = one.rows == rows
    return Counted(
        one,
        one.type,
        missing=rows - filled,
        broken=broken,
        broken_example=str(example or ""),
        distinct=one.distinct if all_were_drawn else max(min(int(distinct), filled), one.distinct),
        minimum=minimum,
        maximum=maximum,
        sentinels={int(value): int(count) for value, count in (sentinels or {}).items()},
    )


def _raw(one: Seen, markers: Sequence[str]) -> str:
    """Write the SQL of a value as it stands in the file, NULL where it is missing."""
    text = _text(one, markers)
    if not one.settings.get("missing"):
        return text
    words = ", ".join(map(str, one.settings["missing"]))
    return f"(case when {_plain_value(one, text)} in ({words}) then null else {text} end)"


def _text(one: Seen, markers: Sequence[str]) -> str:
    if one.column.type != "VARCHAR":
        return one.column.sql
    return without_markers(one.column.sql, markers)


def _sentinel(one: Seen, markers: Sequence[str]) -> str:
    """Write the SQL of a value where it may stand for a missing one, else of NULL."""
    value = _plain_value(one, _text(one, markers))
    words = ", ".join(str(each.value) for each in one.sentinels)
    return f"case when {value} in ({words}) then {value} end"


def _plain_value(one: Seen, raw: str) -> str:
    """Write the SQL of a value before any number is taken for a missing one."""
    assert one.type is not None  # noqa: S101 - the caller has left such columns out
    settings = {name: value for name, value in one.settings.items() if name != "missing"}
    return readable(one.name, one.type, raw=raw, found=one.column.type, settings=settings)


def _run(database: Connection, table: Table, query: str) -> list[tuple[Any, ...]]:
    try:
        rows = database.execute(query).fetchall()
    except duckdb.OutOfMemoryException as error:
        raise DiscoveryError(
            f"{table.path} needs more memory than there is: {str(error)[:200]}; "
            "give a part of it, like the rows of one year"
        ) from error
    except duckdb.Error as error:
        raise failed(database, table, error) from error
    if table.source.rejects:
        # What the reader refuses is counted where rows are drawn.
        database.execute("drop table if exists reject_errors; drop table if exists reject_scans")
    return rows
