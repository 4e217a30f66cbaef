"""Make what another image left a model of ours, which is measured, explained and served.

Three things are understood: a booster of XGBoost, the weights of SageMaker's linear learner, and
ONNX. Nothing of them is executed; a pickle is refused.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from pipeline_code.core.errors import PipelineError
from pipeline_code.core.mxnet_params import read_params
from pipeline_code.core.problem_types import MULTICLASS
from pipeline_code.steps.estimator_model import ESTIMATOR_FILE, EstimatorModel
from pipeline_code.steps.foreign_rows import ForeignRows
from pipeline_code.steps.linear_model import WEIGHTS_FILE, LinearModel
from pipeline_code.steps.model import Model, ModelMetadata
from pipeline_code.steps.train_linear import linear_weights
from pipeline_code.steps.train_task import Fitted, describe
from pipeline_code.steps.xgboost_model import BOOSTER_FILE, XgboostModel

BOOSTER: Final = "xgboost-model"
LINEAR: Final = "model_algo-1"
ONNX: Final = "model.onnx"

_PARAMS: Final = "mx-mod-0000.params"
_WEIGHT, _BIAS = "fc0_weight", "fc0_bias"
_LARGEST_PARAMS: Final = 1 << 30
_PICKLE: Final = b"\x80"


class UnusableArtifactError(PipelineError, ValueError):
    """What an image left is no model that can be read."""

    def __init__(self, algorithm: str, why: object) -> None:
        reason = " ".join(str(why).split()).removesuffix(".")
        super().__init__(
            f"the model that {algorithm} left {reason}; an image must leave {BOOSTER} (a booster "
            f"of XGBoost), {LINEAR} (SageMaker's linear learner) or {ONNX} in /opt/ml/model"
        )


def read_artifact(folder: Path, rows: ForeignRows) -> Fitted:
    """Read the unpacked archive of an image that was trained on ``rows``.

    Raises:
        UnusableArtifactError: if it holds no model that is understood, or one of other rows.
    """
    algorithm = rows.task.usecase.training.algorithm
    for name, read in _READERS.items():
        path = folder / name
        if not path.is_file():
            continue
        try:
            model = read(path.read_bytes(), rows)
            _require_scores(model, rows)
        except (ValueError, zipfile.BadZipFile) as error:
            raise UnusableArtifactError(algorithm, f"as {name} {error}") from error
        return Fitted(model, record={"artifact": name})
    found = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
    raise UnusableArtifactError(algorithm, f"is none of ours ({found})")


def _read_booster(content: bytes, rows: ForeignRows) -> Model:
    if content.startswith(_PICKLE):
        raise ValueError("is a pickle, which could run anything")
    metadata = _describe(rows, "xgboost", BOOSTER_FILE)
    model = XgboostModel.read(metadata, content)
    best = model.best_iteration
    return model if best is None else model.cut(best + 1)


def _read_linear(content: bytes, rows: ForeignRows) -> Model:
    """Read weights on the columns of the design; a regression's are in units of its target."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        if _PARAMS not in packed.namelist():
            raise ValueError(f"has no {_PARAMS}")
        if packed.getinfo(_PARAMS).file_size > _LARGEST_PARAMS:
            raise ValueError("is larger than any linear model")
        params = read_params(packed.read(_PARAMS))
    if not {_WEIGHT, _BIAS} <= params.keys():
        raise ValueError(f"has no {_WEIGHT} and {_BIAS}")
    outputs = rows.task.classes if rows.task.usecase.problem.type == MULTICLASS else 1
    coefficients = params[_WEIGHT].reshape(outputs, -1)
    intercept = params[_BIAS].reshape(-1)
    design = rows.design
    if coefficients.shape[1] != design.width or len(intercept) != outputs:
        raise ValueError(
            f"has {coefficients.shape[1]} weights an output and {len(intercept)} outputs, "
            f"where {design.width} and {outputs} were trained"
        )
    mean, scale = rows.target_unit
    weights = linear_weights(
        design, coefficients * scale, intercept * scale + mean, rows.training, rows.task
    )
    return LinearModel(_describe(rows, "linear", WEIGHTS_FILE), weights)


def _read_onnx(content: bytes, rows: ForeignRows) -> Model:
    return EstimatorModel(_describe(rows, "sklearn", ESTIMATOR_FILE), content)


_READERS: Final[dict[str, Callable[[bytes, ForeignRows], Model]]] = {
    BOOSTER: _read_booster,
    LINEAR: _read_linear,
    ONNX: _read_onnx,
}


def _describe(rows: ForeignRows, algorithm: str, weights: str) -> ModelMetadata:
    training = rows.task.usecase.training
    added: dict[str, Any] = {name: str(value) for name, value in training.parameters.items()}
    return describe(
        rows.task,
        algorithm,
        settings=tuple(rows.algorithm.settings),
        libraries=("xgboost-cpu", "xgboost") if algorithm == "xgboost" else (),
        weights=weights,
        extra={"image": training.algorithm, **added},
    )


def _require_scores(model: Model, rows: ForeignRows) -> None:
    """Refuse a model whose scores are none: of another shape, or no probabilities."""
    some = rows.training.x[:100]
    try:
        scores = model.predict(some)
    except Exception as error:  # each library raises classes of its own
        raise ValueError(f"cannot score its training rows: {error}") from error
    wanted = (len(some), model.outputs) if model.outputs > 1 else (len(some),)
    if scores.shape != wanted:
        raise ValueError(f"gives scores of shape {scores.shape} where {wanted} are needed")
    if not np.isfinite(scores).all():
        raise ValueError("gives scores that are no numbers")
    if rows.task.classes and not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError("gives scores that are no probabilities")
    if model.outputs > 1 and not np.allclose(scores.sum(axis=1), 1, atol=1e-3):
        raise ValueError("gives probabilities that do not sum up to 1")
