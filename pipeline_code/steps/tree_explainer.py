"""Explain boosted trees: many rows with our tables, few with the booster's own library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pipeline_code.core.tree_ensemble import TreeEnsemble, UnsupportedTreesError
from pipeline_code.core.tree_shap import TreeShap
from pipeline_code.steps.model import Matrix, Vector

_MANY: Final = 200
"""From so many rows on the tables pay: making them takes as long as explaining some hundred."""


class TreeExplainer:
    """The same exact SHAP values from whichever of the two is faster.

    Args:
        native: asks the booster's library; takes any booster.
        read: reads the booster's trees, when they are first needed.
    """

    def __init__(
        self, native: Callable[[Matrix], Vector], read: Callable[[], TreeEnsemble]
    ) -> None:
        self._native = native
        self._read = read
        self._tables: TreeShap | None = None
        self._is_unsupported = False

    def explain(self, x: Matrix) -> Vector:
        """Return SHAP values, shape (n, features + 1), or (n, classes, features + 1)."""
        if len(x) < _MANY or self._is_unsupported:
            return self._native(x)
        if self._tables is None:
            try:
                self._tables = TreeShap(self._read())
            except UnsupportedTreesError:
                self._is_unsupported = True
                return self._native(x)
        return self._tables.values(x)
