"""Decide what type each column has, by the rows that were drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pipeline_code.core import data_contract
from pipeline_code.core.contract_check import check_column
from pipeline_code.core.data_contract import ColumnType
from pipeline_code.core.tables import Connection, literal
from pipeline_code.steps.discovery.errors import DiscoveryError
from pipeline_code.steps.discovery.reading import SAMPLE, Column

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

_NATIVE: Final = {"BOOLEAN": "boolean", "DATE": "timestamp"}
_PATTERNS: Final = {
    "padded": r"[+-]?0[0-9]+",
    "commas": r"\s*[+-]?([0-9]{1,3}(\.[0-9]{3})+|[0-9]+),[0-9]+\s*",
    "thousands": r"\s*[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?\s*",
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

    @property
    def name(self) -> str:
        """The column's name in the source."""
        return self.column.name


def see_columns(database: Connection, columns: Iterable[Column]) -> tuple[Seen, ...]:
    """Decide the type of every column.

    Raises:
        DiscoveryError: if numbers are written with decimal commas; all such columns are named.
    """
    seen = tuple(
        _text(database, column) if column.type == "VARCHAR" else _native(database, column)
        for column in columns
    )
    comma = [one.name for one in seen if one.why == "decimal commas"]
    if comma:
        raise DiscoveryError(
            f"{', '.join(comma)}: numbers with a comma, like 12,50 or 1,000, cannot be read; "
            "allowed: 12.50 and 1000; write the file anew with decimal points"
        )
    return seen


def without_markers(text: str, markers: Iterable[str]) -> str:
    """Write the SQL of a text that is NULL where it stands for a missing value, as Prepare does."""
    listed = ", ".join(map(literal, markers))
    if not listed:
        # Never the bare column: DuckDB would push a cast of it down into its CSV reader, where the
        # first value that does not convert is an error.
        return f"nullif({text}, chr(1))"
    return f"(case when trim({text}) not in ({listed}) then {text} end)"


def readable(name: str, kind: ColumnType, *, raw: str, found: str) -> str:
    """Write the SQL of a value as Prepare reads it, NULL where it cannot."""
    promised = data_contract.Column(type=kind, nullable=True)
    return check_column(name, promised, raw=raw, found=found, dataset="the file").value


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


def _text(database: Connection, column: Column) -> Seen:
    """Judge a column of text by what its values look like."""
    markers = _markers(database, column.drawn)
    counts = _count(database, column, markers)
    kind, why = _decide(counts)
    if kind == "string":
        markers = tuple(text for text in markers if text.lower() in MARKERS)
        counts = _count(database, column, markers)
    problem = why if why.startswith(("dates", "nested")) else ""
    return Seen(
        column,
        kind,
        why,
        markers=markers,
        rows=int(counts["rows"]),
        filled=int(counts["rest"]),
        distinct=int(counts["distinct"]),
        longest=int(counts["longest"] or 0),
        words=float(counts["words"] or 0),
        is_whole=counts["integer"] == counts["rest"],
        problem=problem,
    )


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
            for kind in ("integer", "number", "timestamp")
        },
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
    commas = counts["commas"] + counts["integer"]
    thousands = counts["thousands"] + counts["number"]
    if (counts["commas"] and commas >= enough) or (counts["thousands"] and thousands >= enough):
        return "string", "decimal commas"
    if counts["dates"] >= enough:
        return "string", "dates that are not written year first, like 2026-11-24"
    if counts["nested"] >= enough:
        return "string", "nested lists or objects"
    return "string", "text"


def _share(what: str, count: float, rest: float) -> str:
    if count == rest:
        return f"all {what}"
    return f"{what}, but for {rest - count:,.0f} of {rest:,.0f} drawn values"
