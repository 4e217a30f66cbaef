"""Write rows as an image of others wants them: numbers only, the target first, no header."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code import contract
from pipeline_code.core.errors import PipelineError
from pipeline_code.core.foreign_algorithms import CSV, FEWEST_ROWS, ForeignAlgorithm
from pipeline_code.core.problem_types import REGRESSION
from pipeline_code.core.tables import connect, literal, write_columns
from pipeline_code.core.texts import Table
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.design_matrix import Design
from pipeline_code.steps.targets import require_variety
from pipeline_code.steps.train_task import Sample, Task, fit_encoding, read_sample

_CELLS: Final = 20_000_000
"""Of one file: so many numbers lie in memory at once."""


class FewRowsError(PipelineError, ValueError):
    """There are fewer rows than the algorithm takes at a time."""

    def __init__(self, algorithm: str, rows: int) -> None:
        super().__init__(
            f"{algorithm} learns from {FEWEST_ROWS} rows at a time, and there are {rows} to "
            "train on; name an algorithm of ours under training in usecase.yaml, like linear"
        )


@dataclass(frozen=True)
class ForeignRows:
    """The rows of both parts, and how they are turned into what the image takes.

    Attributes:
        training: rows of shape (n, features), categories by their codes.
        validation: the same.
        task: what is to be learned, with the categories.
        algorithm: what the image wants.
    """

    training: Sample
    validation: Sample
    task: Task
    algorithm: ForeignAlgorithm

    @property
    def design(self) -> Design:
        """The columns of a model that multiplies, fitted on the training rows."""
        usecase = self.task.usecase
        return Design.of(self.training.x, usecase.features.inputs, self.task.categories)

    @property
    def target_unit(self) -> tuple[float, float]:
        """The mean and the standard deviation of a regression's target, else 0 and 1.

        Stochastic gradients need a target of a known size where the image scales nothing.
        """
        if self.algorithm.layout == "codes" or self.task.usecase.problem.type != REGRESSION:
            return 0.0, 1.0
        return float(self.training.y.mean()), float(self.training.y.std())


def read_parts(
    training: Table, validation: Table, usecase: UseCase, algorithm: ForeignAlgorithm
) -> ForeignRows:
    """Fit the encoding on the training rows and encode both parts with it.

    Raises:
        MissingColumnsError, UnusableColumnError, TextColumnError: if a column does not fit.
        EmptySampleError: if a part has no rows.
        SingleClassError, ConstantTargetError: if the training rows show one target only.
        FewRowsError: if they are too few for the algorithm.
    """
    categories = fit_encoding(training, usecase, contract.TRAIN_FILE)
    rows = read_sample(training, usecase, categories, contract.TRAIN_FILE)
    held_out = read_sample(validation, usecase, categories, contract.VALIDATION_FILE)
    require_variety(rows.y, usecase.problem, contract.TRAIN_FILE)
    if algorithm.layout == "columns" and len(rows) < FEWEST_ROWS:
        raise FewRowsError(usecase.training.algorithm, len(rows))
    return ForeignRows(rows, held_out, Task(usecase, categories), algorithm)


def write_parts(
    rows: ForeignRows, training: Path, validation: Path, *, files: int = 1
) -> dict[str, int]:
    """Write both parts, each into its folder, in at least ``files`` files of equal size.

    Rows are shuffled by the use case's seed: a gradient that saw one class for an hour forgets
    the other, and hosts that take a file each need rows of every kind.

    Returns:
        How many rows each part has, and how many columns beside the target.
    """
    generator = np.random.default_rng(rows.task.usecase.training.seed)
    design = rows.design if rows.algorithm.layout == "columns" else None
    width = 0
    for sample, folder in ((rows.training, training), (rows.validation, validation)):
        order = generator.permutation(len(sample))
        count = max(files, math.ceil(sample.x.size / _CELLS))
        for number, places in enumerate(np.array_split(order, count)):
            columns = _columns(sample[places], rows, design)
            width = columns.shape[1] - 1
            _write(columns, folder, number, rows.algorithm.content_type)
    return {"train": len(rows.training), "validation": len(rows.validation), "columns": width}


def _columns(sample: Sample, rows: ForeignRows, design: Design | None) -> NDArray[np.float32]:
    """Put the target before what is learned from, shape (n, 1 + columns)."""
    mean, scale = rows.target_unit
    target = ((sample.y - mean) / scale)[:, None] if scale != 1 else sample.y[:, None]
    wide: Any = sample.x if design is None else design.columns(sample.x)
    if not isinstance(wide, np.ndarray):
        wide = wide.toarray()
    return np.hstack([target, wide]).astype(np.float32)


def _write(columns: NDArray[np.float32], folder: Path, number: int, content_type: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    named = {f"c{place:05d}": np.ascontiguousarray(one) for place, one in enumerate(columns.T)}
    if content_type != CSV:
        write_columns(folder / f"part-{number:03d}.parquet", named)
        return
    file = folder / f"part-{number:03d}.csv"
    with connect() as database:
        database.register("rows_to_write", named)
        database.execute(f"copy (from rows_to_write) to {literal(file)} (format csv, header false)")
