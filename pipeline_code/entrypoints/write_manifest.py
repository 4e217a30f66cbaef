"""WriteManifest: publish what a batch transform scored, once every row is accounted for."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pipeline_code import contract
from pipeline_code.entrypoints.job import Job, parse_arguments, run
from pipeline_code.steps.manifest import manifest, match_files


def main(job: Job, arguments: Sequence[str]) -> None:
    """Run the job; the manifest is the only file that it writes."""
    usecase, values = parse_arguments(arguments)
    champion = job.input(contract.CHAMPION) / contract.CHAMPION_FILE
    files = match_files(job.input(contract.BATCH_INPUT), job.input(contract.SCORES))
    document = manifest(
        files,
        usecase=usecase,
        model=json.loads(champion.read_text(encoding="utf-8")),
        **{name.replace("-", "_"): value for name, value in values.items()},
    )
    path = job.output(contract.MANIFEST) / contract.MANIFEST_FILE
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    job.summary(
        rows_in=document["rows_in"],
        rows_out=document["rows_out"],
        quarantined=document["quarantined"],
        deduplicated=0,
    )


if __name__ == "__main__":
    run(main)
