"""Keep a trained model in a folder, and read it again.

A folder holds ``model.json`` (what the model is) and one file of weights: ``model.ubj`` (a
booster) or ``weights.json`` (a linear model). A booster of a binary problem lies there twice, as
``model.onnx`` too, which scores single rows faster. Nothing in it is executed when it is read.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Final, Protocol

from pydantic import ValidationError

from pipeline_code import contract
from pipeline_code.core.mistakes import describe
from pipeline_code.steps.blend_model import BLEND_FILE, BlendModel
from pipeline_code.steps.estimator_model import ESTIMATOR_FILE, EstimatorModel
from pipeline_code.steps.lightgbm_model import TREES_FILE, LightgbmModel
from pipeline_code.steps.linear_model import WEIGHTS_FILE, LinearModel, LinearWeights
from pipeline_code.steps.model import (
    Matrix,
    Model,
    ModelMetadata,
    Probe,
    UnreadableModelError,
    Vector,
    WrongFeaturesError,
    sigmoid,
)
from pipeline_code.steps.network_model import NETWORK_FILE, NetworkModel
from pipeline_code.steps.xgboost_model import BOOSTER_FILE, XgboostModel

ONNX_FILE: Final = "model.onnx"

__all__ = [
    "BLEND_FILE",
    "BOOSTER_FILE",
    "ESTIMATOR_FILE",
    "NETWORK_FILE",
    "ONNX_FILE",
    "TREES_FILE",
    "WEIGHTS_FILE",
    "BlendModel",
    "EstimatorModel",
    "LightgbmModel",
    "LinearModel",
    "LinearWeights",
    "Matrix",
    "Model",
    "ModelMetadata",
    "NetworkModel",
    "Probe",
    "UnreadableModelError",
    "Vector",
    "WrongFeaturesError",
    "XgboostModel",
    "load_model",
    "make_model",
    "read_checked",
    "read_metadata",
    "save_model",
    "sigmoid",
]


class Kind(Protocol):
    """A class of models: in which file its weights lie, and how they are read."""

    file: str

    def read(self, metadata: ModelMetadata, weights: bytes) -> Model:
        """Make the model of the content of its file."""


KINDS: Final[dict[str, Kind]] = {
    "xgboost": XgboostModel,
    "lightgbm": LightgbmModel,
    "linear": LinearModel,
    "torch": NetworkModel,
    "sklearn": EstimatorModel,
    "blend": BlendModel,
}
"""The class of each algorithm; a model of any other one is not ours."""


def save_model(model: Model, folder: Path) -> None:
    """Write ``model`` into ``folder``, which is made where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    weights, onnx = model.weights(), model.onnx()
    hashes = {"weights_hash": _hash(weights), "onnx_hash": _hash(onnx) if onnx else None}
    metadata = model.metadata.model_copy(update=hashes)
    (folder / metadata.weights).write_bytes(weights)
    if onnx:
        (folder / ONNX_FILE).write_bytes(onnx)
    text = json.dumps(metadata.model_dump(mode="json"), indent=2)
    (folder / contract.MODEL_METADATA_FILE).write_text(text + "\n", encoding="utf-8")


def load_model(folder: Path) -> Model:
    """Read the model that `save_model` wrote: its predictions are the same, bit for bit.

    Raises:
        UnreadableModelError: if a file is missing, broken, altered or of another format.
    """
    metadata = read_metadata(folder)
    weights = read_checked(folder, metadata.weights, metadata.weights_hash)
    return make_model(metadata, weights, folder)


def make_model(metadata: ModelMetadata, weights: bytes, folder: Path) -> Model:
    """Make the model of weights that were read from ``folder``.

    Raises:
        UnreadableModelError: if they are not what ``metadata`` says.
    """
    kind = KINDS[metadata.algorithm]
    try:
        return kind.read(metadata, weights)
    except ValueError as error:
        reason = "is malformed" if isinstance(error, ValidationError) else str(error)
        raise UnreadableModelError(
            folder, f"has a {kind.file} that cannot be used: it {reason}"
        ) from error


def read_checked(folder: Path, name: str, expected: str) -> bytes:
    """Read a file of a model, before its bytes reach a parser written in C++.

    Raises:
        UnreadableModelError: if it is missing, or not the one that was saved.
    """
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise UnreadableModelError(folder, f"has no {name} ({error.strerror})") from error
    if _hash(content) != expected:
        raise UnreadableModelError(folder, f"has a {name} other than the one it was saved with")
    return content


def read_metadata(folder: Path) -> ModelMetadata:
    """Read what a model is, without its weights.

    Raises:
        UnreadableModelError: if ``model.json`` is missing or not ours.
    """
    name = contract.MODEL_METADATA_FILE
    try:
        document = json.loads((folder / name).read_text(encoding="utf-8"))
    except OSError as error:
        raise UnreadableModelError(folder, f"has no {name} ({error.strerror})") from error
    except ValueError as error:
        raise UnreadableModelError(folder, f"has a {name} that is no JSON") from error
    try:
        metadata = ModelMetadata.model_validate(document)
    except ValidationError as error:
        first = describe(error, ModelMetadata)[0]
        raise UnreadableModelError(folder, f"has a {name} that is not ours ({first})") from error
    if metadata.algorithm not in KINDS:
        known = ", ".join(KINDS)
        raise UnreadableModelError(
            folder, f"has a {name} with the algorithm {metadata.algorithm!r}; known: {known}"
        )
    file = KINDS[metadata.algorithm].file
    if metadata.weights != file:
        raise UnreadableModelError(folder, f"names {metadata.weights!r} instead of {file}")
    return metadata


def _hash(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
