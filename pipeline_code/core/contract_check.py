"""Say in SQL how a source's column becomes what the contract promises, and when it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline_code.core.errors import PipelineError
from pipeline_code.core.tables import literal
from pipeline_code.core.target_sql import label_sql
from pipeline_code.core.usecase import Column

_INTEGERS = frozenset(
    f"{sign}{size}INT" for sign in ("", "U") for size in ("", "TINY", "SMALL", "BIG", "HUGE")
) | {"INTEGER", "UINTEGER"}
_FLOATS = frozenset({"FLOAT", "DOUBLE"})
_TIMES = frozenset(
    {"DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"}
    | {f"TIMESTAMP_{unit}" for unit in ("S", "MS", "NS")}
)
_TEXT = "VARCHAR"

_SQL_TYPES = {
    "integer": "bigint",
    "number": "double",
    "string": "varchar",
    "timestamp": "timestamp",
    "boolean": "boolean",
}
_NOUNS = {
    "integer": "an integer of 64 bits",
    "number": "a finite number",
    "string": "text",
    "timestamp": "a time",
    "boolean": "true or false",
}


class UnreadableTypeError(PipelineError, TypeError):
    """A whole column has a type from which the promised one cannot be read."""

    def __init__(self, dataset: str, column: str, found: str, promised: str) -> None:
        super().__init__(
            f"{dataset}: {column} has type {found}, which cannot be read as {promised}; "
            "correct the source, or the column's type under contract in usecase.yaml"
        )


@dataclass(frozen=True)
class CheckedColumn:
    """One column in SQL: its value in the contract's type, and what is wrong with it or NULL."""

    name: str
    value: str
    reason: str


def check_column(
    name: str,
    column: Column,
    *,
    raw: str,
    found: str,
    dataset: str,
    labels: Sequence[str] | None = None,
) -> CheckedColumn:
    """Write the SQL that reads one column of a source and checks it row by row.

    Text is read strictly: ``1.5`` is no integer (SQL's cast would round it), ``nan`` and ``inf``
    are no numbers. A time with an offset becomes UTC, a time without one is UTC already.

    Args:
        name: the column's name in the contract, for the reasons.
        column: what the contract promises.
        raw: SQL of the source's value.
        found: its DuckDB type.
        dataset: names the source in the message of an error.
        labels: if the column is the target of a classification, the labels there may be.

    Raises:
        UnreadableTypeError: if no value of the found type could be read as the promised one.
    """
    value = _read(raw, found, column.type)
    if value is None:
        raise UnreadableTypeError(dataset, name, found, column.type)
    rules = [] if column.nullable else [(f"{raw} is null", "is missing")]
    rules.append((f"{raw} is not null and {value} is null", f"is not {_NOUNS[column.type]}"))
    if column.minimum is not None:
        rules.append((f"{value} < {column.minimum!r}", f"is below {column.minimum:g}"))
    if column.maximum is not None:
        rules.append((f"{value} > {column.maximum!r}", f"is above {column.maximum:g}"))
    if column.allowed is not None:
        allowed = ", ".join(_constant(one) for one in column.allowed)
        names = ", ".join(str(one) for one in column.allowed)
        rules.append((f"{value} not in ({allowed})", f"is not one of {names}"))
    if labels is not None:
        wanted = ", ".join(literal(label) for label in labels)
        unknown = f"{label_sql(value, sql_type(column).upper())} not in ({wanted})"
        rules.append((unknown, f"is not one of {', '.join(labels)}"))
    cases = " ".join(f"when {broken} then {literal(f'{name} {why}')}" for broken, why in rules)
    return CheckedColumn(name, value, f"case {cases} end")


def absent_column(name: str, column: Column) -> CheckedColumn:
    """Stand for an optional column that one file of the source lacks and another has."""
    return CheckedColumn(name, f"cast(null as {_SQL_TYPES[column.type]})", "cast(null as varchar)")


def sql_type(column: Column) -> str:
    """Name the type in which a column of the contract is kept."""
    return _SQL_TYPES[column.type]


def _read(raw: str, found: str, promised: str) -> str | None:
    """Convert ``raw`` to the promised type, NULL where a value does not convert."""
    kind = "DECIMAL" if found.startswith("DECIMAL") else found
    numeric = kind in _INTEGERS or kind in _FLOATS or kind == "DECIMAL"
    match promised:
        case "integer":
            return _integer(raw, kind) if numeric or kind in {_TEXT, "BOOLEAN"} else None
        case "number":
            if not numeric and kind != _TEXT:
                return None
            number = f"try_cast({raw} as double)"
            return (
                number if kind in _INTEGERS else f"case when isfinite({number}) then {number} end"
            )
        case "timestamp":
            return _time(raw, kind) if kind in _TIMES or kind == _TEXT else None
        case "boolean":
            whole = kind in _INTEGERS
            return f"try_cast({raw} as boolean)" if whole or kind in {_TEXT, "BOOLEAN"} else None
        case _:
            nested = kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION", "BLOB"))
            return None if nested else f"cast({raw} as varchar)"


def _integer(raw: str, kind: str) -> str:
    whole = f"try_cast({raw} as bigint)"
    if kind in _FLOATS or kind == "DECIMAL":
        return f"case when {raw} = trunc({raw}) then {whole} end"
    if kind == _TEXT:
        digits = rf"regexp_full_match({raw}, '\s*[+-]?[0-9]+(\.0*)?\s*')"
        return f"case when {digits} then {whole} end"
    return whole


def _time(raw: str, kind: str) -> str:
    if kind == "TIMESTAMP":
        return f"case when isfinite({raw}) then {raw} end"
    # Text goes through the type with a zone, else an offset would be dropped, not applied.
    source = f"try_cast({raw} as timestamptz)" if kind == _TEXT else raw
    return f"case when isfinite({source}) then cast({source} as timestamp) end"


def _constant(value: float | str) -> str:
    return literal(value) if isinstance(value, str) else repr(value)
