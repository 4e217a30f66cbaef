"""The model as the server uses it: two libraries, the same numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_code.core.usecase import Costs
from pipeline_code.steps.onnx_scorer import FEW
from pipeline_code.steps.predict import (
    BOOSTER_FILE,
    ONNX_FILE,
    Matrix,
    Model,
    ModelMetadata,
    UnreadableModelError,
    Vector,
    XgboostModel,
    save_model,
)
from pipeline_code.steps.served_model import ServedModel, UnhealthyModelError

FEATURES = ("A", "B", "C")


def boosted(x: Matrix, *, rounds: int = 20, seed: int = 0) -> XgboostModel:
    """Train a booster on noise with missing values."""
    import xgboost

    y = np.nan_to_num(x[:, 0]) + np.nan_to_num(x[:, 1]) ** 2 > 1
    settings = {"objective": "binary:logistic", "max_depth": 4, "nthread": 1, "seed": seed}
    booster = xgboost.train(settings, xgboost.DMatrix(x, y), rounds)
    metadata = ModelMetadata(
        algorithm="xgboost",
        usecase="fraud",
        features=FEATURES,
        target="T",
        threshold=0.5,
        costs=Costs(false_positive=1, false_negative=5),
        hyperparameters={},
        weights=BOOSTER_FILE,
        weights_hash="",
    )
    return XgboostModel(metadata, booster)


@pytest.fixture(scope="module")
def rows() -> Matrix:
    """Rows of three features, one value in ten missing."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(500, 3)).astype(np.float32)
    x[generator.random(x.shape) < 0.1] = np.nan
    return x


@pytest.fixture
def folder(rows: Matrix, tmp_path: Path) -> Path:
    """A saved booster with its probe."""
    save_model(boosted(rows).with_probe(rows[:20]), tmp_path)
    return tmp_path


def test_one_row_and_many_get_the_same_scores(folder: Path, rows: Matrix) -> None:
    """A row's score must not depend on how many others came with it."""
    model = ServedModel.read(folder)
    many = model.predict(rows)
    single = np.concatenate([model.predict(rows[index : index + 1]) for index in range(100)])

    assert np.abs(single - many[:100]).max() < 1e-5


def test_few_rows_get_the_scores_of_single_ones_bit_for_bit(folder: Path, rows: Matrix) -> None:
    """Requests that arrive together are scored together: none may see it in its score."""
    model = ServedModel.read(folder)
    single = np.concatenate([model.predict(rows[index : index + 1]) for index in range(FEW)])

    for count in range(2, FEW + 1):
        together = model.predict(rows[:count])
        assert together.tolist() == single[:count].tolist()


def test_scores_stay_what_they_are_when_others_are_scored(folder: Path, rows: Matrix) -> None:
    """The memory of the session is used again, the array that was returned is not in it."""
    model = ServedModel.read(folder)
    first = model.predict(rows[:2])
    kept = first.tolist()
    model.predict(rows[2:4])

    assert first.tolist() == kept


def test_a_row_is_scored_without_the_library_of_the_booster(folder: Path) -> None:
    """Its import costs the start of a server a second."""
    script = (
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from pipeline_code.steps.served_model import ServedModel\n"
        "model = ServedModel.read(Path(sys.argv[1]))\n"
        "model.check(); model.predict(np.zeros((1, 3), dtype=np.float32))\n"
        "assert not {'xgboost', 'sklearn', 'duckdb', 'pandas'} & sys.modules.keys()\n"
        "model.predict(np.zeros((1_000, 3), dtype=np.float32))\n"
        "assert 'xgboost' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script, str(folder)], check=True, timeout=60)


def _change_metadata(folder: Path, **changes: Any) -> None:
    path = folder / "model.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**document, **changes}), encoding="utf-8")


def test_onnx_that_scores_otherwise_is_unhealthy(
    folder: Path, rows: Matrix, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Two libraries that disagree must not serve: nobody knows which one is right."""
    other = tmp_path_factory.mktemp("other")
    save_model(boosted(rows, rounds=5).with_probe(rows[:20]), other)
    (folder / ONNX_FILE).write_bytes((other / ONNX_FILE).read_bytes())
    theirs = json.loads((other / "model.json").read_text(encoding="utf-8"))
    _change_metadata(folder, onnx_hash=theirs["onnx_hash"])

    with pytest.raises(UnhealthyModelError, match="for single rows"):
        ServedModel.read(folder).check()


def test_booster_that_scores_otherwise_makes_the_server_unhealthy(
    folder: Path, rows: Matrix, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It is loaded late; from then on the health check says so as well."""
    other = tmp_path_factory.mktemp("other")
    save_model(boosted(rows, rounds=5).with_probe(rows[:20]), other)
    (folder / BOOSTER_FILE).write_bytes((other / BOOSTER_FILE).read_bytes())
    theirs = json.loads((other / "model.json").read_text(encoding="utf-8"))
    _change_metadata(folder, weights_hash=theirs["weights_hash"])
    model = ServedModel.read(folder)
    model.check()

    with pytest.raises(UnhealthyModelError, match="for many rows"):
        model.predict(rows)
    with pytest.raises(UnhealthyModelError, match="broke after the start"):
        model.check()


@pytest.mark.parametrize("name", [ONNX_FILE, BOOSTER_FILE])
@pytest.mark.parametrize("content", [None, b"", b"no model"])
def test_damaged_files_are_refused_at_the_start(
    folder: Path, name: str, content: bytes | None
) -> None:
    """Not by the first large request an hour later."""
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)

    with pytest.raises(UnreadableModelError, match=name):
        ServedModel.read(folder)


def test_a_model_of_an_earlier_release_is_served(folder: Path, rows: Matrix) -> None:
    """Versions in the registry have neither ONNX nor a probe."""
    _change_metadata(folder, onnx_hash=None, probe=None)
    (folder / ONNX_FILE).unlink()
    model = ServedModel.read(folder)
    model.check()

    assert model.predict(rows).shape == (500,)


def test_explanations_are_those_of_the_booster(folder: Path, rows: Matrix) -> None:
    """Base value and contributions add up to the log odds of the score."""
    model = ServedModel.read(folder)
    odds = model.explain(rows[:5]).sum(axis=1)

    assert np.allclose(1 / (1 + np.exp(-odds)), model.predict(rows[:5]), atol=1e-5)


class Fixed(Model):
    """A model that says the same whatever it is given."""

    def __init__(self, metadata: ModelMetadata, scores: Any) -> None:
        super().__init__(metadata)
        self._scores = np.array(scores, dtype=np.float64)

    def gain(self) -> None:
        """Have no splits."""

    def weights(self) -> bytes:
        """Have no weights."""
        return b""

    def _predict(self, x: Matrix) -> Vector:  # noqa: ARG002 - whatever it is given
        return self._scores

    def _explain(self, x: Matrix) -> Vector:
        return np.zeros((len(x), 2))


def served(problem: str, trained: Any, now: Any) -> ServedModel:
    """Serve a model of two probe rows that scores otherwise now."""
    metadata = ModelMetadata.model_validate(
        {
            "algorithm": "linear",
            "usecase": "u",
            "problem": problem,
            "classes": ("x", "y", "z") if problem == "multiclass" else (),
            "features": ("A",),
            "target": "T",
            "threshold": 0.5,
            "costs": {},
            "hyperparameters": {},
            "weights": "w",
            "weights_hash": "",
            "probe": {"rows": ((0.0,), (1.0,)), "scores": trained},
        }
    )
    model = Fixed(metadata, now)
    return ServedModel(metadata, model, lambda: model)


@pytest.mark.parametrize(
    ("problem", "trained", "now", "says"),
    [
        ("regression", (1e-6, 3e-6), (1e-6, 3.1e-6), "beside what it scored"),
        ("regression", (0.0, 1.0), (0.0, np.nan), "not finite"),
        ("regression", (0.0, 1.0), ((0.0, 1.0), (0.0, 1.0)), "of shape"),
        ("multiclass", ((1, 0, 0), (0, 1, 0)), ((1, 0, 0), (0, 0.9, 0.1)), "beside what"),
        ("multiclass", ((1, 0, 0), (0, 1, 0)), ((1, 0, 0), (0, 2, 0)), "no probability"),
        ("multiclass", ((1, 0, 0), (0, 1, 0)), (1, 0), "of shape"),
    ],
)
def test_another_score_of_any_problem_is_unhealthy(
    problem: str, trained: Any, now: Any, says: str
) -> None:
    """A small target hides no large error, and scores of another shape are none."""
    with pytest.raises(UnhealthyModelError, match=says):
        served(problem, trained, now).check()


@pytest.mark.parametrize(
    ("problem", "trained", "now"),
    [
        ("regression", (1e6, -2e6), (1e6 + 5, -2e6)),
        ("regression", (0.0, 0.0), (0.0, 0.0)),
        ("multiclass", ((1, 0, 0), (0, 1, 0)), ((1, 0, 0), (1e-6, 1 - 1e-6, 0))),
    ],
)
def test_rounding_is_no_other_score(problem: str, trained: Any, now: Any) -> None:
    """A value of millions has seven digits in 32 bits, as a probability has."""
    served(problem, trained, now).check()


def test_a_number_for_a_missing_value_is_missing_for_one_row_and_for_many(
    rows: Matrix, tmp_path: Path
) -> None:
    """Prepare has made it missing in what the model learned from; a request has it still."""
    trained = boosted(rows)
    trained.metadata = trained.metadata.model_copy(update={"missing": {"B": (999.0, -1.5)}})
    save_model(XgboostModel(trained.metadata, trained._booster).with_probe(rows[:20]), tmp_path)
    model = ServedModel.read(tmp_path)
    sent, known = rows[: FEW + 5].copy(), rows[: FEW + 5].copy()
    sent[::2, 1], sent[1::2, 1] = 999.0, -1.5
    sent[:, 2] = known[:, 2] = 999.0
    known[:, 1] = np.nan

    assert model.predict(sent[:1]).tolist() == model.predict(known[:1]).tolist()
    assert model.predict(sent).tolist() == model.predict(known).tolist()
    assert model.explain(sent[:5]).tolist() == model.explain(known[:5]).tolist()
    assert sent[0, 1] == 999.0, "the rows of a request are not changed"
