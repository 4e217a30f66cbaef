"""See how times are written that are not year first: the order of day and month, names, clocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pipeline_code.core.tables import Connection, literal
from pipeline_code.core.text_values import time_value

_TRIED_ROWS: Final = 2_000
_CLOCKS: Final = (
    "",
    " %H:%M",
    " %H:%M:%S",
    " %H:%M:%S.%f",
    "T%H:%M",
    "T%H:%M:%S",
    ", %H:%M",
    ", %H:%M:%S",
    " %I:%M %p",
    " %I:%M:%S %p",
    " %H:%M:%S %z",
)
_NAMED: Final = (
    *("%d %b %Y", "%d-%b-%Y", "%d/%b/%Y", "%d.%b.%Y", "%d-%b-%y", "%d %b %y"),
    *("%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%Y.%m.%d"),
)
_MAYBE: Final = (
    r"\s*([0-9]{1,4}|[A-Za-z]{3,9})[ ./-]{1,2}([0-9]{1,2}|[A-Za-z]{3,9})[ ,./-]{1,2}[0-9].*"
)
_NUMERIC: Final = r"\s*[0-9]{1,2}([./-])[0-9]{1,2}[./-]([0-9]{4}|[0-9]{2})\b.*"


@dataclass(frozen=True)
class TimeWriting:
    """How a column writes times.

    Attributes:
        formats: as `core.data_contract.Column` takes them, one for each kind of clock.
        count: drawn rows that are written so.
        other: the same with day and month changed, if all values could be read so, too.
        why: what spoke for this order where ``other`` is there.
    """

    formats: tuple[str, ...]
    count: int
    other: tuple[str, ...] = ()
    why: str = ""


def written_times(database: Connection, values: str, *, enough: float) -> TimeWriting | None:
    """Find the formats in which nearly all values are times; None where there are none.

    Args:
        database: where the values are.
        values: SQL of a relation with the column ``v`` of texts.
        enough: how many of them must be times.
    """
    looks = f"count(*) filter (regexp_full_match(v, {literal(_MAYBE)}))"
    query = f"select {looks} from {values}"  # noqa: S608
    if not enough or database.execute(query).fetchall()[0][0] < enough:
        return None
    found = [
        (formats, _count(database, values, formats))
        for day in (*_numeric(database, values), *_NAMED)
        if (formats := _with_clocks(database, values, day))
    ]
    whole = [one for one in found if one[1] >= enough]
    if not whole:
        return None
    most = max(count for _, count in whole)
    best = [formats for formats, count in whole if count == most]
    if len(best) == 1 or best[0][0][:2] != "%d" or best[1][0][:2] != "%m":
        return TimeWriting(best[0], most)
    return _decide(database, values, best[0], best[1], most)


def _decide(
    database: Connection, values: str, day: tuple[str, ...], month: tuple[str, ...], count: int
) -> TimeWriting:
    """Choose between day first and month first where every value can be read both ways."""
    first, second = database.execute(
        f"select count(distinct day({time_value('v', day)})), "  # noqa: S608
        f"count(distinct day({time_value('v', month)})) from {values}"
    ).fetchall()[0]
    if second == 1 < first:
        return TimeWriting(month, count, day, "the second number is the same everywhere")
    if first == 1 < second:
        return TimeWriting(day, count, month, "the first number is the same everywhere")
    return TimeWriting(day, count, month, "nothing in the file tells, and most of the world does")


def _numeric(database: Connection, values: str) -> tuple[str, ...]:
    """List the formats of numbers alone, by the sign between them and the digits of the year."""
    sign = f"regexp_extract(v, {literal(_NUMERIC)}, 1)"
    is_long = f"length(regexp_extract(v, {literal(_NUMERIC)}, 2)) > 2"
    row = database.execute(
        f"select {sign} as sign, {is_long} as is_long, count(*) as n from {values} "  # noqa: S608
        f"where regexp_full_match(v, {literal(_NUMERIC)}) "
        "group by all order by n desc, sign limit 1"
    ).fetchone()
    if row is None:
        return ()
    sign, year = row[0], "%Y" if row[1] else "%y"
    return (f"%d{sign}%m{sign}{year}", f"%m{sign}%d{sign}{year}")


def _with_clocks(database: Connection, values: str, day: str) -> tuple[str, ...]:
    """List the formats of a day with the clocks that occur among the first values."""
    counts = ", ".join(f"count({time_value('v', [day + clock])})" for clock in _CLOCKS)
    row = database.execute(
        f"select {counts} from (from {values} limit {_TRIED_ROWS})"  # noqa: S608
    ).fetchall()[0]
    return tuple(day + clock for clock, rows in zip(_CLOCKS, row, strict=True) if rows)


def _count(database: Connection, values: str, formats: tuple[str, ...]) -> int:
    query = f"select count({time_value('v', formats)}) from {values}"  # noqa: S608
    return int(database.execute(query).fetchall()[0][0])
