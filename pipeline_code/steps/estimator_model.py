"""Estimators of scikit-learn, kept as ONNX: nothing of theirs is executed when they are read."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import numpy as np

from pipeline_code.core.problem_types import BINARY, MULTICLASS
from pipeline_code.steps.model import Matrix, ModelMetadata, Vector
from pipeline_code.steps.sampled_model import SampledModel

ESTIMATOR_FILE: Final = "estimator.onnx"
INPUT: Final = "columns"
"""The input of the graph: what `Design.columns` of the training would give."""


class EstimatorModel(SampledModel):
    """An estimator by its import path, with the encoding of its columns, in one graph."""

    file: ClassVar[str] = ESTIMATOR_FILE

    def __init__(self, metadata: ModelMetadata, content: bytes) -> None:
        super().__init__(metadata)
        self._content = content
        self._session = _session(content)
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or inputs[0].shape[1] != len(metadata.features):
            raise ValueError(f"takes other columns than its {len(metadata.features)} features")
        self._input = inputs[0].name
        # A classifier says the class first, then the probabilities.
        self._output = self._session.get_outputs()[-1].name

    @classmethod
    def read(cls, metadata: ModelMetadata, weights: bytes) -> EstimatorModel:
        """Read the graph from the bytes of its file."""
        return cls(metadata, weights)

    def weights(self) -> bytes:
        """Return the graph."""
        return self._content

    def _predict(self, x: Matrix) -> Vector:
        (found,) = self._session.run([self._output], {self._input: x})
        scores = np.asarray(found, dtype=np.float64)
        if self.metadata.problem == MULTICLASS:
            return scores
        return scores[:, 1] if self.metadata.problem == BINARY else scores.reshape(-1)


def _session(content: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library raises classes of its own for each cause
        raise ValueError("is no ONNX model") from error
