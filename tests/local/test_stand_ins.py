"""Stand-ins take what an image of SageMaker takes and leave what it leaves."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_code import contract
from pipeline_code.core.foreign_algorithms import fixed_hyperparameters, tunable_settings
from pipeline_code.core.mxnet_params import read_params
from pipeline_code.local.stand_ins import linear_learner
from pipeline_code.local.stand_ins import xgboost as stand_in
from pipeline_code.local.stand_ins.container import Container, UserError, run
from pipeline_code.steps.foreign_rows import ForeignRows, write_parts
from pipeline_code.steps.package_model import package
from tests.foreign_tables import ALGORITHMS, foreign_rows
from tests.mixed_tables import PROBLEMS

METRICS = {"binary": "logloss", "multiclass": "mlogloss", "regression": "rmse"}
MAINS: Mapping[str, Callable[[Container], Mapping[str, Any]]] = {
    "aws:xgboost": stand_in.main,
    "aws:linear-learner": linear_learner.main,
}


def container_of(root: Path, rows: ForeignRows, **changed: str) -> Container:
    """Lay out ``/opt/ml`` as a training job finds it, with the hyperparameters of the lock."""
    usecase = rows.task.usecase
    channels = root / contract.TRAINING_INPUT
    write_parts(rows, channels / "train", channels / "validation")
    given = {
        **fixed_hyperparameters(usecase, METRICS[usecase.problem.type]),
        **{
            name: str(getattr(usecase.training, setting))
            for setting, name in tunable_settings(usecase).items()
        },
        **changed,
    }
    kinds = {name: {"ContentType": rows.algorithm.content_type} for name in ("train", "validation")}
    config = root / "input/config"
    config.mkdir(parents=True)
    (config / "hyperparameters.json").write_text(json.dumps(given))
    (config / "inputdataconfig.json").write_text(json.dumps(kinds))
    return Container(root)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_what_a_stand_in_leaves_is_packaged(algorithm: str, problem: str, tmp_path: Path) -> None:
    """Encode, train, package: better than to say the mean, on rows that it has not seen."""
    rows = foreign_rows(problem, algorithm)
    figures = MAINS[algorithm](container_of(tmp_path, rows))
    packaged = package(tmp_path / contract.MODEL_FOLDER, rows)

    scores, truth = packaged.model.predict(rows.validation.x), rows.validation.y
    if problem == "regression":
        assert np.mean((scores - truth) ** 2) < 0.5 * truth.var()
    else:
        chosen = scores.argmax(axis=1) if problem == "multiclass" else scores > 0.5
        assert np.mean(chosen == truth) > 0.75
    assert figures["rows_in"] == 600


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_same_rows_leave_the_same_bytes(algorithm: str, tmp_path: Path) -> None:
    """`reproduce` compares them."""
    rows = foreign_rows("binary", algorithm)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        MAINS[algorithm](container_of(tmp_path / name, rows))
    (one,), (two,) = (
        list((tmp_path / name / contract.MODEL_FOLDER).iterdir()) for name in ("one", "two")
    )

    assert one.read_bytes() == two.read_bytes()


def test_boosting_ends_early_and_keeps_the_best_round(tmp_path: Path) -> None:
    """As the container does."""
    rows = foreign_rows("binary", "aws:xgboost", n_estimators=300, early_stopping_rounds=5)

    assert stand_in.main(container_of(tmp_path, rows))["rounds"] < 250


def test_weights_lie_where_the_linear_learner_keeps_them(tmp_path: Path) -> None:
    """A zip in the archive, with the parameters of an MXNet module."""
    rows = foreign_rows("multiclass", "aws:linear-learner")
    linear_learner.main(container_of(tmp_path, rows))

    with zipfile.ZipFile(tmp_path / "model/model_algo-1") as packed:
        params = read_params(packed.read("mx-mod-0000.params"))

    assert params["fc0_weight"].shape == (3, rows.design.width)


@pytest.mark.parametrize(
    ("algorithm", "changed", "says"),
    [
        ("aws:xgboost", {"max_detph": "3"}, "'max_detph' is unknown .*; did you mean 'max_depth'"),
        ("aws:xgboost", {"objective": "rank:wrong"}, "Unknown objective function"),
        ("aws:xgboost", {"num_round": "many"}, "invalid literal"),
        ("aws:linear-learner", {"wd": "0.1"}, "'wd' is unknown to the stand-in"),
        ("aws:linear-learner", {"predictor_type": "ranker"}, "'ranker' is none of"),
        ("aws:linear-learner", {"mini_batch_size": "401"}, "larger than the 400 rows"),
    ],
)
def test_what_the_container_refuses_is_refused(
    algorithm: str, changed: dict[str, str], says: str, tmp_path: Path
) -> None:
    """Here and not in the cloud, after minutes."""
    rows = foreign_rows("binary", algorithm)
    with pytest.raises(UserError, match=says):
        MAINS[algorithm](container_of(tmp_path, rows, **changed))


def test_rows_of_another_kind_are_refused(tmp_path: Path) -> None:
    """The container guesses nothing."""
    rows = foreign_rows("binary", "aws:xgboost")
    container = container_of(tmp_path, rows)
    kinds = {"train": {"ContentType": "text/libsvm"}, "validation": {}}
    (tmp_path / "input/config/inputdataconfig.json").write_text(json.dumps(kinds))
    with pytest.raises(UserError, match="text/libsvm is not an accepted ContentType of train"):
        stand_in.main(container)


def test_a_mistake_is_the_failure_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the words of the real container."""

    def fail(_: Container) -> Mapping[str, Any]:
        raise UserError("no data in the channel train")

    monkeypatch.setenv(contract.ML_ROOT_VARIABLE, str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        run(fail)

    assert ended.value.code == contract.EXIT_REFUSED
    failure = (tmp_path / contract.FAILURE_FILE).read_text()
    assert failure == "Customer Error: no data in the channel train"
    assert "no data" in capsys.readouterr().err
