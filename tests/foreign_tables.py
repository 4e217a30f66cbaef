"""Small tables as another image is given them."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline_code.core.foreign_algorithms import foreign_algorithm
from pipeline_code.steps.foreign_rows import ForeignRows, read_parts
from tests.mixed_tables import mixed_rows, mixed_usecase

ALGORITHMS = ("aws:xgboost", "aws:linear-learner")
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:1"


def foreign_rows(problem: str, algorithm: str, **training: Any) -> ForeignRows:
    """Encode 400 rows to train on and 200 to validate with."""
    usecase = mixed_usecase(problem, algorithm=algorithm, **training)
    foreign = foreign_algorithm(algorithm)
    assert foreign is not None
    rows = {
        name: values.astype(object) if values.dtype.kind == "U" else values
        for name, values in mixed_rows(problem, 600).items()
    }
    parts = [{name: values[part] for name, values in rows.items()} for part in _PARTS]
    return read_parts(parts[0], parts[1], usecase, foreign)


_PARTS = (np.s_[:400], np.s_[400:])
