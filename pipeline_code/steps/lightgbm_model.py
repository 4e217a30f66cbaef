"""Gradient-boosted trees of LightGBM."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import numpy as np

from pipeline_code.core.problem_types import MULTICLASS
from pipeline_code.core.tree_readers import from_lightgbm
from pipeline_code.steps.model import Matrix, Model, ModelMetadata, Vector
from pipeline_code.steps.tree_explainer import TreeExplainer

TREES_FILE: Final = "model.txt"

_FEW_ROWS: Final = 1_000  # below, threads wait for each other longer than they work


class LightgbmModel(Model):
    """Gradient-boosted trees, kept as LightGBM's text; a missing value takes a learned branch."""

    file: ClassVar[str] = TREES_FILE

    def __init__(self, metadata: ModelMetadata, booster: Any) -> None:
        super().__init__(metadata)
        self._booster = booster
        self._explainer = TreeExplainer(self._contributions, lambda: from_lightgbm(booster))

    @classmethod
    def read(cls, metadata: ModelMetadata, weights: bytes) -> LightgbmModel:
        """Read the booster from the bytes of its file."""
        import lightgbm

        try:
            booster = lightgbm.Booster(model_str=weights.decode())
        except (lightgbm.basic.LightGBMError, UnicodeDecodeError) as error:
            raise ValueError("is no booster") from error
        if booster.num_feature() != len(metadata.features):
            raise ValueError(
                f"has {booster.num_feature()} features but names {len(metadata.features)}"
            )
        model = cls(metadata, booster)
        if booster.num_model_per_iteration() != model.outputs:
            raise ValueError(f"has not one output for each of its {model.outputs} scores")
        return model

    def gain(self) -> dict[str, float] | None:
        """Return each feature's share of the total gain of all splits."""
        gains = self._booster.feature_importance(importance_type="gain")
        shares = gains / (gains.sum() or 1.0)
        return dict(zip(self.features, map(float, shares), strict=True))

    def weights(self) -> bytes:
        """Return the booster as text."""
        return str(self._booster.model_to_string()).encode()

    def _predict(self, x: Matrix) -> Vector:
        return self._ask(x)

    def _explain(self, x: Matrix) -> Vector:
        return self._explainer.explain(x)

    def _contributions(self, x: Matrix) -> Vector:
        # Exact for trees, like those of XGBoost. Source: Lundberg et al., arXiv 1802.03888.
        found = self._ask(x, pred_contrib=True)
        several = self.metadata.problem == MULTICLASS
        return found.reshape(len(x), self.outputs, -1) if several else found

    def _ask(self, x: Matrix, **options: Any) -> Vector:
        threads = 1 if len(x) < _FEW_ROWS else 0
        return np.asarray(self._booster.predict(x, num_threads=threads, **options), np.float64)
