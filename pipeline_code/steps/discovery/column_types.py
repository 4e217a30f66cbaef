"""Decide what type each column has, by the rows that were drawn."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pipeline_code.core import data_contract
from pipeline_code.core.contract_check import check_column
from pipeline_code.core.data_contract import ColumnType
from pipeline_code.core.tables import Connection, literal
from pipeline_code.steps.discovery.reading import SAMPLE, Column
from pipeline_code.steps.discovery.sentinels import Sentinel, find_sentinels
from pipeline_code.steps.discovery.written_numbers import (
    NumberWriting,
    common_writing,
    written_numbers,
)
from pipeline_code.steps.discovery.written_times import TimeWriting, written_times

MARKERS: Final = ("", "?", "na", "n/a", "<na>", "null", "nan", "#n/a")
"""Cells that stand for a missing value wherever they are, whatever their capitals.

A cell without any character is missing anyway; the first one here is a cell of blanks."""
MARKERS_AMONG_NUMBERS: Final = (
    *("-", "--", ".", "*", "none", "nil", "unknown", "missing", "n.a."),
    *("#value!", "#div/0!", "inf", "-inf"),
)
"""Cells that do so only where the rest of the column is no text."""

MOST_BROKEN: Final = 0.005
"""The share of values of another type that a column may have; it is half an error budget."""

_FIRST_YEAR: Final = 1000
_NATIVE: Final = {"BOOLEAN": "boolean", "DATE": "timestamp"}
_PATTERNS: Final = {
    "padded": r"[+-]?0[0-9]+",
    "points": r".*\..*",
    "groups": r"\s*[+-]?[1-9][0-9]{0,2}(\.[0-9]{3})+\s*",
    "digits": r".*[0-9].*",
    "dates": r"[0-9]{1,2}[./-][0-9]{1,2}[./-]([0-9]{4}|[0-9]{2})([ T].*)?",
    "booleans": r"(?i)true|false",
    "nested": r"\s*[\[{].*[\]}]\s*",
}


@dataclass(frozen=True)
class Seen:
    """What the drawn rows show of one column.

    Attributes:
        type: what the contract can promise of it; None where it cannot be read at all.
        why: what spoke for the type.
        markers: the cells, without blanks around them, that stand for missing values.
        rows: drawn rows.
        filled: rows with a value.
        distinct: different values.
        longest: characters of the longest value.
        words: words of a value on average.
        is_whole: whether a number is never a fraction.
        problem: what is wrong with it, where it has to be left out.
        settings: how its values are written, and what stands for a missing one, as
            `core.data_contract.Column` takes it.
        doubt: what could be meant otherwise, for a person to look at.
        is_open: whether `doubt` is of the sign between thousands, which other columns may settle.
        alternative: the settings of the other reading, of dates that have two.
        has_points: whether a point stands in its numbers.
        sentinels: numbers that may stand for a missing value.
    """

    column: Column
    type: ColumnType | None
    why: str
    markers: tuple[str, ...] = ()
    rows: int = 0
    filled: int = 0
    distinct: int = 0
    longest: int = 0
    words: float = 0.0
    is_whole: bool = False
    problem: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    doubt: str = ""
    is_open: bool = False
    alternative: Mapping[str, Any] = field(default_factory=dict)
    has_points: bool = False
    sentinels: tuple[Sentinel, ...] = ()

    @property
    def name(self) -> str:
        """The column's name in the source."""
        return self.column.name


def see_columns(
    database: Connection,
    columns: Iterable[Column],
    *,
    delimiter: str | None = None,
    without: Collection[str] = (),
) -> tuple[Seen, ...]:
    """Decide the type of every column.

    Args:
        database: where the drawn rows are.
        columns: of the table.
        delimiter: between the cells of CSV; where it is a comma, one in a number hardly parts a
            fraction.
        without: columns in which no number stands for a missing value.
    """
    prefers_comma = delimiter == ";"
    seen = [
        _text(database, column, prefers_comma=prefers_comma)
        if column.type == "VARCHAR"
        else _native(database, column)
        for column in columns
    ]
    seen = [_in_one_order(one, seen) for one in _settled(database, seen)]
    return _with_sentinels(database, seen, without)


def _settled(database: Connection, seen: list[Seen]) -> list[Seen]:
    """Read numbers that may be meant in two ways as the rest of the file writes them."""
    clear = [one for one in seen if not one.is_open]
    given = [one.settings for one in clear if "decimal" in one.settings]
    if not given and not any(one.type == "number" and one.has_points for one in clear):
        return seen
    comma = common_writing(given)[0] == ","
    settled = []
    for one in seen:
        if one.is_open and (comma or "decimal" in one.settings):
            again = _text(database, one.column, prefers_comma=comma, in_groups=comma)
            sign = "comma" if comma else "point"
            told = again.why.removesuffix(f"; {again.doubt}")
            why = f"{told}; as the other columns do, whose decimal sign is a {sign}"
            settled.append(replace(again, why=why, doubt="", is_open=False))
        else:
            settled.append(one)
    return settled


def _in_one_order(one: Seen, seen: Iterable[Seen]) -> Seen:
    """Read dates that may be meant in two ways in the order of the file's other dates."""
    if not one.alternative:
        return one
    orders = {_order(other) for other in seen if other.type == "timestamp" and not other.doubt}
    orders -= {""}
    if len(orders) != 1:
        return one
    settings = one.settings if _order(one) in orders else one.alternative
    why = f"times like {settings['format']}: every date can be read in two ways, the others cannot"
    return replace(one, settings=settings, why=why, doubt="")


def _order(one: Seen) -> str:
    """Say whether a column of numeric dates is day first or month first; empty if neither."""
    formats = one.settings.get("format", "")
    first = str(formats if isinstance(formats, str) else formats[0])
    return first[:2] if first[:2] in ("%d", "%m") and "%b" not in first.lower() else ""


def _with_sentinels(
    database: Connection, seen: Iterable[Seen], without: Collection[str]
) -> tuple[Seen, ...]:
    """Look for numbers that stand for missing values, and take the clear ones for that."""
    values = {
        one.name: value_of(one, drawn_text(one))
        for one in seen
        if one.type in ("integer", "number") and one.name not in without
    }
    found = find_sentinels(database, SAMPLE, list(values.values()))
    made = []
    for one in seen:
        sentinels = found.get(values.get(one.name, ""), ())
        declared = [each.value for each in sentinels if each.is_clear]
        settings = {**one.settings, "missing": declared} if declared else one.settings
        made.append(replace(one, sentinels=sentinels, settings=settings))
    return tuple(made)


def drawn_text(one: Seen) -> str:
    """Write the SQL of a drawn value that is NULL where it stands for a missing one."""
    text = one.column.type == "VARCHAR"
    return without_markers(one.column.drawn, one.markers) if text else one.column.drawn


def without_markers(text: str, markers: Iterable[str]) -> str:
    """Write the SQL of a text that is NULL where it stands for a missing value, as Prepare does."""
    listed = ", ".join(map(literal, markers))
    if not listed:
        # Never the bare column: DuckDB would push a cast of it down into its CSV reader, where the
        # first value that does not convert is an error.
        return f"nullif({text}, chr(1))"
    return f"(case when trim({text}) not in ({listed}) then {text} end)"


def readable(
    name: str,
    kind: ColumnType,
    *,
    raw: str,
    found: str,
    settings: Mapping[str, Any] | None = None,
) -> str:
    """Write the SQL of a value as Prepare reads it, NULL where it cannot."""
    promised = data_contract.Column(type=kind, nullable=True, **(settings or {}))
    return check_column(name, promised, raw=raw, found=found, dataset="the file").value


def value_of(one: Seen, raw: str) -> str:
    """Write the SQL of a value of a column in its type, as Prepare reads it."""
    assert one.type is not None  # noqa: S101 - callers have left such columns out
    return readable(one.name, one.type, raw=raw, found=one.column.type, settings=one.settings)


def _native(database: Connection, column: Column) -> Seen:
    """Take the type that Parquet says."""
    kind = column.type.partition("(")[0]
    if kind.endswith("]") or kind in {"STRUCT", "MAP", "UNION", "BLOB", "VARIANT", "GEOMETRY"}:
        why = f"is nested or binary ({column.type.partition('(')[0].lower()}), no single value"
        return Seen(column, None, why, problem=why)
    drawn = column.drawn
    figures = f"count(*), count({drawn}), count(distinct {drawn})"
    whole = f"bool_and({drawn} = trunc({drawn}))"
    if "INT" in kind and kind != "INTERVAL":
        decided, whole = "integer", "true"
    elif kind in {"FLOAT", "DOUBLE", "DECIMAL"}:
        decided = "number"
    else:
        decided, whole = _NATIVE.get(kind, "string"), "false"
        decided = "timestamp" if kind.startswith("TIMESTAMP") else decided
    rows, filled, distinct, is_whole = database.execute(
        f"select {figures}, {whole} from {SAMPLE}"  # noqa: S608
    ).fetchall()[0]
    return Seen(
        column,
        decided,  # type: ignore[arg-type]
        f"{column.type.lower()} in the file",
        rows=rows,
        filled=filled,
        distinct=distinct,
        is_whole=bool(is_whole),
    )


def _text(
    database: Connection, column: Column, *, prefers_comma: bool, in_groups: bool = False
) -> Seen:
    """Judge a column of text by what its values look like.

    ``in_groups``: whether a point followed by three digits parts thousands.
    """
    markers = _markers(database, column.drawn)
    counts = _count(database, column, markers)
    kind, why = _decide(counts)
    seen = Seen(
        column,
        kind,
        why,
        markers=markers,
        is_whole=counts["integer"] == counts["rest"],
        has_points=bool(counts["points"]),
        is_open=kind == "number" and counts["points"] == counts["groups"],
    )
    if (kind == "string" and counts["digits"]) or (in_groups and seen.is_open):
        seen = _written(database, seen, counts, prefers_comma=prefers_comma, in_groups=in_groups)
    if seen.type == "string":
        markers = tuple(text for text in markers if text.lower() in MARKERS)
        counts = _count(database, column, markers)
        if counts["dates"] >= counts["rest"] * (1 - MOST_BROKEN) > 0:
            seen = replace(seen, why="dates in no single format that is known")
    return replace(
        seen,
        markers=markers,
        rows=int(counts["rows"]),
        filled=int(counts["rest"]),
        distinct=int(counts["distinct"]),
        longest=int(counts["longest"] or 0),
        words=float(counts["words"] or 0),
        problem=seen.why if seen.why.startswith(("dates", "nested")) else "",
    )


def _written(
    database: Connection,
    seen: Seen,
    counts: Mapping[str, float],
    *,
    prefers_comma: bool,
    in_groups: bool,
) -> Seen:
    """See numbers and times that are written otherwise than SQL reads them, if they are that."""
    rest = counts["rest"]
    enough = rest * (1 - MOST_BROKEN)
    if counts["digits"] < enough or counts["padded"] or counts["nested"] >= enough:
        return seen
    values = f"(select {drawn_text(seen)} as v from {SAMPLE} where v is not null)"  # noqa: S608
    numbers = written_numbers(
        database, values, enough=enough, prefers_comma=prefers_comma, in_groups=in_groups
    )
    if numbers is not None:
        return _as_numbers(seen, numbers, rest)
    times = written_times(database, values, enough=enough)
    return seen if times is None else _as_times(seen, times, rest)


def _as_numbers(seen: Seen, found: NumberWriting, rest: float) -> Seen:
    is_whole = found.whole == found.count
    what = _share("whole numbers" if is_whole else "numbers", found.count, rest)
    doubt = ""
    if found.is_open:
        sign = "a fraction" if found.decimal == "," else "thousands"
        doubt = (
            f"1,234 is read with a comma that parts {sign}: no value tells, nor does another "
            "column; if it is meant otherwise, change decimal and thousands"
        )
    return replace(
        seen,
        type="integer" if is_whole else "number",
        why="; ".join(part for part in (f"{what}, {found.words}", doubt) if part),
        is_whole=is_whole,
        settings=found.settings,
        doubt=doubt,
        is_open=found.is_open,
    )


def _as_times(seen: Seen, found: TimeWriting, rest: float) -> Seen:
    what = _share(f"times like {' or '.join(found.formats)}", found.count, rest)
    doubt = ""
    if found.other:
        order = "day" if found.formats[0][:2] == "%d" else "month"
        doubt = (
            f"every date can be read day first and month first; taken as {order} first: "
            f"{found.why}; else write {found.other[0]}"
        )
    return replace(
        seen,
        type="timestamp",
        why="; ".join(part for part in (what, doubt) if part),
        settings=_formats(found.formats),
        alternative=_formats(found.other) if found.other else {},
        doubt=doubt,
        is_open=False,
    )


def _formats(formats: tuple[str, ...]) -> dict[str, Any]:
    return {"format": formats[0] if len(formats) == 1 else list(formats)}


def _markers(database: Connection, drawn: str) -> tuple[str, ...]:
    """List what stands for missing values, however it is written, without blanks around it."""
    known = ", ".join(map(literal, (*MARKERS, *MARKERS_AMONG_NUMBERS)))
    rows = database.execute(
        f"select distinct trim({drawn}) from {SAMPLE} "  # noqa: S608
        f"where lower(trim({drawn})) in ({known}) order by 1"
    ).fetchall()
    return tuple(str(row[0]) for row in rows)


def _count(database: Connection, column: Column, markers: Iterable[str]) -> dict[str, float]:
    """Count the values that look like each type."""
    parts = {
        "rows": "count(*)",
        "rest": "count(v)",
        "distinct": "count(distinct v)",
        "longest": "max(length(v))",
        "words": "avg(len(string_split(trim(v), ' ')))",
        **{
            kind: f"count({readable(column.name, kind, raw='v', found='VARCHAR')})"
            for kind in ("integer", "number")
        },
        # Read year first, 31-12-25 is a day of the year 31.
        "timestamp": f"count(*) filter (year({_plain_time(column.name)}) >= {_FIRST_YEAR})",
        **{
            name: f"count(*) filter (regexp_full_match(v, {literal(pattern)}))"
            for name, pattern in _PATTERNS.items()
        },
    }
    value = without_markers(column.drawn, markers)
    row = database.execute(
        f"select {', '.join(parts.values())} from (select {value} as v from {SAMPLE})"  # noqa: S608
    ).fetchall()[0]
    return dict(zip(parts, row, strict=True))


def _plain_time(name: str) -> str:
    return readable(name, "timestamp", raw="v", found="VARCHAR")


def _decide(counts: dict[str, float]) -> tuple[ColumnType, str]:
    """Choose the narrowest type that nearly every value has."""
    rest = counts["rest"]
    enough = rest * (1 - MOST_BROKEN)
    if not rest:
        return "string", "no value at all"
    if counts["integer"] >= enough:
        if counts["padded"]:
            return "string", "digits with leading zeros are codes, not numbers"
        return "integer", _share("whole numbers", counts["integer"], rest)
    if counts["number"] >= enough:
        return "number", _share("numbers", counts["number"], rest)
    if counts["timestamp"] >= enough:
        return "timestamp", _share("dates or times", counts["timestamp"], rest)
    if counts["booleans"] >= enough:
        return "boolean", _share("true or false", counts["booleans"], rest)
    if counts["nested"] >= enough:
        return "string", "nested lists or objects"
    return "string", "text"


def _share(what: str, count: float, rest: float) -> str:
    if count == rest:
        return f"all {what}"
    return f"{what}, but for {rest - count:,.0f} of {rest:,.0f} drawn values"
