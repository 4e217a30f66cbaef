"""Keep a trained model in a folder, and score and explain rows with it.

A folder holds ``model.json`` (what the model is) and one file of weights: ``model.ubj`` (a
booster) or ``weights.json`` (a linear model). A booster lies there twice, as ``model.onnx`` too,
which scores single rows faster. Nothing in it is executed when it is read.
"""

from __future__ import annotations

import copy
import hashlib
import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from pipeline_code import contract
from pipeline_code.core.errors import PipelineError
from pipeline_code.core.mistakes import Section, describe
from pipeline_code.core.usecase import Costs

BOOSTER_FILE: Final = "model.ubj"
ONNX_FILE: Final = "model.onnx"
WEIGHTS_FILE: Final = "weights.json"
FORMAT_VERSION: Final = 1

Matrix = NDArray[np.float32]
Vector = NDArray[np.float64]


class UnreadableModelError(PipelineError, ValueError):
    """A folder does not hold a model of ours, or not a whole one."""

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(
            f"the model in {'/'.join(folder.parts[-2:])} {why}; "
            "train the model again, or approve another version"
        )


class WrongFeaturesError(PipelineError, ValueError):
    """Rows do not have the columns with which the model was trained."""

    def __init__(self, expected: int, given: tuple[int, ...]) -> None:
        super().__init__(
            f"the model takes rows of {expected} features, given an array of shape {given}; "
            "give the features of model.json in their order"
        )


class Probe(Section):
    """Some rows and what the model made of them when it was trained; None is a missing value.

    Whoever reads the model compares: another library, or another version, must say the same.
    """

    rows: tuple[tuple[float | None, ...], ...]
    scores: tuple[float, ...]

    @property
    def matrix(self) -> Matrix:
        """The rows as models take them, shape (n, features)."""
        return np.array(self.rows, dtype=np.float32)

    def deviation(self, scores: Vector) -> float:
        """Return how far ``scores`` are from those of the training; infinite if one is NaN."""
        difference = np.abs(scores - np.array(self.scores)).max(initial=0.0)
        return float("inf") if np.isnan(difference) else float(difference)


class ModelMetadata(Section):
    """What a model is: enough to score with it and to say where it comes from."""

    format_version: Literal[1] = FORMAT_VERSION
    algorithm: Literal["xgboost", "linear"]
    usecase: str
    features: tuple[str, ...] = Field(min_length=1)
    target: str
    positive_label: int = 1
    threshold: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    costs: Costs
    hyperparameters: dict[str, int | float | str | bool]
    best_iteration: int | None = None
    libraries: dict[str, str] = Field(default_factory=dict)
    weights: str
    weights_hash: str
    onnx_hash: str | None = None
    probe: Probe | None = None


class Model(ABC):
    """A trained model: probabilities of the positive class, and why."""

    def __init__(self, metadata: ModelMetadata) -> None:
        self.metadata = metadata

    @property
    def features(self) -> tuple[str, ...]:
        """The columns the model takes, in its order."""
        return self.metadata.features

    @property
    def threshold(self) -> float:
        """The probability from which a row counts as positive: the cheapest on validation rows."""
        return self.metadata.threshold

    def predict(self, x: Matrix) -> Vector:
        """Return the probability of the positive class of each row, shape (n,).

        Args:
            x: rows, shape (n, features), columns in the order of `features`; NaN is a missing
                value. No rows give an empty array.

        Raises:
            WrongFeaturesError: if ``x`` has another number of columns.
        """
        return self._predict(self._checked(x)) if len(x) else np.empty(0)

    def explain(self, x: Matrix) -> Vector:
        """Return exact SHAP values in log odds, shape (n, features + 1).

        The last column is the base value; a row's sum is the log odds of its prediction.

        Raises:
            WrongFeaturesError: if ``x`` has another number of columns.
        """
        shape = (0, len(self.features) + 1)
        return self._explain(self._checked(x)) if len(x) else np.empty(shape)

    def with_threshold(self, threshold: float) -> Self:
        """Return the same model with another decision threshold."""
        other = copy.copy(self)
        other.metadata = self.metadata.model_copy(update={"threshold": threshold})
        return other

    def with_probe(self, rows: Matrix) -> Self:
        """Return the same model with the memory of what it makes of ``rows``."""
        other = copy.copy(self)
        values = tuple(tuple(None if np.isnan(one) else float(one) for one in row) for row in rows)
        probe = Probe(rows=values, scores=tuple(self.predict(rows).tolist()))
        other.metadata = self.metadata.model_copy(update={"probe": probe})
        return other

    def onnx(self) -> bytes | None:
        """Return the model as ONNX; None where that would make nothing faster."""
        return None

    @abstractmethod
    def gain(self) -> dict[str, float] | None:
        """Return each feature's share of the gain of all splits; None where there are none."""

    @abstractmethod
    def weights(self) -> bytes:
        """Return the content of the file of weights."""

    @abstractmethod
    def _predict(self, x: Matrix) -> Vector: ...

    @abstractmethod
    def _explain(self, x: Matrix) -> Vector: ...

    def _checked(self, x: Matrix) -> Matrix:
        if x.ndim != 2 or x.shape[1] != len(self.features):
            raise WrongFeaturesError(len(self.features), x.shape)
        return np.ascontiguousarray(x, dtype=np.float32)


class XgboostModel(Model):
    """Gradient-boosted trees; a missing value follows the branch learned for it."""

    file: ClassVar[str] = BOOSTER_FILE

    def __init__(self, metadata: ModelMetadata, booster: Any) -> None:
        super().__init__(metadata)
        self._booster = booster

    @classmethod
    def read(cls, metadata: ModelMetadata, weights: bytes) -> XgboostModel:
        """Read the booster from the bytes of its file."""
        # Importing xgboost takes about a second, so only who needs it pays.
        import xgboost

        try:
            booster = xgboost.Booster()
            booster.load_model(bytearray(weights))
        except xgboost.core.XGBoostError as error:
            raise ValueError("is no booster") from error
        if booster.num_features() != len(metadata.features):
            raise ValueError(
                f"has {booster.num_features()} features but names {len(metadata.features)}"
            )
        return cls(metadata, booster)

    def gain(self) -> dict[str, float] | None:
        """Return each feature's share of the total gain of all splits."""
        gains = self._booster.get_score(importance_type="total_gain")
        total = sum(gains.values()) or 1.0
        return {
            name: float(gains.get(f"f{index}", 0.0) / total)
            for index, name in enumerate(self.features)
        }

    def onnx(self) -> bytes | None:
        """Return the booster as ONNX."""
        from pipeline_code.steps.onnx_scorer import export_booster

        return export_booster(self._booster, len(self.features))

    def weights(self) -> bytes:
        """Return the booster as UBJSON."""
        return bytes(self._booster.save_raw("ubj"))

    def _predict(self, x: Matrix) -> Vector:
        scores: Vector = self._booster.inplace_predict(x).astype(np.float64)
        return scores

    def _explain(self, x: Matrix) -> Vector:
        import xgboost

        contributions = self._booster.predict(xgboost.DMatrix(x), pred_contribs=True)
        return np.asarray(contributions, dtype=np.float64)


class LinearWeights(Section):
    """A logistic regression on standardised features; lists are in the order of the features."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    coefficients: tuple[float, ...]
    intercept: float


class LinearModel(Model):
    """Logistic regression; a missing value is replaced by the feature's mean in training."""

    file: ClassVar[str] = WEIGHTS_FILE

    def __init__(self, metadata: ModelMetadata, weights: LinearWeights) -> None:
        super().__init__(metadata)
        self._weights = weights
        lists = (weights.mean, weights.scale, weights.coefficients)
        if any(len(values) != len(metadata.features) for values in lists):
            raise ValueError(f"lacks weights for its {len(metadata.features)} features")

    @classmethod
    def read(cls, metadata: ModelMetadata, weights: bytes) -> LinearModel:
        """Read the weights from the bytes of their file."""
        return cls(metadata, LinearWeights.model_validate_json(weights))

    def gain(self) -> dict[str, float] | None:
        """Return None: a linear model has no splits."""
        return None

    def weights(self) -> bytes:
        """Return the weights as JSON, every number exactly as it is."""
        return (json.dumps(self._weights.model_dump(), indent=2) + "\n").encode()

    def _standardised(self, x: Matrix) -> Vector:
        mean = np.asarray(self._weights.mean)
        wide = x.astype(np.float64)
        standardised: Vector = (np.where(np.isnan(wide), mean, wide) - mean) / self._weights.scale
        return standardised

    def _predict(self, x: Matrix) -> Vector:
        odds = self._standardised(x) @ np.asarray(self._weights.coefficients)
        return sigmoid(odds + self._weights.intercept)

    def _explain(self, x: Matrix) -> Vector:
        # For a linear model with features taken as independent these are the exact SHAP
        # values. Source: Lundberg and Lee, arXiv 1705.07874, corollary 1.
        parts = self._standardised(x) * np.asarray(self._weights.coefficients)
        base = np.full((len(parts), 1), self._weights.intercept)
        return np.hstack([parts, base])


def sigmoid(odds: Vector) -> Vector:
    """Turn log odds into probabilities, without overflow at either end."""
    small = np.exp(-np.abs(odds))
    return np.where(odds >= 0, 1 / (1 + small), small / (1 + small))


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
    kind = XgboostModel if metadata.algorithm == "xgboost" else LinearModel
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
    file = (XgboostModel if metadata.algorithm == "xgboost" else LinearModel).file
    if metadata.weights != file:
        raise UnreadableModelError(folder, f"names {metadata.weights!r} instead of {file}")
    return metadata


def _hash(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
