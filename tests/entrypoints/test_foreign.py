"""Encode and PackageModel as jobs: folders in, folders out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import xgboost
import yaml

from pipeline_code import contract
from pipeline_code.core.archives import pack
from pipeline_code.core.tables import read_columns, write_columns
from pipeline_code.entrypoints import encode, package_model
from pipeline_code.entrypoints.foreign import OwnAlgorithmError
from pipeline_code.entrypoints.job import Job
from pipeline_code.steps.archive import unpack_model
from pipeline_code.steps.predict import load_model
from tests.mixed_tables import mixed_rows, mixed_usecase


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """The folders as Prepare leaves them, and a use case of ``aws:xgboost``."""
    job = Job(root=tmp_path / "ml", usecases=tmp_path / "usecases")
    describe(job, "aws:xgboost")
    rows = mixed_rows("binary", 600)
    for channel, file, part in (
        (contract.TRAIN_CHANNEL, contract.TRAIN_FILE, np.s_[:400]),
        (contract.VALIDATION, contract.VALIDATION_FILE, np.s_[400:]),
    ):
        write_columns(job.input(channel) / file, {name: one[part] for name, one in rows.items()})
    return job


def describe(job: Job, algorithm: str) -> None:
    """Write the use case into the folder of the job."""
    folder = job.usecase_folder("mixed")
    folder.mkdir(parents=True, exist_ok=True)
    document = mixed_usecase("binary", algorithm=algorithm).model_dump(
        mode="json", exclude_unset=True
    )
    (folder / "usecase.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")


def test_what_an_image_trained_comes_back_as_a_model_of_ours(
    job: Job, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the rows that Encode wrote to the archive that Evaluate reads."""
    encode.main(job, ["--usecase", "mixed", "--training.seed", "1", "--files", "2"])
    parts = [
        np.column_stack(list(read_columns(path).values()))
        for path in sorted(job.output(contract.ENCODED_TRAIN).iterdir())
    ]
    table = np.vstack(parts)
    booster = xgboost.train(
        {"objective": "binary:logistic", "nthread": 1},
        xgboost.DMatrix(table[:, 1:], label=table[:, 0]),
        num_boost_round=20,
    )
    (tmp_path / "xgboost-model").write_bytes(bytes(booster.save_raw("ubj")))
    job.input(contract.ARTIFACT).mkdir(parents=True)
    archive = job.input(contract.ARTIFACT) / contract.MODEL_ARCHIVE
    pack([("xgboost-model", tmp_path / "xgboost-model")], archive)

    package_model.main(job, ["--usecase", "mixed", "--training.seed", "1"])

    packed = job.output(contract.MODEL) / contract.MODEL_ARCHIVE
    model = load_model(unpack_model(packed, tmp_path / "model"))
    record = json.loads((job.output(contract.TRAINING) / contract.TRAINING_FILE).read_text())
    said = capsys.readouterr().out
    assert len(parts) == 2
    assert model.metadata.hyperparameters["image"] == "aws:xgboost"
    assert model.metadata.hyperparameters["seed"] == 1
    assert record["validation"]["rows"] == 200
    assert said.count(contract.SUMMARY_PREFIX) == 2


@pytest.mark.parametrize("main", [encode.main, package_model.main])
def test_an_algorithm_of_ours_needs_neither(job: Job, main: object) -> None:
    """The lock is older than the use case."""
    describe(job, "xgboost")
    assert callable(main)
    with pytest.raises(OwnAlgorithmError, match=r"xgboost trains in this image.*acequia compile"):
        main(job, ["--usecase", "mixed"])
