"""What every algorithm is given beside its rows, and what it gives back."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.encoding import Categories, fewest_rows, fit_categories, require_no_text
from pipeline_code.core.problem_types import MULTICLASS, REGRESSION
from pipeline_code.core.texts import Table
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.checkpoints import Checkpoints
from pipeline_code.steps.matrix import feature_matrix, is_text, require_columns
from pipeline_code.steps.model import Matrix, Model, ModelMetadata
from pipeline_code.steps.peers import Peers
from pipeline_code.steps.targets import Target, target_values, varies

Progress = Callable[[int, int, str], None]
ReportMetric = Callable[[float, int | None], None]

_LIBRARIES: Final = ("numpy",)


@dataclass(frozen=True)
class Sample:
    """Rows to learn from or to measure on: features (n, features) and target (n,)."""

    x: Matrix
    y: Target

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, rows: NDArray[Any]) -> Sample:
        return Sample(self.x[rows], self.y[rows])

    @property
    def varies(self) -> bool:
        """Whether there is anything to learn from, or to stop by."""
        return varies(self.y)


@dataclass(frozen=True)
class Task:
    """The problem that an algorithm is to solve, and whom it tells how far it is.

    ``metric`` takes the gate's metric on the held-out rows so far, and after which round.
    ``checkpoints``: where an algorithm that can be resumed keeps its state; None where nobody
    wants that. ``peers``: the hosts that train together.
    """

    usecase: UseCase
    categories: Categories
    progress: Progress = field(default=lambda *_: None)
    metric: ReportMetric = field(default=lambda *_: None)
    checkpoints: Checkpoints | None = None
    peers: Peers = field(default_factory=Peers)

    @property
    def classes(self) -> int:
        """How many classes a multiclass problem has; 2 in a binary one, 0 in a regression."""
        problem = self.usecase.problem
        return {MULTICLASS: len(problem.classes), REGRESSION: 0}.get(problem.type, 2)

    @property
    def wants_steps(self) -> bool:
        """Whether somebody ends a training that is hopeless halfway."""
        tuning = self.usecase.tuning
        return tuning is not None and tuning.strategy == "hyperband"


@dataclass(frozen=True)
class Fitted:
    """What an algorithm made of its rows.

    ``rounds`` is with how many rounds (trees, epochs) it was best, None where there are none;
    ``record`` is what else it has to say.
    """

    model: Model
    rounds: int | None = None
    record: dict[str, Any] = field(default_factory=dict)


class Learner(Protocol):
    """An algorithm: the same rows, settings and seed give the same model."""

    def __call__(
        self, rows: Sample, held_out: Sample, task: Task, *, rounds: int | None = None
    ) -> Fitted:
        """Train on ``rows``; ``held_out`` rows, where there are any, say when to stop.

        With ``rounds`` given, exactly so many are trained and nothing is held out.
        """


def fit_encoding(training: Table, usecase: UseCase, dataset: str) -> Categories:
    """Fit the categories of every feature that is a text, on training rows.

    Raises:
        MissingColumnsError: if a feature is not there.
        TextColumnError: if one is free text.
    """
    settings = usecase.features
    require_columns(training, settings.inputs, dataset)
    found = {}
    for name in settings.inputs:
        values = training[name]
        if is_text(values):
            require_no_text(name, values)
            minimum = fewest_rows(settings.category_rows, len(values))
            found[name] = fit_categories(values, most=settings.categories, minimum_rows=minimum)
    return found


def read_sample(columns: Table, usecase: UseCase, categories: Categories, dataset: str) -> Sample:
    """Turn a part of the split into what algorithms take.

    Raises:
        MissingColumnsError, UnusableColumnError: if a column does not fit.
    """
    return Sample(
        x=feature_matrix(columns, usecase.features.inputs, dataset, categories),
        y=target_values(columns, usecase.problem, dataset),
    )


def joined(one: Sample, other: Sample) -> Sample:
    """Put the rows of ``other`` below those of ``one``."""
    return Sample(np.vstack([one.x, other.x]), np.concatenate([one.y, other.y]))


def row_weights(sample: Sample, task: Task) -> NDArray[np.float64] | None:
    """Weigh rows so that every class counts the same; None where rows count as they are.

    Source: the ``balanced`` class weights of scikit-learn: n / (classes * rows of the class),
    after King and Zeng, *Logistic Regression in Rare Events Data*, Political Analysis 9 (2001).
    """
    if task.usecase.training.class_weight != "balanced" or not task.classes:
        return None
    rows = np.bincount(sample.y.astype(np.int64), minlength=task.classes)
    present = np.maximum(rows, 1)  # a class without rows has no row to weigh
    weights: NDArray[np.float64] = len(sample) / (np.count_nonzero(rows) * present)
    return weights[sample.y.astype(np.int64)]


def describe(
    task: Task,
    algorithm: str,
    *,
    settings: tuple[str, ...],
    libraries: tuple[str, ...],
    weights: str,
    rounds: int | None = None,
    extra: dict[str, Any] | None = None,
) -> ModelMetadata:
    """Write what a model is; the threshold, the probe and the hashes come later.

    Args:
        task: what it solves.
        algorithm: the class of the model, see `pipeline_code.steps.predict.KINDS`.
        settings: which settings of ``training`` it read.
        libraries: which distributions made it.
        weights: the name of its file.
        rounds: how many rounds it has.
        extra: hyperparameters that stand nowhere in the settings.
    """
    usecase = task.usecase
    problem = usecase.problem
    read = {name: getattr(usecase.training, name) for name in settings}
    return ModelMetadata(
        algorithm=algorithm,
        usecase=usecase.name,
        problem=problem.type,
        features=usecase.features.inputs,
        categories={name: tuple(values) for name, values in task.categories.items()},
        missing=_sentinels(usecase),
        target=problem.target,
        positive_label=problem.positive,
        classes=problem.class_names,
        threshold=0.5,
        costs=usecase.costs,
        hyperparameters={**read, **(extra or {})},
        best_iteration=None if rounds is None else rounds - 1,
        libraries=library_versions((*_LIBRARIES, *libraries)),
        weights=weights,
        weights_hash="",
    )


def _sentinels(usecase: UseCase) -> dict[str, tuple[float, ...]]:
    """List the numbers that stand for missing values, of features that are columns as they are.

    Prepare has made them missing in every row that is learned from; a row that is sent to the
    model has them still. What SQL makes of a column is another quantity, whatever its name.
    """
    if usecase.features.sql is not None:
        return {}
    columns = dict(usecase.contract.columns)
    for join in usecase.features.joins:
        columns |= {f"{join.name}_{name}": one for name, one in join.contract.columns.items()}
    return {
        name: tuple(float(value) for value in columns[name].missing)
        for name in usecase.features.inputs
        if columns[name].missing
    }


def library_versions(distributions: tuple[str, ...]) -> dict[str, str]:
    """Tell which versions are installed, of those that are."""
    found = {}
    for name in distributions:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # xgboost is packaged under one of two names
    return found
