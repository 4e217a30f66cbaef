"""PackageModel: read what another image left, leave a model of ours and the record."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pipeline_code import contract
from pipeline_code.core.archives import pack
from pipeline_code.entrypoints.foreign import read_rows
from pipeline_code.entrypoints.job import Job, parse_arguments, run
from pipeline_code.steps.archive import unpack_model
from pipeline_code.steps.package_model import package
from pipeline_code.steps.predict import save_model


def main(job: Job, arguments: Sequence[str]) -> None:
    """Package the model of the use case that the arguments name."""
    name, settings = parse_arguments(arguments)
    rows = read_rows(job, name, settings)
    with tempfile.TemporaryDirectory() as folder:
        archive = job.input(contract.ARTIFACT) / contract.MODEL_ARCHIVE
        packaged = package(unpack_model(archive, Path(folder, "theirs")), rows)
        ours = Path(folder, "ours")
        save_model(packaged.model, ours)
        files = [(path.name, path) for path in ours.iterdir()]
        pack(files, job.output(contract.MODEL) / contract.MODEL_ARCHIVE)
    record = job.output(contract.TRAINING) / contract.TRAINING_FILE
    record.write_text(json.dumps(packaged.record, indent=2) + "\n", encoding="utf-8")
    count = len(rows.training) + len(rows.validation)
    job.summary(
        rows_in=count,
        rows_out=count,
        quarantined=0,
        deduplicated=0,
        usecase=name,
        algorithm=rows.task.usecase.training.algorithm,
        artifact=packaged.record["artifact"],
        threshold=packaged.model.threshold,
    )


if __name__ == "__main__":
    run(main)
