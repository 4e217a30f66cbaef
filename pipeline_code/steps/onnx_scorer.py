"""A booster as ONNX: the same numbers for a few rows, without the booster's own library.

ONNX Runtime scores one row of 200 trees in 10 microseconds where the booster takes 250, but
many rows slower than the booster does; see `ServedModel`, which uses both.
"""

from __future__ import annotations

import threading
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline_code.steps.predict import Matrix, Vector

_INPUT = "rows"
_OPSET = 15
FEW: Final = 48
"""Up to so many rows it is faster than the booster (200 trees of depth 6, 30 features)."""


def export_booster(booster: Any, features: int) -> bytes:
    """Write an XGBoost booster of one probability a row as ONNX."""
    # Imported here: only who trains pays the second.
    from onnxmltools.convert import convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    model = convert_xgboost(
        booster,
        name="booster",
        initial_types=[(_INPUT, FloatTensorType([None, features]))],
        target_opset=_OPSET,
    )
    return bytes(model.SerializeToString())


class OnnxScorer:
    """Score rows with what `export_booster` wrote.

    A few rows are scored in memory that is bound to the session once: the tensors that it would
    else make for each call cost a single row more than the trees do.
    """

    def __init__(self, content: bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # A row is done before a second thread would have started.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the library raises classes of its own for each cause
            raise ValueError("is no ONNX model") from error
        self._output = self._session.get_outputs()[1].name
        self._bound: dict[tuple[int, ...], _Bound] = {}
        self._lock = threading.Lock()

    def predict(self, x: Matrix) -> Vector:
        """Return the probability of the positive class of each row, shape (n,)."""
        if len(x) > FEW:
            (found,) = self._session.run([self._output], {_INPUT: x})
            return _positive(found)
        with self._lock:
            bound = self._bound.get(x.shape)
            if bound is None:
                bound = self._bound[x.shape] = self._bind(x.shape)
            bound.rows[:] = x
            self._session.run_with_iobinding(bound.binding)
            return _positive(bound.scores)

    def _bind(self, shape: tuple[int, ...]) -> _Bound:
        rows = np.zeros(shape, dtype=np.float32)
        scores = np.zeros((len(rows), 2), dtype=np.float32)
        binding = self._session.io_binding()
        for bind, name, array in (
            (binding.bind_input, _INPUT, rows),
            (binding.bind_output, self._output, scores),
        ):
            bind(name, "cpu", 0, np.float32, array.shape, array.ctypes.data)
        return _Bound(binding, rows, scores)


class _Bound(NamedTuple):
    """Memory that a session reads and writes."""

    binding: Any
    rows: Matrix
    scores: NDArray[np.float32]


def _positive(probabilities: NDArray[np.float32]) -> Vector:
    scores: Vector = probabilities[:, 1].astype(np.float64)
    return scores
