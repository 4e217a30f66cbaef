"""Say in SQL which label a row has, and which number a model learns instead of it."""

from __future__ import annotations

from pipeline_code.core.data_contract import Column
from pipeline_code.core.problem import Problem, label_text
from pipeline_code.core.problem_types import BINARY, MULTICLASS
from pipeline_code.core.tables import literal

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
    return f"trim(cast({value} as varchar))"


def labels_of(problem: Problem, column: Column) -> tuple[str, ...] | None:
    """List the labels that a row may have, as text; None where every value is one.

    A binary problem whose contract allows no particular values takes all but the positive label
    as negative.
    """
    if problem.type == MULTICLASS:
        return problem.class_names
    if problem.type == BINARY and column.allowed is not None:
        return tuple(label_text(value) for value in column.allowed)
    return None


def encoded_target(problem: Problem, value: str, sql_type: str) -> str:
    """Write the SQL of the number that is learned; NULL where there is no label of the problem.

    Binary: 1 where the label is the positive one, else 0. Multiclass: the place of the label in
    ``problem.classes``, from 0. Regression: the value.
    """
    if problem.type == BINARY:
        positive = literal(label_text(problem.positive))
        return f"cast({label_sql(value, sql_type)} = {positive} as bigint)"
    if problem.type == MULTICLASS:
        classes = ", ".join(literal(name) for name in problem.class_names)
        place = f"list_position([{classes}], {label_sql(value, sql_type)})"
        return f"cast(nullif(coalesce({place}, 0), 0) - 1 as bigint)"
    return f"cast({value} as double)"
