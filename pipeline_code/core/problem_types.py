"""The types of problem, by their names in ``usecase.yaml``."""

from __future__ import annotations

from typing import Final, Literal

ProblemType = Literal["binary", "multiclass", "regression"]

BINARY: Final = "binary"
MULTICLASS: Final = "multiclass"
REGRESSION: Final = "regression"
