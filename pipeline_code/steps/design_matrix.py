"""How features become the columns of a model that multiplies: numbers, gaps, categories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.encoding import Categories
from pipeline_code.steps.model import Matrix

DENSE_CELLS: Final = 20_000_000
"""Up to so many a table of categories is spread out in full; larger ones keep only their ones."""

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Design:
    """Standardised numbers, a column for each feature with gaps, a column for each category.

    Attributes:
        numbers: the places of the features that are numbers.
        mean: what is taken off each of them; it stands in for a missing value.
        scale: by what it is divided then.
        gaps: the places of those that have missing values in training, but not only such.
        gap_share: how often.
        levels: the places of the categories, and how many columns each has: one a known value,
            one for the others, one for missing ones.
    """

    numbers: Places
    mean: Floats
    scale: Floats
    gaps: Places
    gap_share: Floats
    levels: dict[int, int]

    @classmethod
    def of(cls, x: Matrix, features: tuple[str, ...], categories: Categories) -> Design:
        """Fit the columns on training rows."""
        levels = {
            place: len(categories[name]) + 2
            for place, name in enumerate(features)
            if name in categories
        }
        numbers = np.array([place for place in range(len(features)) if place not in levels], int)
        wide = x[:, numbers].astype(np.float64)
        known = ~np.isnan(wide)
        count = np.maximum(known.sum(axis=0), 1)  # a feature without any value counts as zero
        mean = np.where(known, wide, 0).sum(axis=0) / count
        centred = np.where(known, wide - mean, 0)
        scale = np.sqrt((centred**2).sum(axis=0) / len(centred))
        scale[scale == 0] = 1.0  # a constant feature explains nothing
        share = (~known).mean(axis=0)
        # Missing everywhere says as little as missing nowhere.
        has_gaps = (share > 0) & (share < 1)
        return cls(numbers, mean, scale, numbers[has_gaps], share[has_gaps], levels)

    @property
    def width(self) -> int:
        """How many columns it has."""
        return len(self.numbers) + len(self.gaps) + sum(self.levels.values())

    def columns(self, x: Matrix) -> Any:
        """Spread rows out, shape (n, numbers + gaps + categories); sparse where that is large."""
        wide = x[:, self.numbers].astype(np.float64)
        centred = np.where(np.isnan(wide), 0, wide - self.mean)
        plain = centred / self.scale
        if len(self.gaps):
            plain = np.hstack([plain, np.isnan(x[:, self.gaps]) - self.gap_share])
        if not self.levels:
            return plain
        import scipy.sparse

        ones = [_ones(x[:, place], count) for place, count in self.levels.items()]
        table = scipy.sparse.hstack([scipy.sparse.csr_array(plain), *ones], format="csr")
        return table.toarray() if np.prod(table.shape) <= DENSE_CELLS else table

    def level_share(self, x: Matrix, place: int) -> Floats:
        """Say how often each column of one category is one."""
        count = self.levels[place]
        return np.bincount(level_places(x[:, place], count), minlength=count) / len(x)


def level_places(codes: Matrix, count: int) -> Places:
    """Turn codes into the columns of a category, of which the last is for a missing value."""
    known = np.where(np.isnan(codes), count - 1, codes).astype(np.int64)
    return np.clip(known, 0, count - 1)


def _ones(codes: Matrix, count: int) -> Any:
    import scipy.sparse

    rows = len(codes)
    cells = (np.ones(rows), (np.arange(rows), level_places(codes, count)))
    return scipy.sparse.csr_array(cells, shape=(rows, count))
