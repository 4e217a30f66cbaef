"""Small neural networks, kept and scored as plain arrays: whoever serves needs no PyTorch."""

from __future__ import annotations

import io
import zipfile
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.problem_types import BINARY, MULTICLASS
from pipeline_code.steps.design_matrix import Design
from pipeline_code.steps.model import Matrix, ModelMetadata, Vector, sigmoid, softmax
from pipeline_code.steps.sampled_model import SampledModel

NETWORK_FILE: Final = "network.npz"

Arrays = dict[str, NDArray[Any]]

_ROWS_AT_ONCE: Final = 20_000
_LAYERS: Final = 3


class NetworkModel(SampledModel):
    """Two hidden layers with rectified units beside a linear part.

    ``arrays``: ``weights_i`` and ``bias_i`` of the layers, ``skip`` of the linear part,
    ``centre`` and ``spread`` of the target, and what `Design` needs.
    """

    file: ClassVar[str] = NETWORK_FILE

    def __init__(self, metadata: ModelMetadata, arrays: Arrays) -> None:
        super().__init__(metadata)
        self._arrays = arrays
        self._design = read_design(arrays)
        self._check()

    def _check(self) -> None:
        width = sum(self._design.levels.values()) + len(self._design.numbers)
        width += len(self._design.gaps)
        for layer in range(_LAYERS):
            weights, bias = self._arrays[f"weights_{layer}"], self._arrays[f"bias_{layer}"]
            if weights.ndim != 2 or weights.shape != (width, len(bias)):
                raise ValueError(f"has a layer {layer} that does not fit the one before")
            width = len(bias)
        first = len(self._arrays["weights_0"])
        if width != self.outputs or self._arrays["skip"].shape != (first, self.outputs):
            raise ValueError(f"has not one output for each of its {self.outputs} scores")

    @classmethod
    def read(cls, metadata: ModelMetadata, weights: bytes) -> NetworkModel:
        """Read the arrays from the bytes of their file; objects in it are refused."""
        try:
            with np.load(io.BytesIO(weights), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
        except (zipfile.BadZipFile, EOFError, ValueError, AttributeError) as error:
            raise ValueError("is no archive of arrays") from error
        try:
            return cls(metadata, arrays)
        except KeyError as error:
            raise ValueError(f"lacks the array {error.args[0]}") from error

    def weights(self) -> bytes:
        """Return the arrays; the same arrays give the same bytes."""
        file = io.BytesIO()
        np.savez(file, **self._arrays)  # type: ignore[arg-type] # names are ours, none is a flag
        return file.getvalue()

    def _predict(self, x: Matrix) -> Vector:
        parts = [self._scores(x[at : at + _ROWS_AT_ONCE]) for at in range(0, len(x), _ROWS_AT_ONCE)]
        return np.concatenate(parts)

    def _scores(self, x: Matrix) -> Vector:
        columns = self._design.columns(x)
        flow = columns
        for layer in range(_LAYERS):
            if layer:
                flow = np.maximum(flow, 0)
            flow = flow @ self._arrays[f"weights_{layer}"] + self._arrays[f"bias_{layer}"]
        margins = np.asarray(flow + columns @ self._arrays["skip"], dtype=np.float64)
        if self.metadata.problem == MULTICLASS:
            return softmax(margins)
        if self.metadata.problem == BINARY:
            return sigmoid(margins[:, 0])
        centre, spread = float(self._arrays["centre"]), float(self._arrays["spread"])
        return np.asarray(centre + spread * margins[:, 0])


def design_arrays(design: Design) -> Arrays:
    """Write a design as arrays."""
    return {
        "numbers": design.numbers,
        "mean": design.mean,
        "scale": design.scale,
        "gaps": design.gaps,
        "gap_share": design.gap_share,
        "levels": np.array(list(design.levels.items()), dtype=np.int64).reshape(-1, 2),
    }


def read_design(arrays: Arrays) -> Design:
    """Read what `design_arrays` wrote."""
    return Design(
        numbers=arrays["numbers"],
        mean=arrays["mean"],
        scale=arrays["scale"],
        gaps=arrays["gaps"],
        gap_share=arrays["gap_share"],
        levels={int(place): int(count) for place, count in arrays["levels"]},
    )
