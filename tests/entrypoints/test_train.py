"""The training job reads its channels, leaves a model, and refuses broken input in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_code.core.errors import MissingColumnsError, SettingsError
from pipeline_code.core.tables import UnreadableTableError, read_columns, write_columns
from pipeline_code.core.usecase import UseCase
from pipeline_code.entrypoints.job import Job
from pipeline_code.entrypoints.train import main
from pipeline_code.steps.matrix import UnusableColumnError, feature_matrix
from pipeline_code.steps.predict import load_model
from pipeline_code.steps.train import train

TRAIN = "input/data/train/train.parquet"
HYPERPARAMETERS = "input/config/hyperparameters.json"


@pytest.fixture
def job(tmp_path: Path, small_folder: Path, make_rows: Callable[..., Any]) -> Job:
    """A container with both channels and hyperparameters."""
    root = tmp_path / "ml"
    write_columns(root / TRAIN, make_rows())
    write_columns(root / "input/data/validation/validation.parquet", make_rows(seed=1))
    path = root / HYPERPARAMETERS
    path.parent.mkdir(parents=True)
    given = {"usecase": "small", "max_depth": "2", "seed": "3", "sagemaker_region": "eu-west-1"}
    path.write_text(json.dumps(given), encoding="utf-8")
    return Job(root=root, usecases=small_folder)


def test_job_leaves_the_model_its_record_and_a_summary(
    job: Job, small_usecase: UseCase, capsys: pytest.CaptureFixture[str]
) -> None:
    """The model in the folder is the one the step returns for these settings."""
    main(job, [])

    columns = [*small_usecase.features.inputs, "FRAUD"]
    rows = read_columns(job.root / TRAIN, columns)
    held_out = read_columns(job.root / "input/data/validation/validation.parquet", columns)
    settings = {"training.max_depth": "2", "training.seed": "3"}
    expected = train(rows, held_out, small_usecase.with_settings(settings)).model
    x = feature_matrix(rows, expected.features, "rows")
    found = load_model(job.root / "model")
    np.testing.assert_array_equal(found.predict(x), expected.predict(x))
    assert found.metadata.hyperparameters["max_depth"] == 2

    record = json.loads((job.root / "output/data/training.json").read_text(encoding="utf-8"))
    assert record["train"]["rows"] == 400
    (summary,) = [
        json.loads(line.removeprefix("acequia.summary "))
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("acequia.summary ")
    ]
    assert summary["rows_in"] == summary["rows_out"] == 800
    assert summary["quarantined"] == summary["deduplicated"] == 0


def test_misspelt_hyperparameter_is_refused(job: Job) -> None:
    """A setting that nothing reads would be believed to work."""
    path = job.root / HYPERPARAMETERS
    path.write_text(json.dumps({"usecase": "small", "max_dept": "2"}), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"did you mean 'training\.max_depth'"):
        main(job, [])


def test_broken_channels_are_refused_and_leave_no_model(
    job: Job, make_rows: Callable[..., Any]
) -> None:
    """Nothing half-made may be registered."""
    path = job.root / TRAIN
    rows = make_rows()
    whole = path.read_bytes()

    path.unlink()
    with pytest.raises(UnreadableTableError):
        main(job, [])
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableTableError):
        main(job, [])
    write_columns(path, {**rows, "FRAUD": np.where(rows["ID"] == 3, np.nan, rows["FRAUD"])})
    with pytest.raises(UnusableColumnError, match="missing in 1 rows"):
        main(job, [])
    write_columns(path, {name: rows[name] for name in rows if name != "night"})
    with pytest.raises(MissingColumnsError, match="night"):
        main(job, [])
    assert not (job.root / "model").exists()
