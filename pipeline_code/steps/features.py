"""Run a use case's SQL over the accepted rows: one row a row, in types that models take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import duckdb
import numpy as np

from pipeline_code.core.data_hash import ROW, last_sampled, row_digest
from pipeline_code.core.encoding import require_no_text
from pipeline_code.core.errors import MissingColumnsError, PipelineError
from pipeline_code.core.tables import Connection, quoted
from pipeline_code.core.target_sql import encoded_target
from pipeline_code.core.usecase import AS_THEY_ARE, UseCase
from pipeline_code.steps.coded_texts import is_coded
from pipeline_code.steps.quarantine import Intake

FEATURED: Final = "featured"
"""The table of accepted rows with their features and the target as the model learns it."""
NUMBERS: Final = (
    *(f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "BIG")),
    *("INTEGER", "UINTEGER", "FLOAT", "DOUBLE"),
)
"""Types whose values a model takes as they are."""
TEXT: Final = "VARCHAR"

_EXACT = ("DECIMAL", "HUGEINT", "UHUGEINT", "BIGNUM")
_JUDGED_ROWS = 5_000


class FeatureSqlError(PipelineError, ValueError):
    """The use case's SQL fails, or does not give one row a row with the promised columns."""

    def __init__(self, usecase: UseCase, problem: object) -> None:
        reason = " ".join(str(problem).split())[:400]
        name = usecase.features.sql or "the query without features.sql"
        super().__init__(f"{name} of {usecase.name}: {reason}; correct the SQL")


class UnusableFeatureError(PipelineError, TypeError):
    """An input is neither a number nor a category."""

    def __init__(self, name: str, sql_type: str) -> None:
        super().__init__(
            f"features.inputs names {name}, which is of type {sql_type}; a model takes numbers, "
            "booleans and text: make some of it in features.sql, or take it out"
        )


def make_features(database: Connection, usecase: UseCase, sql: str, intake: Intake) -> None:
    """Run the use case's SQL over the accepted rows into the table `FEATURED`.

    It holds the columns of the source, the inputs, what feature groups keep and `ROW`; a boolean
    input is 0 or 1, the target is encoded as `core.target_sql.encoded_target` says. Rows that are
    taken as they are need no copy: then it is a view.

    Args:
        database: holds the accepted rows.
        usecase: names what is wanted.
        sql: reads the table ``transactions``.
        intake: the rows that were accepted, and in which columns.

    Raises:
        FeatureSqlError: if it fails, gives more or fewer rows than it was given, or a row without
            a label.
        MissingColumnsError: if it does not give every column that the use case names.
        UnusableFeatureError: if an input is neither a number nor a category.
        TextColumnError: if an input is free text.
    """
    try:
        query = features_query(database, usecase, sql, intake.columns)
        kind = "view" if sql == AS_THEY_ARE and not usecase.features.joins else "table"
        database.execute(f"create {kind} {FEATURED} as {query}")
        types = {row[0]: row[1] for row in database.execute(f"describe {FEATURED}").fetchall()}
    except duckdb.Error as error:
        raise FeatureSqlError(usecase, error) from error
    _check(database, usecase, intake.rows_out)
    texts = [name for name in usecase.features.inputs if is_text(types[name])]
    if texts:
        _refuse_text(database, texts, intake.rows_out)


def features_query(database: Connection, usecase: UseCase, sql: str, columns: Sequence[str]) -> str:
    """Write the query that runs the use case's SQL and brings its columns into models' types.

    Raises:
        MissingColumnsError: if it does not give every column that the use case names.
        UnusableFeatureError: if an input is neither a number nor a category.
        duckdb.Error: if the SQL fails.
    """
    query = f"(\n{sql.strip().removesuffix(';')}\n)"
    wanted = list(dict.fromkeys((*columns, *usecase.features.inputs, *_group_columns(usecase))))
    types = {row[0]: row[1] for row in database.execute(f"describe from {query}").fetchall()}
    if missing := set(wanted) - types.keys():
        raise MissingColumnsError(usecase.features.sql or "the source", missing, types)
    digest = quoted(ROW) if ROW in types else row_digest(columns)
    as_they_are = sql == AS_THEY_ARE
    values = ", ".join(
        f"{_value(usecase, name, types, as_they_are)} as {quoted(name)}" for name in wanted
    )
    return f"select {values}, {digest} as {ROW} from {query}"  # noqa: S608


def is_text(sql_type: str) -> bool:
    """Tell whether a column holds texts, coded or not."""
    return sql_type == TEXT or is_coded(sql_type)


def order_of_rows(usecase: UseCase) -> str:
    """Write the SQL by which rows are ordered: by time, then by what they say."""
    time = [usecase.split.event_time] if usecase.split.event_time else []
    return ", ".join(quoted(name) for name in (*time, *(usecase.contract.unique or [ROW])))


def _group_columns(usecase: UseCase) -> list[str]:
    return [name for group in usecase.features.groups for name in (group.key, *group.features)]


def _value(usecase: UseCase, name: str, types: Mapping[str, str], as_they_are: bool) -> str:
    column, sql_type = quoted(name), types[name]
    if name == usecase.problem.target:
        return encoded_target(usecase.problem, column, sql_type)
    if sql_type.startswith(_EXACT):
        # Exact decimals, as SQL makes of 0.5 or of a mean, are no numbers for a model.
        return f"cast({column} as double)"
    if name not in usecase.features.inputs or sql_type in (*NUMBERS, TEXT):
        return column
    if sql_type == "BOOLEAN":
        return f"cast({column} as tinyint)"
    if is_coded(sql_type):  # by the source, or in the order of somebody's SQL
        return column if as_they_are else f"cast({column} as varchar)"
    raise UnusableFeatureError(name, sql_type)


def _check(database: Connection, usecase: UseCase, rows: int) -> None:
    target = quoted(usecase.problem.target)
    made, labelled = database.execute(
        f"select count(*), count({target}) from {FEATURED}"  # noqa: S608
    ).fetchall()[0]
    if made != rows:
        raise FeatureSqlError(usecase, f"makes {made:,} rows of {rows:,}")
    if labelled != rows:
        raise FeatureSqlError(
            usecase, f"leaves {rows - labelled:,} rows without a {usecase.problem.target}"
        )


def _refuse_text(database: Connection, names: Sequence[str], rows: int) -> None:
    """Judge a few rows that are chosen by their digests: the same ones whatever the files."""
    columns = ", ".join(quoted(name) for name in names)
    last = last_sampled(rows, _JUDGED_ROWS)
    found = database.execute(
        f"select {columns} from {FEATURED} where {ROW} <= {last} order by {ROW}"  # noqa: S608
    ).fetchall()
    for place, name in enumerate(names):
        require_no_text(name, np.array([row[place] for row in found], dtype=object))
