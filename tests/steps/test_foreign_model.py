"""What another image left becomes a model of ours: the same scores, or a refusal."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

from pipeline_code.core.mxnet_params import write_params
from pipeline_code.steps.foreign_model import UnusableArtifactError, read_artifact
from pipeline_code.steps.foreign_rows import ForeignRows
from pipeline_code.steps.model import sigmoid, softmax
from pipeline_code.steps.package_model import package
from pipeline_code.steps.predict import load_model, save_model
from pipeline_code.steps.train import train
from pipeline_code.steps.train_estimator import fit_estimator
from tests.foreign_tables import IMAGE, foreign_rows
from tests.mixed_tables import PROBLEMS, mixed_rows, mixed_usecase

OBJECTIVES: dict[str, dict[str, Any]] = {
    "binary": {"objective": "binary:logistic"},
    "multiclass": {"objective": "multi:softprob", "num_class": 3},
    "regression": {"objective": "reg:squarederror"},
}


def _booster(rows: ForeignRows, rounds: int = 5, **more: Any) -> xgboost.Booster:
    data = xgboost.DMatrix(rows.training.x, label=rows.training.y)
    settings = {**OBJECTIVES[rows.task.usecase.problem.type], "nthread": 1, **more}
    return xgboost.train(settings, data, num_boost_round=rounds)


def _linear(folder: Path, **arrays: Any) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("mx-mod-0000.params", write_params(arrays))
    (folder / "model_algo-1").write_bytes(packed.getvalue())


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_booster_scores_as_it_did(problem: str, tmp_path: Path) -> None:
    """Bit for bit: it is the same library and the same file."""
    rows = foreign_rows(problem, "aws:xgboost")
    booster = _booster(rows)
    booster.save_model(tmp_path / "model.ubj")
    (tmp_path / "model.ubj").rename(tmp_path / "xgboost-model")

    model = read_artifact(tmp_path, rows).model

    expected = booster.predict(xgboost.DMatrix(rows.validation.x))
    assert np.array_equal(model.predict(rows.validation.x).astype(np.float32), expected)
    assert model.metadata.hyperparameters["image"] == "aws:xgboost"


def test_trees_after_the_best_round_are_left_out(tmp_path: Path) -> None:
    """An image may note the best round and keep all trees."""
    rows = foreign_rows("binary", "aws:xgboost")
    booster = _booster(rows, 10)
    booster.set_attr(best_iteration="3")
    (tmp_path / "xgboost-model").write_bytes(bytes(booster.save_raw("ubj")))

    model = read_artifact(tmp_path, rows).model

    expected = booster[:4].predict(xgboost.DMatrix(rows.validation.x))
    assert np.array_equal(model.predict(rows.validation.x).astype(np.float32), expected)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_linear_weights_mean_what_they_meant_there(problem: str, tmp_path: Path) -> None:
    """Weights on standardised columns, a regression's in units of its target."""
    rows = foreign_rows(problem, "aws:linear-learner")
    random = np.random.default_rng(0)
    outputs = 3 if problem == "multiclass" else 1
    weight = random.normal(size=(outputs, rows.design.width)).astype(np.float32)
    bias = random.normal(size=outputs).astype(np.float32)
    _linear(tmp_path, fc0_weight=weight, fc0_bias=bias)

    scores = read_artifact(tmp_path, rows).model.predict(rows.validation.x)

    margins = rows.design.columns(rows.validation.x) @ weight.T.astype(float) + bias
    mean, scale = rows.target_unit
    expected = {
        "binary": sigmoid(margins[:, 0]),
        "multiclass": softmax(margins),
        "regression": margins[:, 0] * scale + mean,
    }[problem]
    assert np.allclose(scores, expected, rtol=1e-6)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_graph_of_any_image_is_read(problem: str, tmp_path: Path) -> None:
    """ONNX from the codes to the scores, the last output."""
    rows = foreign_rows(problem, IMAGE)
    estimator = "Ridge" if problem == "regression" else "LogisticRegression"
    ours = mixed_usecase(problem, algorithm=f"sklearn:sklearn.linear_model.{estimator}")
    task = type(rows.task)(ours, rows.task.categories)
    graph = fit_estimator(rows.training, rows.validation, task).model
    (tmp_path / "model.onnx").write_bytes(graph.weights())

    model = read_artifact(tmp_path, rows).model

    assert np.array_equal(model.predict(rows.validation.x), graph.predict(rows.validation.x))


def test_a_packaged_model_is_one_like_any_other(tmp_path: Path) -> None:
    """Saved, read, with a threshold by cost and a probe: the server asks for no more."""
    rows = foreign_rows("binary", "aws:xgboost")
    (tmp_path / "xgboost-model").write_bytes(bytes(_booster(rows).save_raw("ubj")))
    packaged = package(tmp_path, rows)
    save_model(packaged.model, tmp_path / "saved")
    model = load_model(tmp_path / "saved")

    assert np.array_equal(
        model.predict(rows.validation.x), packaged.model.predict(rows.validation.x)
    )
    assert model.metadata.probe is not None
    assert model.metadata.probe.deviation(model.predict(model.metadata.probe.matrix)) < 1e-6
    assert packaged.record["threshold"]["chosen_on"] == "validation"
    assert packaged.record["validation_score"]["value"] > 0
    assert json.loads(json.dumps(packaged.record))["artifact"] == "xgboost-model"


@pytest.mark.parametrize("problem", PROBLEMS)
def test_our_own_training_makes_nearly_the_same_model(problem: str, tmp_path: Path) -> None:
    """What another image needs two steps more for is the same learning on the same rows."""
    rows = foreign_rows(problem, "aws:xgboost")
    booster = _booster(
        rows, 30, max_depth=3, eta=0.1, tree_method="hist", max_bin=1024, **{"lambda": 1.0}
    )
    (tmp_path / "xgboost-model").write_bytes(bytes(booster.save_raw("ubj")))
    theirs = package(tmp_path, rows).record["validation_score"]["value"]

    table = mixed_rows(problem, 600)
    training, validation = (
        {name: one[part] for name, one in table.items()} for part in (np.s_[:400], np.s_[400:])
    )
    ours = train(training, validation, mixed_usecase(problem)).record["validation_score"]["value"]

    assert theirs == pytest.approx(ours, rel=0.05)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("xgboost-model", pickle.dumps({}), "is a pickle, which could run anything"),
        ("xgboost-model", b"{}", "is no booster"),
        ("model_algo-1", b"PK", "File is not a zip file"),
        ("model.onnx", b"onnx", "is no ONNX model"),
        ("model.pkl", b"x", r"is none of ours \(model.pkl\)"),
    ],
)
def test_what_is_no_model_is_refused(name: str, content: bytes, says: str, tmp_path: Path) -> None:
    """With what an image must leave."""
    (tmp_path / name).write_bytes(content)
    rows = foreign_rows("binary", IMAGE)
    with pytest.raises(UnusableArtifactError, match=f"{says}.*must leave xgboost-model"):
        read_artifact(tmp_path, rows)


def test_an_empty_archive_is_refused(tmp_path: Path) -> None:
    """An image that left nothing ended well all the same."""
    with pytest.raises(UnusableArtifactError, match=r"none of ours \(nothing\)"):
        read_artifact(tmp_path, foreign_rows("binary", IMAGE))


@pytest.mark.parametrize(
    ("trained", "asked", "says"),
    [
        ("multiclass", "binary", r"gives scores of shape \(100, 3\)"),
        ("regression", "binary", "no probabilities"),
        ("binary", "multiclass", r"gives scores of shape \(100,\)"),
    ],
)
def test_a_model_of_another_problem_is_refused(
    trained: str, asked: str, says: str, tmp_path: Path
) -> None:
    """Its scores would be read as what they are not."""
    booster = _booster(foreign_rows(trained, "aws:xgboost"))
    (tmp_path / "xgboost-model").write_bytes(bytes(booster.save_raw("ubj")))
    with pytest.raises(UnusableArtifactError, match=says):
        read_artifact(tmp_path, foreign_rows(asked, "aws:xgboost"))


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"fc0_weight": np.ones((1, 3), np.float32)}, "has no fc0_weight and fc0_bias"),
        (
            {"fc0_weight": np.ones((1, 3), np.float32), "fc0_bias": np.ones(1, np.float32)},
            "has 3 weights an output and 1 outputs, where",
        ),
    ],
)
def test_weights_of_other_columns_are_refused(
    arrays: dict[str, Any], says: str, tmp_path: Path
) -> None:
    """They would be multiplied with the wrong columns."""
    _linear(tmp_path, **arrays)
    with pytest.raises(UnusableArtifactError, match=says):
        read_artifact(tmp_path, foreign_rows("binary", "aws:linear-learner"))
