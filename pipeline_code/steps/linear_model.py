"""Linear models of scikit-learn, kept as the numbers they are."""

from __future__ import annotations

import json
from typing import ClassVar, Final

import numpy as np

from pipeline_code.core.mistakes import Section
from pipeline_code.steps.model import Matrix, Model, ModelMetadata, Vector, sigmoid

WEIGHTS_FILE: Final = "weights.json"


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
