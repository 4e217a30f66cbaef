"""WriteManifest writes one file, or none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline_code import contract
from pipeline_code.entrypoints.job import Job
from pipeline_code.entrypoints.write_manifest import main
from pipeline_code.steps.manifest import LostRowsError

ARGUMENTS = ["--usecase", "fraud", "--input-uri", "s3://raw/fraud-batch/", "--execution", "e1"]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A job whose input was scored, two rows of two."""
    job = Job(tmp_path)
    for channel, name, text in (
        (contract.BATCH_INPUT, "a.jsonl", '{"id": 1}\n{"id": 2}\n'),
        (contract.SCORES, "a.jsonl.out", '{"id": 1, "SageMakerOutput": {}}\n' * 2),
        (contract.CHAMPION, contract.CHAMPION_FILE, '{"version": 3, "arn": "arn:3"}'),
    ):
        job.input(channel).mkdir(parents=True)
        (job.input(channel) / name).write_text(text, encoding="utf-8")
    return job


def test_manifest_names_the_version_and_the_execution(job: Job) -> None:
    """Which model gave these scores is a question that comes months later."""
    main(job, ARGUMENTS)
    path = job.output(contract.MANIFEST) / contract.MANIFEST_FILE
    document = json.loads(path.read_text(encoding="utf-8"))

    assert document["model"] == {"version": 3, "arn": "arn:3"}
    assert (document["execution"], document["input_uri"]) == ("e1", "s3://raw/fraud-batch/")
    assert (document["rows_in"], document["rows_out"]) == (2, 2)


def test_lost_row_leaves_no_manifest(job: Job) -> None:
    """Without it the scores are not published."""
    (job.input(contract.SCORES) / "a.jsonl.out").write_text("{}\n", encoding="utf-8")

    with pytest.raises(LostRowsError):
        main(job, ARGUMENTS)
    assert not (job.output(contract.MANIFEST) / contract.MANIFEST_FILE).exists()
