"""Encode: read the channels ``train`` and ``validation``, leave them as another image wants."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline_code import contract
from pipeline_code.entrypoints.foreign import read_rows
from pipeline_code.entrypoints.job import Job, parse_arguments, run
from pipeline_code.steps.foreign_rows import write_parts


def main(job: Job, arguments: Sequence[str]) -> None:
    """Write the rows of the use case that the arguments name."""
    name, settings = parse_arguments(arguments)
    files = int(settings.pop("files", 1))
    rows = read_rows(job, name, settings)
    written = write_parts(
        rows,
        job.output(contract.ENCODED_TRAIN),
        job.output(contract.ENCODED_VALIDATION),
        files=files,
    )
    count = written["train"] + written["validation"]
    job.summary(
        rows_in=count,
        rows_out=count,
        quarantined=0,
        deduplicated=0,
        usecase=name,
        algorithm=rows.task.usecase.training.algorithm,
        columns=written["columns"],
    )


if __name__ == "__main__":
    run(main)
