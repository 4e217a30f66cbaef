"""Say how predictions move with the most important features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from pipeline_code.core.figures import short
from pipeline_code.core.partial_dependence import (
    category_grid,
    number_grid,
    partial_dependence,
)
from pipeline_code.steps.explain_examples import value_of
from pipeline_code.steps.predict import Matrix, Model, Vector

FEATURES: Final = 6
_ROWS: Final = 500
_FEWEST_ROWS: Final = 100
_DIGITS: Final = 4
_MISSING: Final = np.full(1, np.nan, dtype=np.float32)


@dataclass(frozen=True)
class Dependence:
    """The mean prediction at points of one feature, and the share of rows nearest to each.

    ``values`` are probabilities or values of the target, in a multiclass problem one list a
    point. ``missing`` is the prediction where the feature is missing and the share of such
    rows; None where there are none.
    """

    feature: str
    kind: str
    grid: tuple[float | str | None, ...]
    values: list[Any]
    rows: tuple[float, ...]
    missing: tuple[Any, float] | None


def dependences(
    model: Model,
    scores: Callable[[Matrix], Vector],
    x: Matrix,
    features: Sequence[str],
    *,
    seed: int,
) -> tuple[Dependence, ...]:
    """Follow the `FEATURES` first ones of ``features``, on at most 500 rows drawn by ``seed``.

    Of many classes it is so many times fewer rows, but at least 100. A feature without a single
    value is left out.
    """
    found = [_dependence(model, scores, x, name, seed) for name in features[:FEATURES]]
    return tuple(one for one in found if one is not None)


def _dependence(
    model: Model, scores: Callable[[Matrix], Vector], x: Matrix, feature: str, seed: int
) -> Dependence | None:
    place = model.features.index(feature)
    column = x[:, place]
    is_category = feature in model.categories
    grid = category_grid(column) if is_category else number_grid(column)
    if not len(grid):
        return None
    absent = float(np.isnan(column).mean())
    asked = np.append(grid, _MISSING) if absent else grid
    rows = max(_FEWEST_ROWS, _ROWS // model.outputs)
    values = _plain(partial_dependence(scores, x, place, asked, seed=seed, rows=rows))
    return Dependence(
        feature=feature,
        kind="category" if is_category else "number",
        grid=tuple(value_of(model, feature, float(point)) for point in grid),
        values=values[: len(grid)],
        rows=tuple(short(share, _DIGITS) for share in _shares(column, grid, is_category)),
        missing=(values[-1], short(absent, _DIGITS)) if absent else None,
    )


def _shares(column: Matrix, grid: Matrix, is_category: bool) -> Vector:
    """Share the rows out: categories by themselves, numbers to the nearest point."""
    known = column[~np.isnan(column)]
    if is_category:
        return np.array([(known == point).sum() for point in grid]) / len(column)
    nearest = np.searchsorted((grid[1:] + grid[:-1]) / 2, known)
    return np.bincount(nearest, minlength=len(grid)) / len(column)


def _plain(values: Vector) -> list[Any]:
    if values.ndim == 1:
        return [short(value, _DIGITS) for value in values]
    return [[short(value, _DIGITS) for value in row] for row in values]
