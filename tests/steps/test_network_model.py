"""A network is a few arrays: no PyTorch scores it, and nothing in its file is executed."""

from __future__ import annotations

import io
import sys
import time
from typing import Any

import numpy as np
import pytest

from pipeline_code.steps.design_matrix import Design
from pipeline_code.steps.model import ModelMetadata
from pipeline_code.steps.network_model import NetworkModel, design_arrays, read_design
from pipeline_code.steps.train import train
from pipeline_code.steps.train_torch import NoTorchError
from tests.mixed_tables import mixed_rows, mixed_usecase


def metadata(problem: str = "regression") -> ModelMetadata:
    """Describe a model of a number with gaps and a category."""
    return ModelMetadata.model_validate(
        {
            "algorithm": "torch",
            "usecase": "small",
            "problem": problem,
            "classes": ("x", "y", "z") if problem == "multiclass" else (),
            "features": ("kind", "size"),
            "categories": {"kind": ["a"]},
            "target": "y",
            "threshold": 0.5,
            "costs": {},
            "hyperparameters": {},
            "weights": "network.npz",
            "weights_hash": "",
        }
    )


def arrays(outputs: int = 1, **changes: Any) -> dict[str, Any]:
    """Write a network by hand: columns size, its gap, and a, other and missing of kind."""
    rows = np.array([[0, 1], [1, 3], [np.nan, np.nan], [0, 5]], dtype=np.float32)
    design = Design.of(rows, ("kind", "size"), {"kind": ("a",)})
    return {
        "weights_0": np.array([[1.0, -1], [0, 0], [0, 0], [2, 0], [0, 0]]),
        "bias_0": np.zeros(2),
        "weights_1": np.eye(2),
        "bias_1": np.array([0.0, -1.0]),
        "weights_2": np.ones((2, outputs)),
        "bias_2": np.full(outputs, 0.5),
        "skip": np.vstack([np.zeros((4, outputs)), np.full((1, outputs), 7.0)]),
        "centre": np.array(100.0),
        "spread": np.array(10.0),
        **design_arrays(design),
        **changes,
    }


def test_scores_are_those_worked_out_by_hand() -> None:
    """Layers with rectified units, the linear part, and the target's own scale."""
    model = NetworkModel(metadata(), arrays())
    size = (9 - 3) / np.sqrt(2)  # mean 3; the spread counts the missing row as the mean
    found = model.predict(np.array([[0, 9], [1, 3], [np.nan, 3]], dtype=np.float32))
    np.testing.assert_allclose(
        found, [100 + 10 * (size + 0.5), 100 + 10 * (2 + 0.5), 100 + 10 * (7 + 0.5)]
    )


def test_design_survives_as_arrays() -> None:
    """Columns are those of the training."""
    rows = np.array([[0, 1], [np.nan, np.nan]], dtype=np.float32)
    one = Design.of(rows, ("kind", "size"), {"kind": ("a",)})
    np.testing.assert_array_equal(read_design(design_arrays(one)).columns(rows), one.columns(rows))
    plain = Design.of(rows, ("kind", "size"), {})
    assert read_design(design_arrays(plain)).levels == {}


@pytest.mark.parametrize("problem", ["binary", "multiclass"])
def test_probabilities_add_up(problem: str) -> None:
    """One for each class, or of the positive one."""
    model = NetworkModel(metadata(problem), arrays(3 if problem == "multiclass" else 1))
    found = model.predict(np.array([[0, 9]] * 3, dtype=np.float32))
    if problem == "multiclass":
        np.testing.assert_allclose(found, np.full((3, 3), 1 / 3))
    else:
        assert ((found > 0.9) & (found < 1)).all()


def test_file_is_the_same_whenever_it_is_written() -> None:
    """The step cache hashes content, and an archive may carry the time."""
    model = NetworkModel(metadata(), arrays())
    first = model.weights()
    time.sleep(2.1)  # the step of an archive's clock
    assert model.weights() == first
    again = NetworkModel.read(metadata(), first)
    rows = np.array([[0, 9]], dtype=np.float32)
    np.testing.assert_array_equal(again.predict(rows), model.predict(rows))


def saved(**content: Any) -> bytes:
    """Write an archive of arrays, objects among them."""
    file = io.BytesIO()
    np.savez(file, **content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PK no archive", "is no archive of arrays"),
        (b"", "is no archive of arrays"),
        (saved(**{**arrays(), "bias_0": np.array([print], dtype=object)}), "no archive of arrays"),
        (saved(**{name: one for name, one in arrays().items() if name != "skip"}), "array skip"),
        (saved(**arrays(bias_1=np.zeros(3))), "layer 1 that does not fit"),
        (saved(**arrays(outputs=2)), "one output for each of its 1"),
    ],
)
def test_file_that_is_no_network_is_refused(content: bytes, says: str) -> None:
    """Objects are refused unread: that is what pickle would execute."""
    with pytest.raises(ValueError, match=says):
        NetworkModel.read(metadata(), content)


def test_missing_pytorch_is_said_with_the_extra_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Serving and every other algorithm do without."""
    monkeypatch.setitem(sys.modules, "torch", None)
    rows = mixed_rows("binary")
    with pytest.raises(NoTorchError, match=r"pip install 'acequia\[torch\]'"):
        train(rows, rows, mixed_usecase("binary", algorithm="torch"))
