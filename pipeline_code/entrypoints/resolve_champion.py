"""ResolveChampion: put the approved model where Evaluate, which has no network, finds it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from pipeline_code import contract
from pipeline_code.core.errors import PipelineError
from pipeline_code.core.services import Champion, Services
from pipeline_code.entrypoints.job import Job, parse_arguments, run
from pipeline_code.steps.archive import unpack_model

_GROUP = "model-package-group"
_REQUIRED = "required"
_TUNING_JOB = "tuning-job"


class NoChampionError(PipelineError, LookupError):
    """A model is needed and no version is approved."""

    def __init__(self, group: str) -> None:
        super().__init__(f"no version of {group} is approved; approve one, then start again")


def main(job: Job, arguments: Sequence[str]) -> None:
    """Run the job; without an approved version the champion is null and has no model.

    Raises:
        NoChampionError: in that case, with ``--required true``.
    """
    _, values = parse_arguments(arguments)
    services = job.services()
    champion = services.champion(values[_GROUP])
    if champion is None and values.get(_REQUIRED) == "true":
        raise NoChampionError(values[_GROUP])
    output = job.output(contract.CHAMPION)
    shutil.rmtree(output / contract.MODEL, ignore_errors=True)
    if champion is not None:
        _unpack(services, champion, output / contract.MODEL)
    (output / contract.CHAMPION_FILE).write_text(
        json.dumps(
            {
                "version": champion.version if champion else None,
                "arn": champion.arn if champion else None,
            }
        )
        + "\n",
        encoding="utf-8",
    )
    if _TUNING_JOB in values:
        _write_trials(services, values[_TUNING_JOB], output / contract.TRIALS_FILE)
    job.summary(rows_in=0, rows_out=0, quarantined=0, deduplicated=0, champion=_name(champion))


def _unpack(services: Services, champion: Champion, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        archive = services.fetch(champion.model_uri, Path(scratch) / contract.MODEL_ARCHIVE)
        unpack_model(archive, folder)


def _write_trials(services: Services, tuning_job: str, file: Path) -> None:
    """Leave what was tried in tuning where Evaluate finds it for the report."""
    trials = [asdict(trial) for trial in services.trials(tuning_job)]
    file.write_text(json.dumps(trials, indent=1) + "\n", encoding="utf-8")


def _name(champion: Champion | None) -> int | None:
    return champion.version if champion else None


if __name__ == "__main__":
    run(main)
