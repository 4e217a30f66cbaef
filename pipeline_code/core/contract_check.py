"""Say in SQL how a source's column becomes what the contract promises, and when it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pipeline_code.core.data_contract import Column, Contract
from pipeline_code.core.errors import PipelineError
from pipeline_code.core.problem import Problem, label_text
from pipeline_code.core.tables import literal, quoted
from pipeline_code.core.target_sql import INTEGERS, label_place, labels_of
from pipeline_code.core.text_values import number_text, time_value

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
_STRAIGHT_TYPES = {
    "integer": "double",
    "number": "double",
    "string": "varchar",
    "timestamp": "timestamptz",
    "boolean": "boolean",
}
_AS_STRAIGHT = {
    "double": INTEGERS | _FLOATS,
    "timestamptz": {"TIMESTAMP", "TIMESTAMP WITH TIME ZONE"},
}
_LARGEST_EXACT = (1 << 53) - 1  # beyond, a double may stand for several whole numbers
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


class Promise(NamedTuple):
    """What a column must be, and the labels that it may have if it is the target of classes."""

    column: Column
    labels: tuple[str, ...] | None


def promise(contract: Contract, problem: Problem | None, name: str) -> Promise:
    """Say what a column must be; the target must be there, whatever the contract allows."""
    column = contract.columns[name]
    if problem is None or name != problem.target:
        return Promise(column, None)
    return Promise(column.model_copy(update={"nullable": False}), labels_of(problem, column))


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

    Text is read strictly: ``1.5`` is no integer (SQL's cast would round it), ``1e3`` is one,
    ``nan`` and ``inf`` are no numbers. Where only some texts are allowed, blanks around one are no
    part of it, as of a label. A time with an offset becomes UTC, a time without one is
    UTC already. What the column names as ``missing`` is missing.

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
    read = _read(raw, found, column)
    if read is None:
        raise UnreadableTypeError(dataset, name, found, column.type)
    value = _known(_trimmed(read, column), column)
    # What stands for a missing value is read, but not known.
    missing = f"{value} is null and {read} is not null" if column.missing else "false"
    rules = [] if column.nullable else [(f"{raw} is null or ({missing})", "is missing")]
    rules.append((f"{raw} is not null and {read} is null", f"is not {_noun(column)}"))
    if column.minimum is not None:
        rules.append((f"{value} < {column.minimum!r}", f"is below {column.minimum:g}"))
    if column.maximum is not None:
        rules.append((f"{value} > {column.maximum!r}", f"is above {column.maximum:g}"))
    if column.allowed is not None:
        names = ", ".join(label_text(one) for one in column.allowed)
        rules.append((f"{value} not in ({_allowed(column)})", f"is not one of {names}"))
    if labels is not None:
        unknown = f"{value} is not null and {_place(value, column, labels)} is null"
        rules.append((unknown, f"is not one of {', '.join(labels)}"))
    cases = " ".join(f"when {broken} then {literal(f'{name} {why}')}" for broken, why in rules)
    return CheckedColumn(name, value, f"case {cases} end")


def straight_type(column: Column) -> str:
    """Name the type as which a reader of text gives a column, to be read on by `straight_value`."""
    return "varchar" if column.is_rewritten else _STRAIGHT_TYPES[column.type]


def is_straight(promised: str, found: str) -> bool:
    """Tell whether a column of a type can be read as the `straight_type` promised."""
    return promised == found.lower() or found in _AS_STRAIGHT.get(promised, ())


def straight_value(column: Column, raw: str, found: str) -> str:
    """Write the SQL of a value in the contract's type, for a column that `is_straight`.

    It fails where `check_column` would find a value that is not of the type; all else is held
    against the contract by `is_broken`.
    """
    return _known(_trimmed(_straight(column, raw, found), column), column)


def _straight(column: Column, raw: str, found: str) -> str:
    if column.is_rewritten and found == _TEXT:
        read = _read(raw, found, column)
        return f"case when {raw} is not null then coalesce({read}, error('is none')) end"
    if column.type != "integer":
        return f"cast({raw} as {sql_type(column)})"
    if found in INTEGERS:
        return f"cast({raw} as bigint)"
    return (
        f"case when {raw} = trunc({raw}) then cast({raw} as bigint) "
        f"when {raw} is not null then error('is no integer') end"
    )


def is_broken(name: str, column: Column, labels: Sequence[str] | None = None) -> str:
    """Write the SQL of an aggregate: whether any value of a column breaks the contract.

    Args:
        name: a column that is in the contract's type already.
        column: what the contract promises.
        labels: if the column is the target of a classification, the labels there may be.
    """
    value = quoted(name)
    rules = [] if column.nullable else [f"count({value}) < count(*)"]
    if column.type in ("number", "timestamp"):  # what is not finite is the least or the largest
        rules.append(f"not (isfinite(min({value})) and isfinite(max({value})))")
    if column.type == "integer":  # which a float, as it may have been, does not hold beyond
        rules.append(f"min({value}) < -{_LARGEST_EXACT} or max({value}) > {_LARGEST_EXACT}")
    if column.minimum is not None:
        rules.append(f"min({value}) < {column.minimum!r}")
    if column.maximum is not None:
        rules.append(f"max({value}) > {column.maximum!r}")
    if column.allowed is not None:
        rules.append(f"bool_or({value} not in ({_allowed(column)}))")
    if labels is not None:
        rules.append(f"bool_or({value} is not null and {_place(value, column, labels)} is null)")
    return " or ".join(f"coalesce({rule}, false)" for rule in rules) or "false"


def absent_column(name: str, column: Column) -> CheckedColumn:
    """Stand for an optional column that one file of the source lacks and another has."""
    return CheckedColumn(name, f"cast(null as {_SQL_TYPES[column.type]})", "cast(null as varchar)")


def sql_type(column: Column) -> str:
    """Name the type in which a column of the contract is kept."""
    return _SQL_TYPES[column.type]


def _read(raw: str, found: str, column: Column) -> str | None:
    """Convert ``raw`` to the promised type, NULL where a value does not convert."""
    kind = "DECIMAL" if found.startswith("DECIMAL") else found
    numeric = kind in INTEGERS or kind in _FLOATS or kind == "DECIMAL"
    if kind == _TEXT and column.is_rewritten:
        if column.type == "timestamp":
            return time_value(raw, column.formats)
        decimal, thousands = column.decimal or ".", column.thousands
        raw = f"({number_text(raw, decimal=decimal, thousands=thousands, unit=column.unit)})"
    match column.type:
        case "integer":
            return _integer(raw, kind) if numeric or kind in {_TEXT, "BOOLEAN"} else None
        case "number":
            if not numeric and kind != _TEXT:
                return None
            number = f"try_cast({raw} as double)"
            return number if kind in INTEGERS else f"case when isfinite({number}) then {number} end"
        case "timestamp":
            return _time(raw, kind) if kind in _TIMES or kind == _TEXT else None
        case "boolean":
            whole = kind in INTEGERS
            return f"try_cast({raw} as boolean)" if whole or kind in {_TEXT, "BOOLEAN"} else None
        case _:
            nested = kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION", "BLOB"))
            return None if nested else f"cast({raw} as varchar)"


def _known(read: str, column: Column) -> str:
    """Write the SQL of a value that is NULL where it stands for a missing one."""
    if not column.missing:
        return read
    return f"case when {read} not in ({_sentinels(column)}) then {read} end"


def _trimmed(read: str, column: Column) -> str:
    """Write the SQL of a value without the blanks around it, where only some texts are allowed."""
    return f"trim({read})" if column.type == "string" and column.allowed is not None else read


def _allowed(column: Column) -> str:
    """List the allowed values in SQL; texts as labels are written, without blanks around them."""
    allowed = column.allowed or ()
    if column.type == "string":
        return ", ".join(literal(label_text(one).strip()) for one in allowed)
    return ", ".join(_constant(one) for one in allowed)


def _sentinels(column: Column) -> str:
    if column.type == "timestamp":
        return ", ".join(f"timestamp {literal(str(one))}" for one in column.missing)
    return ", ".join(_constant(one) for one in column.missing)


def _noun(column: Column) -> str:
    """Say what a value should have been, and how it should have been written."""
    noun = _NOUNS[column.type]
    if column.formats:
        return f"{noun} like {' or '.join(column.formats)}"
    if not column.is_rewritten:
        return noun
    given = {"thousands": column.thousands, "unit": column.unit}
    parts = [f"decimal {(column.decimal or '.')!r}"]
    parts += [f"{name} {sign!r}" for name, sign in given.items() if sign]
    return f"{noun} written with {', '.join(parts)}"


def _integer(raw: str, kind: str) -> str:
    whole = f"try_cast({raw} as bigint)"
    if kind in _FLOATS or kind == "DECIMAL":
        return f"case when {raw} = trunc({raw}) then {whole} end"
    if kind == _TEXT:
        number = f"try_cast({raw} as double)"
        return f"case when {number} = trunc({number}) then {whole} end"
    return whole


def _time(raw: str, kind: str) -> str:
    if kind == "TIMESTAMP":
        return f"case when isfinite({raw}) then {raw} end"
    # Text goes through the type with a zone, else an offset would be dropped, not applied.
    source = f"try_cast({raw} as timestamptz)" if kind == _TEXT else raw
    return f"case when isfinite({source}) then cast({source} as timestamp) end"


def _place(value: str, column: Column, labels: Sequence[str]) -> str:
    return label_place(value, sql_type(column).upper(), labels)


def _constant(value: float | str) -> str:
    return literal(value) if isinstance(value, str) else repr(value)
