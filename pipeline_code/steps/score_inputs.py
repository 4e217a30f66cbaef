"""Say in SQL what a model takes of the columns of a file, and what is wrong with a row of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from pipeline_code.core.contract_check import CheckedColumn, check_column
from pipeline_code.core.data_contract import Column
from pipeline_code.core.encoding import encode
from pipeline_code.core.tables import literal, quoted
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.predict import Matrix, Model
from pipeline_code.steps.score_files import as_number, no_number, plain_text
from pipeline_code.steps.source_kinds import present

_TEXT: Final = "string"


@dataclass(frozen=True)
class History:
    """How to make features of a file that has the source's columns instead.

    The file is then its own history: windows see the rows in it and nothing before.
    """

    usecase: UseCase
    sql: str

    @property
    def is_plain(self) -> bool:
        """Whether features are columns of the source, as they are."""
        return self.usecase.features.sql is None


def given_inputs(
    source: Path, columns: Mapping[str, str], model: Model, history: History | None
) -> list[CheckedColumn]:
    """Take features from a file that has them all.

    Those that are columns of the source are read and checked by the contract, as Prepare does.
    """
    return [
        _contracted(source, columns[name], model, name, history)
        or _as_given(columns[name], model, name)
        for name in model.features
    ]


def contract_column(
    source: Path, name: str, kind: str, promised: Column, usecase: UseCase
) -> CheckedColumn:
    """Read a column of the contract as Prepare does."""
    raw, found = quoted(name), kind
    if kind == "JSON":
        raw, found = f"({raw} ->> '$')", "VARCHAR"
    if found == "VARCHAR":
        raw = present(raw, usecase.source.missing)
    written = promised.written(usecase.source)
    return check_column(name, written, raw=raw, found=found, dataset=str(source))


def model_type(model: Model, name: str) -> str:
    """Name the SQL type of a feature on its way to the model."""
    return "varchar" if name in model.categories else "float"


def input_matrix(model: Model, columns: Mapping[str, Any]) -> Matrix:
    """Stack columns as a query gives them, texts by their codes; NaN where a value is missing."""
    matrix = np.empty((len(columns[model.features[0]]), len(model.features)), dtype=np.float32)
    for place, name in enumerate(model.features):
        values = columns[name]
        if name in model.categories:
            # As a list, what is masked is None.
            texts = np.array(values.tolist(), dtype=object)
            matrix[:, place] = encode(texts, model.categories[name])
        else:
            matrix[:, place] = np.ma.filled(values.astype(np.float32), np.nan)
    return matrix


def _contracted(
    source: Path, kind: str, model: Model, name: str, history: History | None
) -> CheckedColumn | None:
    """Read a feature that is a column of the source; None where it is none."""
    promised = history.usecase.contract.columns.get(name) if history and history.is_plain else None
    if history is None or promised is None:
        return None
    if (promised.type == _TEXT) != (name in model.categories):
        return None  # the contract has changed since the model was trained
    checked = contract_column(source, name, kind, promised, history.usecase)
    if promised.type == _TEXT:
        return checked
    value = f"try_cast({checked.value} as float)"
    large = f"{checked.value} is not null and ({value} is null or not isfinite({value}))"
    too_large = f"case when {large} then {literal(f'{name} is not a finite number')} end"
    return CheckedColumn(name, value, f"coalesce({checked.reason}, {too_large})")


def _as_given(kind: str, model: Model, name: str) -> CheckedColumn:
    if name not in model.categories:
        return CheckedColumn(name, as_number(name, kind), no_number(name, kind))
    if kind == "JSON":
        nested = f"json_type({quoted(name)}) in ('ARRAY', 'OBJECT')"
    else:
        nested = str(kind.endswith(("]", ")")) and not kind.startswith("DECIMAL")).lower()
    reason = f"case when {nested} then {literal(f'{name} is not a text')} end"
    return CheckedColumn(name, f"nullif({_cell(name, kind)}, '')", reason)


def _cell(name: str, kind: str) -> str:
    """Write the SQL of a text, whose blanks are its own."""
    return quoted(name) if kind == "VARCHAR" else plain_text(name, kind)
