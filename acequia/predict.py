"""Score a file with a model on this machine: what the batch pipeline does in the cloud."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from acequia import scoring
from acequia.project import shown
from acequia.scoring import Job, Outcome
from pipeline_code import contract
from pipeline_code.core.usecase import load_usecase, read_sql
from pipeline_code.definition.lock import BATCH_LOCK_FILE, read_lock
from pipeline_code.local.batch import run_batch
from pipeline_code.local.runner import available_cpus
from pipeline_code.steps.predict import ModelMetadata, read_metadata
from pipeline_code.steps.score import History, Progress, Scored
from pipeline_code.steps.score_files import UnscorableFileError, check_format

_USUAL: Mapping[str, Any] = {"MaxPayloadInMB": 6}
"""Where the use case of a model is not here, and so no definition."""


@dataclass(frozen=True)
class Prediction:
    """A scored file, and what is worth saying about it: one sentence each in ``notes``."""

    destination: Path
    scored: Scored
    notes: tuple[str, ...]
    manifest: Path
    quarantine: Path | None

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "output": str(self.destination),
            "rows": self.scored.rows,
            "positives": self.scored.positives,
            "quarantined": self.scored.quarantined,
            "quarantine": str(self.quarantine) if self.quarantine else None,
            "manifest": str(self.manifest),
        }

    def view(self) -> str:
        """Return it as a person reads it."""
        scored = self.scored
        above = "" if scored.positives is None else f", {scored.positives:,} above the threshold"
        lines = [f"{scored.rows:,} rows scored{above}: {shown(self.destination)}"]
        if self.quarantine:
            lines.append(
                f"{scored.quarantined:,} rows break the contract and were put aside: "
                f"{shown(self.quarantine)}"
            )
        return "\n".join(lines)


def predict(
    model_folder: Path,
    source: Path,
    destination: Path | None = None,
    *,
    overwrite: bool = False,
    strict: bool = False,
    version: Mapping[str, Any] | None = None,
    workers: int | None = None,
    usecases: Path | None = None,
    progress: Progress | None = None,
) -> Prediction:
    """Score ``source`` with the model in ``model_folder``, by the batch pipeline.

    A run that was killed is continued by the next one, which gives the same bytes.

    Args:
        model_folder: the extracted model.
        source: CSV, JSON (lines or one list) or Parquet, with the model's features or with the
            columns of the use case's contract.
        destination: by default ``NAME-scored.SUFFIX`` beside the source.
        overwrite: whether an existing destination may be replaced.
        strict: whether a row that breaks the contract stops all, instead of being put aside.
        version: which version of the model it is, with its ``arn``; goes to the manifest.
        workers: processes that score at once, by default one a CPU.
        usecases: a folder of use cases other than the one of the package.
        progress: called with what is done, what there is in all and what is counted.

    Raises:
        PipelineError: with one line that says what, where and what to do.
    """
    destination = destination or source.with_name(f"{source.stem}-scored{source.suffix}")
    if not destination.parent.is_dir():
        raise UnscorableFileError(destination, "its folder does not exist; make it first")
    metadata = read_metadata(model_folder)
    check_format(source)
    check_format(destination)
    history = _history(metadata, usecases)
    job = Job(model_folder, source, destination, history, strict, chunk_bytes=0, workers=0)
    if destination.exists() and _is_foreign(job, overwrite):
        raise UnscorableFileError(destination, "is there already; name another file to write")
    run = _Run(job, metadata, dict(version or {"version": None, "arn": "local"}), progress)
    with scoring.sole(job):
        scored = run.by_definition(usecases, workers or available_cpus())
    return Prediction(
        destination,
        scored,
        _notes(scored, history),
        job.manifest,
        job.quarantine if scored.quarantined else None,
    )


def _is_foreign(job: Job, overwrite: bool) -> bool:
    if job.destination.samefile(job.source):
        return True
    return not overwrite and not scoring.is_half_published(job)


class _Run:
    """The two steps of the batch pipeline that do the work, for one file."""

    def __init__(
        self,
        job: Job,
        metadata: ModelMetadata,
        version: Mapping[str, Any],
        progress: Progress | None,
    ) -> None:
        self._job = job
        self._metadata = metadata
        self._version = version
        self._progress = progress
        self._outcome: Outcome | None = None

    def by_definition(self, usecases: Path | None, workers: int) -> Scored:
        """Run the locked definition; without one, the same steps in the same order."""
        folder = contract.usecase_folder(self._metadata.usecase, root=usecases)
        actions = {
            contract.TRANSFORM: self.transform,
            contract.WRITE_MANIFEST: self.write_manifest,
        }
        if (folder / BATCH_LOCK_FILE).is_file():
            given = {
                contract.PARAMETER_INPUT_DATA_URI: self._job.source.resolve().as_uri(),
                contract.PARAMETER_MAX_CONCURRENT_TRANSFORMS: workers,
            }
            lock = read_lock(folder, BATCH_LOCK_FILE)
            run_batch(lock, given, champion=self._version, actions=actions)
        else:
            for action in actions.values():
                action({**_USUAL, "MaxConcurrentTransforms": workers})
        assert self._outcome  # noqa: S101 - the first of the actions has made it
        return self._outcome.scored

    def transform(self, arguments: Mapping[str, Any]) -> None:
        """Score in pieces as large as the requests of a transform, so many at once."""
        self._job = replace(
            self._job,
            chunk_bytes=int(arguments["MaxPayloadInMB"]) << 20,
            workers=int(arguments["MaxConcurrentTransforms"]),
        )
        self._outcome = scoring.score(self._job, self._progress)

    def write_manifest(self, _: Mapping[str, Any]) -> None:
        """Publish, the manifest last."""
        assert self._outcome  # noqa: S101 - the definition scores before it publishes
        about = {
            "usecase": self._metadata.usecase,
            "model": {**self._version, "weights_hash": self._metadata.weights_hash},
        }
        scoring.publish(self._job, self._outcome, about)


def _history(metadata: ModelMetadata, usecases: Path | None) -> History | None:
    """Find how the model's features are made; None where its use case is not here."""
    folder = contract.usecase_folder(metadata.usecase, root=usecases)
    if not folder.is_dir():
        return None
    usecase = load_usecase(folder)
    return History(usecase, read_sql(folder, usecase))


def _notes(scored: Scored, history: History | None) -> tuple[str, ...]:
    notes = []
    if scored.computed and history:
        notes.append(
            "The file has no features, so they were computed from its own rows: "
            "windows see nothing that happened before the file begins."
        )
        if not scored.labelled:
            notes.append(
                f"The file has no {history.usecase.problem.target}, "
                "so features made of past labels are missing values."
            )
    return tuple(notes)
