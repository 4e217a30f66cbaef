"""Cut the test rows by the values of a column, and measure both models on each part."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code import contract
from pipeline_code.core.bootstrap import Interval, Plan
from pipeline_code.core.encoding import OTHER
from pipeline_code.core.slices import Slice, Sliceable, measure_slices
from pipeline_code.core.tables import Columns
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.gate import SlicePair
from pipeline_code.steps.matrix import require_columns

MISSING: Final = "(missing)"

_VALUES: Final = 20  # of one column; rarer ones are one slice together
_SINGLE_NUMBERS: Final = 8  # a column with more different numbers is cut into quarters
_QUARTERS: Final = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class SlicedColumn:
    """To which slice each row belongs, as its place among the names, shape (n,)."""

    column: str
    codes: NDArray[np.int64]
    names: tuple[str, ...]


@dataclass(frozen=True)
class MeasuredSlice:
    """The rows with one value of a column under both models.

    ``interval`` is the challenger's, of the gate's metric; ``reason`` says why it is missing.
    ``rest`` is that metric of all other rows, ``difference`` the slice minus them.
    A metric that these rows do not define is None; a slice that is too small has no metrics.
    """

    column: str
    value: str
    rows: int
    metrics: dict[str, float | None]
    champion: dict[str, float | None] | None
    interval: Interval | None
    too_small: bool
    reason: str
    rest: float | None = None
    difference: Interval | None = None


def codes_of(values: NDArray[Any]) -> NDArray[np.int64]:
    """Number the distinct values of a column; missing ones are one value."""
    if values.dtype.kind != "O":
        return np.unique(values, return_inverse=True)[1].astype(np.int64)
    found = values.tolist()
    places = {value: at for at, value in enumerate(dict.fromkeys(found))}
    return np.fromiter((places[value] for value in found), dtype=np.int64, count=len(found))


def sliced_columns(rows: Columns, usecase: UseCase) -> tuple[SlicedColumn, ...]:
    """Cut the rows by each column under ``evaluation.slices``.

    Texts, truth values and few different numbers make a slice a value, other numbers and times
    one a quarter of the rows; missing values are a slice of their own.

    Raises:
        MissingColumnsError: if a column is not there.
    """
    columns = usecase.evaluation.slices
    require_columns(rows, columns, contract.TEST_FILE)
    return tuple(SlicedColumn(name, *_cut(rows[name])) for name in columns)


def measured_slices(
    columns: Sequence[SlicedColumn],
    challenger: Sliceable,
    champion: Sliceable | None,
    usecase: UseCase,
    plan: Plan,
    overall: Interval | None = None,
) -> tuple[MeasuredSlice, ...]:
    """Measure both models on every slice of every column; ``overall`` is the gate's metric."""
    # The champion's values are compared, not their intervals.
    once = replace(plan, samples=1)
    found = []
    for column in columns:
        ours = _slices(challenger, column, usecase, plan, overall)
        theirs = _slices(champion, column, usecase, once) if champion else [None] * len(ours)
        found += [
            _measured(column.column, *both, usecase) for both in zip(ours, theirs, strict=True)
        ]
    return tuple(found)


def slice_pairs(slices: Sequence[MeasuredSlice], metric: str) -> list[SlicePair]:
    """Return the slices on which both models have a value of the gate's metric."""
    return [
        SlicePair(f"{one.column} {one.value}", one.rows, ours, theirs)
        for one in slices
        if (ours := one.metrics.get(metric)) is not None
        and (theirs := (one.champion or {}).get(metric)) is not None
    ]


def _slices(
    sample: Sliceable,
    column: SlicedColumn,
    usecase: UseCase,
    plan: Plan,
    overall: Interval | None = None,
) -> Sequence[Slice]:
    return measure_slices(
        sample,
        column.codes,
        column.names,
        metric=usecase.gate.metric,
        plan=plan,
        minimum_rows=usecase.evaluation.slice_rows,
        overall=overall,
    )


def _measured(column: str, ours: Slice, theirs: Slice | None, usecase: UseCase) -> MeasuredSlice:
    return MeasuredSlice(
        column=column,
        value=ours.name,
        rows=ours.rows,
        metrics=ours.metrics,
        champion=theirs.metrics if theirs else None,
        interval=ours.interval,
        too_small=ours.rows < usecase.evaluation.slice_rows,
        reason=ours.reason,
        rest=ours.rest,
        difference=ours.difference,
    )


def _cut(values: NDArray[Any]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    if values.dtype.kind == "O":
        return _by_value([MISSING if value is None else str(value) for value in values.tolist()])
    if values.dtype.kind == "b":
        return _by_value(["true" if value else "false" for value in values.tolist()])
    is_missing = np.isnat(values) if values.dtype.kind == "M" else np.isnan(values)
    known = values[~is_missing]
    if len(np.unique(known)) <= _SINGLE_NUMBERS:
        return _by_number(values, is_missing)
    return _by_quarter(values, is_missing)


def _by_value(texts: list[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Order the values by falling number of rows, equally frequent ones by their text."""
    counts = Counter(texts)
    order = sorted(counts, key=lambda text: (-counts[text], text))
    names = order if len(order) <= _VALUES else [*order[: _VALUES - 1], OTHER]
    last = len(names) - 1
    places = {text: min(at, last) for at, text in enumerate(order)}
    codes = np.fromiter((places[text] for text in texts), dtype=np.int64, count=len(texts))
    return codes, tuple(names)


def _by_number(
    values: NDArray[Any], is_missing: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    distinct = np.unique(values[~is_missing])
    codes = np.where(is_missing, len(distinct), np.searchsorted(distinct, values))
    return _with_missing(codes, [_text(one) for one in distinct], is_missing)


def _by_quarter(
    values: NDArray[Any], is_missing: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    known = np.sort(values[~is_missing])
    borders = np.unique(known[[int(share * (len(known) - 1)) for share in _QUARTERS]])
    below = known[known < known[-1]]
    # Where most rows have the largest value, it is told from all others.
    borders = borders[borders < known[-1]] if borders[0] < known[-1] else below[-1:]
    texts = [_text(border) for border in borders]
    names = [f"up to {text}" for text in texts[:1]]
    names += [f"above {low}, up to {high}" for low, high in itertools.pairwise(texts)]
    names += [f"above {text}" for text in texts[-1:]]
    codes = np.where(is_missing, len(names), np.searchsorted(borders, values, side="left"))
    return _with_missing(codes, names, is_missing)


def _with_missing(
    codes: NDArray[Any], names: list[str], is_missing: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    return codes.astype(np.int64), tuple([*names, MISSING] if is_missing.any() else names)


def _text(value: Any) -> str:
    if isinstance(value, np.datetime64):
        return str(value.astype("datetime64[s]")).replace("T", " ").removesuffix(" 00:00:00")
    return f"{value:,.6g}"
