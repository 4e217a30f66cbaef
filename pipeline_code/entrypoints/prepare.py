"""Prepare: the raw channel in, features split into parts out; see `pipeline_code.steps.prepare`."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from pipeline_code import contract
from pipeline_code.core.usecase import read_sql
from pipeline_code.entrypoints.job import Job, parse_arguments, run
from pipeline_code.steps.freshness import parse_day
from pipeline_code.steps.prepare import PrepareOutputs, prepare


def main(job: Job, arguments: Sequence[str]) -> None:
    """Run the job."""
    name, settings = parse_arguments(arguments)
    day = settings.pop("as-of", contract.UNKNOWN)
    as_of = None if day == contract.UNKNOWN else parse_day(day)
    usecase = job.usecase(name, settings)
    sql = read_sql(job.usecase_folder(name), usecase)
    with tempfile.TemporaryDirectory() as spill:
        result = prepare(
            job.input(contract.RAW),
            usecase,
            sql,
            PrepareOutputs(
                train=job.output(contract.TRAIN_CHANNEL),
                validation=job.output(contract.VALIDATION),
                test=job.output(contract.TEST),
                features=job.output(contract.FEATURES),
                profile=job.output(contract.PROFILE),
                quarantine=job.output(contract.QUARANTINE),
            ),
            as_of=as_of,
            spill=Path(spill),
            progress=job.progress,
        )
    job.summary(
        rows_in=result.intake.rows_in,
        rows_out=result.intake.rows_out,
        quarantined=result.intake.quarantined,
        deduplicated=result.intake.deduplicated,
        data_hash=result.data_hash,
        **{f"{part.name}_rows": part.rows for part in result.parts},
    )


if __name__ == "__main__":
    run(main)
