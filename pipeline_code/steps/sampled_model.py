"""What models have in common whose explanations are sampled: scores into margins and back."""

from __future__ import annotations

from typing import Final

import numpy as np

from pipeline_code.core.errors import PipelineError
from pipeline_code.core.problem_types import BINARY, MULTICLASS
from pipeline_code.steps.model import Matrix, Model, Vector
from pipeline_code.steps.sampled_shap import sampled_shap

_SMALLEST: Final = 1e-9  # a probability of 0 has no log odds
_SEED: Final = 0


class NoBackgroundError(PipelineError, ValueError):
    """A model is to be explained by rows that it does not have."""

    def __init__(self) -> None:
        super().__init__("the model keeps no training rows to explain itself by; train it again")


class SampledModel(Model):
    """A model that only scores; why is asked of it, against some of its training rows."""

    def gain(self) -> dict[str, float] | None:
        """Return None: there are no splits, or they say nothing of their gain."""
        return None

    def _explain(self, x: Matrix) -> Vector:
        probe = self.metadata.probe
        if probe is None:
            raise NoBackgroundError
        # The last row of the probe is missing everywhere: no training row is like that.
        background = probe.matrix[:-1]
        found = sampled_shap(self._margins, x, background, seed=_SEED)
        return found if self.metadata.problem == MULTICLASS else found[:, 0]

    def _margins(self, x: Matrix) -> Vector:
        """Turn scores into what adds up: log odds, logarithms of probabilities, values."""
        scores = self._predict(x)
        if self.metadata.problem == MULTICLASS:
            return np.asarray(np.log(np.maximum(scores, _SMALLEST)))
        if self.metadata.problem != BINARY:
            return scores[:, None]
        kept = np.clip(scores, _SMALLEST, 1 - _SMALLEST)
        return np.asarray(np.log(kept / (1 - kept))[:, None])
