"""Turn the columns of a table into what models take, or say which column does not fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.encoding import Categories, encode
from pipeline_code.core.errors import (
    EmptySampleError,
    MissingColumnsError,
    PipelineError,
    SingleClassError,
)
from pipeline_code.core.texts import Column, Table, Texts

Labels = NDArray[np.bool_]

_NONE: Final[Categories] = {}


class UnusableColumnError(PipelineError, ValueError):
    """A column holds values that a model cannot take."""

    def __init__(self, dataset: str, column: str, why: str) -> None:
        super().__init__(
            f"{dataset}: {column} {why}; correct the column in features.sql or at its source"
        )


def feature_matrix(
    columns: Table, features: Sequence[str], dataset: str, categories: Categories = _NONE
) -> NDArray[np.float32]:
    """Stack ``features`` into rows of shape (n, features); a missing value is NaN.

    Args:
        columns: the table.
        features: what to stack, in this order.
        dataset: names the table in a message.
        categories: the known values of those features that are texts; see `core.encoding`.

    Raises:
        MissingColumnsError: if a feature is not there.
        UnusableColumnError: if a feature is of the wrong kind or holds an infinite number.
    """
    require_columns(columns, features, dataset)
    rows = len(columns[features[0]])
    matrix = np.empty((rows, len(features)), dtype=np.float32)
    for index, name in enumerate(features):
        values = columns[name]
        if name in categories:
            if not is_text(values):
                raise UnusableColumnError(dataset, name, "is not a column of text")
            matrix[:, index] = encode(values, categories[name])
            continue
        if isinstance(values, Texts) or values.dtype.kind not in "iufb":
            raise UnusableColumnError(dataset, name, "is not a column of numbers")
        with np.errstate(over="ignore"):  # too large for float32 becomes infinite, seen below
            matrix[:, index] = values
        infinite = int(np.isinf(matrix[:, index]).sum())
        if infinite:
            raise UnusableColumnError(
                dataset, name, f"is infinite or larger than 3.4e38 in {infinite} rows"
            )
    return matrix


def is_text(values: Column) -> bool:
    """Tell whether a column holds texts, coded or not."""
    return isinstance(values, Texts) or values.dtype.kind == "O"


def labels(columns: Table, target: str, dataset: str) -> Labels:
    """Return the target as true and false, shape (n,).

    Raises:
        MissingColumnsError: if the target is not there.
        UnusableColumnError: if a label is missing or is neither 0 nor 1.
    """
    require_columns(columns, [target], dataset)
    values = columns[target]
    if isinstance(values, Texts) or values.dtype.kind not in "iufb":
        raise UnusableColumnError(dataset, target, "is the target and not a column of 0 and 1")
    missing = int(np.isnan(values).sum()) if values.dtype.kind == "f" else 0
    if missing:
        raise UnusableColumnError(dataset, target, f"is the target and missing in {missing} rows")
    odd = values[(values != 0) & (values != 1)]
    if len(odd):
        raise UnusableColumnError(
            dataset, target, f"is the target and {odd[0]} in a row where only 0 and 1 are allowed"
        )
    return values.astype(bool)


def require_both_classes(target: Labels, name: str, dataset: str) -> None:
    """Refuse rows on which nothing can be learned or measured.

    Raises:
        EmptySampleError: if there are no rows.
        SingleClassError: if every row has the same label.
    """
    if len(target) == 0:
        raise EmptySampleError(dataset)
    if target.all() or not target.any():
        raise SingleClassError(dataset, name, int(target[0]))


def require_columns(columns: Table, wanted: Iterable[str], dataset: str) -> None:
    """Refuse a table that lacks a column.

    Raises:
        MissingColumnsError: naming what is missing and what is there.
    """
    missing = set(wanted) - columns.keys()
    if missing:
        raise MissingColumnsError(dataset, missing, columns)
