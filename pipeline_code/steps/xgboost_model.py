"""Gradient-boosted trees of XGBoost."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import numpy as np

from pipeline_code.core.problem_types import BINARY
from pipeline_code.core.tree_readers import from_xgboost
from pipeline_code.steps.model import Matrix, Model, ModelMetadata, Vector
from pipeline_code.steps.tree_explainer import TreeExplainer

BOOSTER_FILE: Final = "model.ubj"


class XgboostModel(Model):
    """Gradient-boosted trees; a missing value follows the branch learned for it."""

    file: ClassVar[str] = BOOSTER_FILE

    def __init__(self, metadata: ModelMetadata, booster: Any) -> None:
        super().__init__(metadata)
        self._booster = booster
        self._explainer = TreeExplainer(self._contributions, lambda: from_xgboost(booster))

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

    @property
    def best_iteration(self) -> int | None:
        """The round that whoever trained the booster noted as the best; None if nobody did."""
        noted = self._booster.attr("best_iteration")
        return None if noted is None else int(noted)

    def cut(self, rounds: int) -> XgboostModel:
        """Return the model of the first ``rounds`` rounds."""
        if rounds >= self._booster.num_boosted_rounds():
            return self
        return XgboostModel(self.metadata, self._booster[:rounds])

    def gain(self) -> dict[str, float] | None:
        """Return each feature's share of the total gain of all splits."""
        gains = self._booster.get_score(importance_type="total_gain")
        total = sum(gains.values()) or 1.0
        return {
            name: float(gains.get(f"f{index}", 0.0) / total)
            for index, name in enumerate(self.features)
        }

    def onnx(self) -> bytes | None:
        """Return the booster of a binary problem as ONNX."""
        if self.metadata.problem != BINARY:
            return None
        from pipeline_code.steps.onnx_scorer import export_booster

        return export_booster(self._booster, len(self.features))

    def weights(self) -> bytes:
        """Return the booster as UBJSON."""
        return bytes(self._booster.save_raw("ubj"))

    def _predict(self, x: Matrix) -> Vector:
        scores: Vector = self._booster.inplace_predict(x).astype(np.float64)
        return scores

    def _explain(self, x: Matrix) -> Vector:
        return self._explainer.explain(x)

    def _contributions(self, x: Matrix) -> Vector:
        import xgboost

        contributions = self._booster.predict(xgboost.DMatrix(x), pred_contribs=True)
        return np.asarray(contributions, dtype=np.float64)
