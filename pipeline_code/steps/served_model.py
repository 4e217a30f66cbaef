"""A trained model as the server uses it: fast to start, fast for one row and for many."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from pipeline_code.core.encoding import blanked
from pipeline_code.core.errors import PipelineError
from pipeline_code.core.problem_types import BINARY, MULTICLASS, REGRESSION
from pipeline_code.steps.onnx_scorer import FEW, OnnxScorer
from pipeline_code.steps.predict import (
    ONNX_FILE,
    Matrix,
    Model,
    ModelMetadata,
    UnreadableModelError,
    Vector,
    make_model,
    read_checked,
    read_metadata,
)

_TOLERANCE: Final = 1e-5


class UnhealthyModelError(PipelineError, ValueError):
    """A model that loads but does not score as it did when it was trained."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the model {why}; train it again, or approve another version")


class Scorer(Protocol):
    """What scores rows."""

    def predict(self, x: Matrix) -> Vector:
        """Return the score of each row."""


class ServedModel:
    """Score few rows with ONNX Runtime and many with the booster, to the same numbers.

    The booster's library takes a second to import, so it is loaded by the first request that
    needs it. Each of the two must score the probe rows as the training did, to 1e-5; in a
    regression, to that share of the largest score. A model without ONNX is the native one only.

    Args:
        metadata: what the model is.
        few: scores single rows.
        load: makes the model with its own library.
    """

    def __init__(self, metadata: ModelMetadata, few: Scorer, load: Callable[[], Model]) -> None:
        self.metadata = metadata
        self.features = metadata.features
        self.threshold = metadata.threshold
        self._few = few
        self._sentinels = metadata.sentinels
        self._make = load
        self._lock = threading.Lock()
        self._native: Model | None = None
        self._broken = ""
        self._probe = (
            metadata.probe.matrix
            if metadata.probe
            else np.zeros((1, len(self.features)), dtype=np.float32)
        )

    @classmethod
    def read(cls, folder: Path) -> ServedModel:
        """Read what `save_model` wrote; a model without ONNX is used as it is.

        Raises:
            UnreadableModelError: if a file is missing, broken, altered or of another format.
        """
        metadata = read_metadata(folder)
        # Read and checked now, loaded later: a server that starts can score anything.
        weights = read_checked(folder, metadata.weights, metadata.weights_hash)
        if metadata.onnx_hash is None or metadata.problem != BINARY:
            model = make_model(metadata, weights, folder)
            return cls(metadata, model, lambda: model)
        content = read_checked(folder, ONNX_FILE, metadata.onnx_hash)
        try:
            few = OnnxScorer(content)
        except ValueError as error:
            raise UnreadableModelError(folder, f"has a {ONNX_FILE} that {error}") from error
        return cls(metadata, few, lambda: make_model(metadata, weights, folder))

    def predict(self, x: Matrix) -> Vector:
        """Return the score of each row, as `pipeline_code.steps.model.Model.predict` does."""
        if len(x) > FEW:
            return self.native().predict(x)
        return self._few.predict(blanked(x, self._sentinels))

    def explain(self, x: Matrix) -> Vector:
        """Return SHAP values, as `pipeline_code.steps.model.Model.explain` does."""
        return self.native().explain(x)

    def check(self) -> None:
        """Score the probe rows.

        Raises:
            UnhealthyModelError: if that does not give the probabilities of the training.
        """
        if self._broken:
            raise UnhealthyModelError(self._broken)
        self._compare(self._few, "for single rows")

    def native(self) -> Model:
        """Return the model with its own library, loaded when first asked for.

        Raises:
            UnhealthyModelError: if it does not score as the training did.
        """
        if self._native is None:
            with self._lock:
                if self._native is None:
                    self._native = self._load()
        return self._native

    def _load(self) -> Model:
        try:
            model = self._make()
            self._compare(model, "for many rows")
        except PipelineError as error:
            self._broken = f"broke after the start: {error}"
            raise UnhealthyModelError(self._broken) from error
        return model

    def _compare(self, scorer: Scorer, purpose: str) -> None:
        scores = scorer.predict(self._probe)
        expected = (len(self._probe), *self._classes)
        if scores.shape != expected:
            raise UnhealthyModelError(f"gives scores {purpose} of shape {scores.shape}")
        if self.metadata.problem == REGRESSION:
            if not np.isfinite(scores).all():
                raise UnhealthyModelError(f"gives a value {purpose} that is not finite")
        elif not ((scores >= 0) & (scores <= 1)).all():
            raise UnhealthyModelError(f"gives a score {purpose} that is no probability")
        deviation = self._deviation(scores)
        if deviation > _TOLERANCE:
            raise UnhealthyModelError(
                f"scores {deviation:.1e} beside what it scored when it was trained, {purpose}"
            )

    @property
    def _classes(self) -> tuple[int, ...]:
        metadata = self.metadata
        return (len(metadata.classes),) if metadata.problem == MULTICLASS else ()

    def _deviation(self, scores: Vector) -> float:
        """Return how far the scores are from those of the training, whatever the target's unit."""
        probe = self.metadata.probe
        if probe is None or not len(probe.rows):
            return 0.0
        if self.metadata.problem != REGRESSION:
            return probe.deviation(scores)
        known = np.array(probe.scores)
        return float(np.abs(scores - known).max() / (np.abs(known).max() or 1.0))
