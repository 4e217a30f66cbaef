"""Say in SQL which label a row has, and which number a model learns instead of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pipeline_code.core.data_contract import Column
from pipeline_code.core.problem import Problem, label_text
from pipeline_code.core.problem_types import BINARY, MULTICLASS
from pipeline_code.core.tables import literal

INTEGERS: Final = frozenset(
    f"{sign}{size}INT" for sign in ("", "U") for size in ("", "TINY", "SMALL", "BIG", "HUGE")
) | {"INTEGER", "UINTEGER"}
"""DuckDB's types of whole numbers."""

_FLOATS = ("DOUBLE", "FLOAT", "DECIMAL")


def label_sql(value: str, sql_type: str) -> str:
    """Write the SQL of a label as text, as `core.problem.label_text` writes it.

    Args:
        value: SQL of the label.
        sql_type: its DuckDB type.
    """
    if sql_type.startswith(_FLOATS):
        whole = f"cast(try_cast({value} as bigint) as varchar)"
        return (
            f"case when {value} = trunc({value}) and {whole} is not null then {whole} "
            f"else cast({value} as varchar) end"
        )
    text = f"cast({value} as varchar)"
    return text if sql_type in INTEGERS or sql_type == "BOOLEAN" else f"trim({text})"


def label_place(value: str, sql_type: str, labels: Sequence[str]) -> str:
    """Write the SQL of the place of a label among others, from 0; NULL where it is none of them.

    Whole numbers are compared as numbers, which takes a tenth of the time.
    """
    if sql_type in INTEGERS:
        label = value
        names = {place: name for place, name in enumerate(labels) if _is_whole(name)}
    else:
        label = label_sql(value, sql_type)
        names = {place: literal(name) for place, name in enumerate(labels)}
    cases = " ".join(f"when {name} then {place}" for place, name in names.items())
    return f"case {label} {cases} end" if cases else "cast(null as integer)"


def labels_of(problem: Problem, column: Column) -> tuple[str, ...] | None:
    """List the labels that a row may have, as text; None where every value is one.

    A binary problem whose contract allows no particular values takes all but the positive label
    as negative.
    """
    if problem.type == MULTICLASS:
        return problem.class_names
    if problem.type == BINARY and column.allowed is not None:
        return tuple(label_text(value).strip() for value in column.allowed)
    return None


def encoded_target(problem: Problem, value: str, sql_type: str) -> str:
    """Write the SQL of the number that is learned; NULL where there is no label of the problem.

    Binary: 1 where the label is the positive one, else 0. Multiclass: the place of the label in
    ``problem.classes``, from 0. Regression: the value.
    """
    if problem.type == BINARY:
        place = label_place(value, sql_type, [label_text(problem.positive)])
        return f"case when {value} is not null then cast({place} is not null as bigint) end"
    if problem.type == MULTICLASS:
        return f"cast({label_place(value, sql_type, problem.class_names)} as bigint)"
    return f"cast({value} as double)"


def _is_whole(name: str) -> bool:
    """Tell whether a label is a whole number as SQL writes it."""
    return name.removeprefix("-").isdecimal() and str(int(name)) == name
