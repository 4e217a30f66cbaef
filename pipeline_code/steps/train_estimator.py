"""Train an estimator of scikit-learn that the use case names by its import path."""

from __future__ import annotations

import importlib
import inspect
import warnings
from typing import Any, Final

import numpy as np

from pipeline_code.core.errors import PipelineError
from pipeline_code.core.learning_settings import SKLEARN
from pipeline_code.core.problem_types import MULTICLASS, REGRESSION
from pipeline_code.steps.estimator_model import ESTIMATOR_FILE, INPUT, EstimatorModel
from pipeline_code.steps.model import Matrix, Vector
from pipeline_code.steps.train_task import Fitted, Sample, Task, describe, row_weights

SETTINGS: Final = ("seed",)

_OPSET: Final = 17
_COMPARED_ROWS: Final = 2_000
_CLOSE: Final = 1e-3
_ODD_ROWS: Final = 0.01
"""A number that lies on a split may fall to the other side as float32: few rows may."""
_STEP: Final = "estimator"


class UnusableEstimatorError(PipelineError, ValueError):
    """An estimator cannot be found, made, fitted or kept."""

    def __init__(self, algorithm: str, why: object) -> None:
        reason = " ".join(str(why).split()).removesuffix(".")
        super().__init__(
            f"training.algorithm {algorithm} {reason}; correct it or training.parameters in "
            "usecase.yaml, or choose another algorithm"
        )


def fit_estimator(
    rows: Sample,
    held_out: Sample,  # noqa: ARG001 - an estimator stops by itself
    task: Task,
    *,
    rounds: int | None = None,  # noqa: ARG001
) -> Fitted:
    """Fit an estimator; see `Learner`.

    It is given numbers that are standardised, a missing one as the median, and a column a
    category. It is kept as ONNX, without pickle, so it must be one that can be converted.

    Raises:
        UnusableEstimatorError: if it is not there, takes other parameters, does not fit the
            type of problem or cannot be kept.
    """
    algorithm = task.usecase.training.algorithm
    estimator = make_estimator(task)
    pipeline = _pipeline(estimator, rows, task)
    target = rows.y.astype(np.int64) if task.classes else rows.y
    if task.classes and len(np.unique(target)) < task.classes:
        raise UnusableEstimatorError(algorithm, "needs training rows of every class")
    weights = row_weights(rows, task)
    given = {} if weights is None else {f"{_STEP}__sample_weight": weights}
    task.progress(0, 1, "training")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the estimator's own: it is fitted as asked
            pipeline.fit(rows.x, target, **given)
    except (TypeError, ValueError) as error:
        raise UnusableEstimatorError(algorithm, f"cannot be fitted: {error}") from error
    content = _converted(pipeline, rows.x[:1], algorithm)
    parameters = {name: _plain(value) for name, value in task.usecase.training.parameters.items()}
    metadata = describe(
        task,
        SKLEARN.removesuffix(":"),
        settings=SETTINGS,
        libraries=("scikit-learn", "skl2onnx"),
        weights=ESTIMATOR_FILE,
        extra={"estimator": algorithm.removeprefix(SKLEARN), **parameters},
    )
    model = EstimatorModel(metadata, content)
    _require_close(pipeline, model, rows.x, algorithm)
    task.progress(1, 1, "training")
    return Fitted(model)


def make_estimator(task: Task) -> Any:
    """Import and make the estimator, or say why that cannot be.

    Raises:
        UnusableEstimatorError: see `fit_estimator`.
    """
    algorithm = task.usecase.training.algorithm
    module, _, name = algorithm.removeprefix(SKLEARN).rpartition(".")
    try:
        kind = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise UnusableEstimatorError(algorithm, f"cannot be imported: {error}") from error
    if not inspect.isclass(kind) or not hasattr(kind, "fit"):
        raise UnusableEstimatorError(algorithm, "is no class with a method fit")
    parameters = dict(task.usecase.training.parameters)
    taken = inspect.signature(kind).parameters
    if "random_state" in taken:
        parameters.setdefault("random_state", task.usecase.training.seed)
    try:
        estimator = kind(**parameters)
    except (TypeError, ValueError) as error:
        known = ", ".join(taken)
        raise UnusableEstimatorError(algorithm, f"{error}; it takes {known}") from error
    wanted = "predict_proba" if task.classes else "predict"
    if not hasattr(estimator, wanted) or (not task.classes and hasattr(estimator, "predict_proba")):
        raise UnusableEstimatorError(
            algorithm,
            f"has no {wanted}, which a {task.usecase.problem.type} problem needs"
            if not hasattr(estimator, wanted)
            else "is a classifier, and the problem is a regression",
        )
    return estimator


def _pipeline(estimator: Any, rows: Sample, task: Task) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline, make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    names = task.usecase.features.inputs
    categories = [place for place, name in enumerate(names) if name in task.categories]
    numbers = [place for place in range(rows.x.shape[1]) if place not in categories]
    parts: list[tuple[str, Any, list[int]]] = []
    if numbers:
        median = SimpleImputer(strategy="median", keep_empty_features=True)
        parts.append(("numbers", make_pipeline(median, StandardScaler()), numbers))
    for place in categories:
        # The codes of the known ones, of the others and of a missing one.
        last = len(task.categories[names[place]]) + 1
        filled = SimpleImputer(
            strategy="constant", fill_value=float(last), keep_empty_features=True
        )
        spread = OneHotEncoder(
            categories=[np.arange(last + 1, dtype=np.float32)], sparse_output=False
        )
        parts.append((f"category {place}", make_pipeline(filled, spread), [place]))
    return Pipeline([("columns", ColumnTransformer(parts)), (_STEP, estimator)])


def _converted(pipeline: Any, row: Matrix, algorithm: str) -> bytes:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    estimator = pipeline[-1]
    is_classifier = hasattr(estimator, "classes_")
    options = {id(estimator): {"zipmap": False}} if is_classifier else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = to_onnx(
                pipeline,
                initial_types=[(INPUT, FloatTensorType([None, row.shape[1]]))],
                options=options,
                target_opset=_OPSET,
            )
    except Exception as error:  # the library raises classes of its own for each cause
        raise UnusableEstimatorError(
            algorithm, f"cannot be kept without pickle: ONNX has no form for it ({error})"
        ) from error
    return bytes(model.SerializeToString())


def _require_close(pipeline: Any, model: EstimatorModel, x: Matrix, algorithm: str) -> None:
    """Refuse a graph that scores other than the estimator did; what is kept is the graph."""
    some = x[:: max(1, len(x) // _COMPARED_ROWS)]
    expected = _scores(pipeline, some, model)
    found = model.predict(some)
    size = np.maximum(1.0, np.abs(expected))
    odd = (np.abs(found - expected) / size > _CLOSE).reshape(len(some), -1).any(axis=1)
    if odd.mean() > _ODD_ROWS:
        raise UnusableEstimatorError(
            algorithm, f"scores otherwise as ONNX, in {odd.mean():.0%} of the rows"
        )


def _scores(pipeline: Any, x: Matrix, model: EstimatorModel) -> Vector:
    if model.metadata.problem == REGRESSION:
        return np.asarray(pipeline.predict(x), np.float64).reshape(-1)
    found = np.asarray(pipeline.predict_proba(x), np.float64)
    return found if model.metadata.problem == MULTICLASS else found[:, 1]


def _plain(value: Any) -> int | float | str | bool:
    return value if isinstance(value, int | float | str | bool) else str(value)
