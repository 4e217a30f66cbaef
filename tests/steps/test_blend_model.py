"""A blend is the mean of its members, in scores and in explanations."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline_code.steps.blend_model import BlendModel, blended
from pipeline_code.steps.matrix import feature_matrix
from pipeline_code.steps.model import Model, sigmoid, softmax
from pipeline_code.steps.predict import UnreadableModelError, load_model, save_model
from pipeline_code.steps.train import train
from tests.mixed_tables import PROBLEMS, mixed_rows, mixed_usecase


def blend(problem: str) -> BlendModel:
    """Blend a linear model and some trees."""
    rows = mixed_rows(problem)
    members: list[Model] = [
        train(rows, rows, mixed_usecase(problem, algorithm=algorithm)).model
        for algorithm in ("linear", "lightgbm")
    ]
    update = {"algorithm": "blend", "weights": "blend.json"}
    return BlendModel(members[0].metadata.model_copy(update=update), members)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_blend_averages_margins_and_explains_them_exactly(problem: str, tmp_path: Path) -> None:
    """What is read back is the same, bit for bit."""
    model = blend(problem)
    x = feature_matrix(mixed_rows(problem, 30, seed=1), model.features, "rows", model.categories)
    margins = np.mean([one.explain(x) for one in model.members], axis=0).sum(axis=-1)
    turn = {"binary": sigmoid, "multiclass": softmax, "regression": np.asarray}[problem]
    np.testing.assert_allclose(model.predict(x), turn(margins), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.explain(x).sum(axis=-1), margins)

    save_model(model, tmp_path)
    again = load_model(tmp_path)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    np.testing.assert_array_equal(again.explain(x), model.explain(x))
    gain = again.gain()
    assert gain is not None
    assert sum(gain.values()) == pytest.approx(1)


def test_certain_members_are_blended_without_overflow() -> None:
    """A probability of 0 or 1 has no log odds."""
    sure, unsure = np.array([0.0, 1.0]), np.array([0.5, 0.5])
    found = blended([sure, unsure], "binary")
    assert 0 < found[0] < 1e-4
    assert 1 - 1e-4 < found[1] < 1
    classes = blended([np.array([[0.0, 1.0, 0.0]]), np.full((1, 3), 1 / 3)], "multiclass")
    np.testing.assert_allclose(classes.sum(), 1)
    np.testing.assert_array_equal(blended([sure, unsure], "regression"), [0.25, 0.75])


def test_members_of_other_columns_or_kinds_are_refused(tmp_path: Path) -> None:
    """A file with the right hash may still hold something else."""
    model = blend("binary")
    other = model.members[0]
    stranger = model.metadata.model_copy(update={"features": ("a",), "categories": {}})
    with pytest.raises(ValueError, match="member of other features"):
        BlendModel(stranger, [other])
    document = json.loads(model.weights())
    document["members"][0]["metadata"]["algorithm"] = "pickle"
    with pytest.raises(ValueError, match="unknown algorithm pickle"):
        BlendModel.read(model.metadata, json.dumps(document).encode())
    with pytest.raises(ValueError, match="members"):
        BlendModel.read(model.metadata, b'{"members": []}')
    save_model(model, tmp_path)
    (tmp_path / "blend.json").write_bytes(b"{}")
    with pytest.raises(UnreadableModelError, match="other than the one it was saved with"):
        load_model(tmp_path)
