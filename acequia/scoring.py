"""Score one file so that a killed run can be continued and a result is whole or absent.

Beside the result lies a work folder, ``.NAME.scoring``, until all is published: the request, a
part for each piece of the source, and at last what is to be published. Whoever finds parts of
the same request goes on with those that are missing. The manifest is published last.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from acequia.score_join import Joined
from acequia.score_pool import BrokenChunkError, RefusedChunkError, score_chunks
from pipeline_code.core.data_contract import SourceFormat
from pipeline_code.core.errors import PipelineError
from pipeline_code.core.problem_types import BINARY
from pipeline_code.local.locks import held_if_free
from pipeline_code.steps.manifest import ScoredFile, manifest
from pipeline_code.steps.predict import ModelMetadata, load_model, read_metadata
from pipeline_code.steps.row_chunks import Chunks, cut_csv
from pipeline_code.steps.score import ADDED, History, Progress, Scored, score_file
from pipeline_code.steps.score_chunk import Part
from pipeline_code.steps.score_files import UnscorableFileError

_FORMAT = 2
"""Raise it with any change of what parts hold: old ones are then not continued."""
_REQUEST, _RESULT, _ASIDE, _MANIFEST = "request.json", "result", "aside", "manifest"
_LOCK, _READY = "lock", "ready.json"


class UnwritableError(UnscorableFileError):
    """There was no room for a result, or no right to write it."""

    def __init__(self, path: Path, error: Exception) -> None:
        why = getattr(error, "strerror", None) or str(error)
        super().__init__(path, f"cannot be written: {why}; then run again, it continues")


@dataclass(frozen=True)
class Job:
    """What is to be scored: ``workers`` processes take pieces of ``chunk_bytes``."""

    model_folder: Path
    source: Path
    destination: Path
    history: History | None
    strict: bool
    chunk_bytes: int
    workers: int

    @property
    def quarantine(self) -> Path:
        """Where the rows lie that could not be scored."""
        return self.destination.with_name(f"{self.destination.stem}-quarantine.jsonl")

    @property
    def manifest(self) -> Path:
        """Where the manifest lies; without it there is no result."""
        return self.destination.with_name(f"{self.destination.name}.manifest.json")

    @property
    def work(self) -> Path:
        """Where the parts lie until the result does."""
        return self.destination.with_name(f".{self.destination.name}.scoring")


@dataclass(frozen=True)
class Outcome:
    """What a run scored, and the hashes of what it read and wrote."""

    scored: Scored
    input_hash: str
    output_hash: str


def is_half_published(job: Job) -> bool:
    """Tell whether a run was killed while it published: what is there is its own."""
    return (job.work / _READY).is_file()


@contextmanager
def sole(job: Job) -> Iterator[None]:
    """Hold the destination against other runs.

    Raises:
        UnscorableFileError: if another run has it.
    """
    path = job.work / _LOCK
    with held_if_free(path) as lock:
        # The run that had it may have removed the file meanwhile, and another made a new one.
        if lock is None or not path.exists() or os.fstat(lock).st_ino != path.stat().st_ino:
            raise UnscorableFileError(job.destination, "is being written by another run; wait")
        yield


def score(job: Job, progress: Progress | None = None) -> Outcome:
    """Score into the work folder, or find there what a killed run has scored already.

    Raises:
        UnscorableFileError: if the source cannot be scored, or the parts cannot be written:
            then they are kept.
    """
    try:
        return _score(job, progress)
    except UnwritableError:
        raise
    except PipelineError:
        clear(job)
        raise
    except (OSError, BrokenChunkError) as error:
        raise UnwritableError(job.destination, error) from error


def publish(job: Job, outcome: Outcome, about: Mapping[str, Any]) -> None:
    """Move the result to its place, the rows put aside before it and the manifest after it.

    Raises:
        UnwritableError: if it cannot be written; the parts are kept.
    """
    scored, work = outcome.scored, job.work
    file = ScoredFile(
        input=job.source.name,
        input_hash=outcome.input_hash,
        rows_in=scored.rows + scored.quarantined,
        output=job.destination.name,
        output_hash=outcome.output_hash,
        rows_out=scored.rows,
        quarantine=job.quarantine.name if scored.quarantined else None,
        quarantined=scored.quarantined,
    )
    try:
        if not is_half_published(job):
            _write(work / _MANIFEST, manifest([file], **about))
            for name in (_RESULT, _ASIDE):
                _sync(work / name)
            _write(work / _READY, asdict(outcome))
            # An old manifest must not vouch for a new result.
            job.manifest.unlink(missing_ok=True)
            job.quarantine.unlink(missing_ok=True)
        for name, place in (
            (_ASIDE, job.quarantine),
            (_RESULT, job.destination),
            (_MANIFEST, job.manifest),
        ):
            if (work / name).exists():
                (work / name).replace(place)
    except OSError as error:
        raise UnwritableError(job.destination, error) from error
    clear(job)


def clear(job: Job) -> None:
    """Remove the work folder."""
    shutil.rmtree(job.work, ignore_errors=True)


def _score(job: Job, progress: Progress | None) -> Outcome:
    seen = _stamp(job.source)
    metadata = read_metadata(job.model_folder)
    pieces = _pieces(job, metadata)
    input_hash = pieces.digest if pieces else _digest(job.source)
    if not _continues(job, _request(job, metadata.model_dump(mode="json"), input_hash, pieces)):
        pieces_done: dict[int, Part] = {}
    elif is_half_published(job):
        return _outcome(json.loads((job.work / _READY).read_text(encoding="utf-8")))
    else:
        pieces_done = _parts(job)
    outcome = _in_pieces(job, pieces, pieces_done, progress) if pieces else None
    outcome = outcome or _as_a_whole(job, input_hash, progress)
    if seen != _stamp(job.source):
        raise UnscorableFileError(job.source, "has changed while it was read; run again")
    return outcome


def _pieces(job: Job, metadata: ModelMetadata) -> Chunks | None:
    """Cut the source; None where it is small, or its rows do not stand for themselves.

    Pieces are bare numbers in plain CSV for a model of a binary problem; whatever is to be read
    by a contract, or answered otherwise, is scored as a whole.
    """
    if metadata.problem != BINARY or metadata.categories or _is_described(job.history):
        return None
    is_csv = job.source.suffix.lower() == job.destination.suffix.lower() == ".csv"
    if not is_csv or not job.source.is_file() or job.source.stat().st_size <= job.chunk_bytes:
        return None
    pieces = cut_csv(job.source, job.chunk_bytes)
    if pieces is None or not set(metadata.features) <= set(pieces.columns):
        return None
    return None if {name.lower() for name in pieces.columns} & set(ADDED) else pieces


def _is_described(history: History | None) -> bool:
    """Tell whether the use case says how the file is written, or what its cells must be."""
    return history is not None and (history.is_plain or history.usecase.source != SourceFormat())


def _request(
    job: Job, model: Mapping[str, Any], input_hash: str, pieces: Chunks | None
) -> dict[str, Any]:
    """Write all that the bytes of the result depend on."""
    history = job.history
    made_of = f"{history.usecase.model_dump_json()}{history.sql}" if history else ""
    return {
        "format": _FORMAT,
        "input_hash": input_hash,
        "model_hash": _hash(json.dumps(model)),
        "history_hash": _hash(made_of),
        "columns": list(pieces.columns) if pieces else [],
        "chunk_bytes": job.chunk_bytes,
        "strict": job.strict,
    }


def _continues(job: Job, request: Mapping[str, Any]) -> bool:
    """Tell whether the work folder holds parts of this very request; else empty it."""
    path = job.work / _REQUEST
    places = {
        # Whole paths: the workers start in another folder.
        "source": str(job.source.resolve()),
        "model": str(job.model_folder.resolve()),
    }
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        before = {}
    is_same = {name: before.get(name) for name in request} == dict(request)
    if not is_same:
        for each in job.work.iterdir():
            if each.name != _LOCK:
                # A process of a run that was killed may end its last piece just now.
                each.unlink(missing_ok=True)
    _write(path, {**request, **places})
    return is_same


def _parts(job: Job) -> dict[int, Part]:
    """Read which parts are whole."""
    found = (json.loads(path.read_text(encoding="utf-8")) for path in job.work.glob("*.part.json"))
    return {document["index"]: Part(**document) for document in found}


def _in_pieces(
    job: Job, pieces: Chunks, parts: dict[int, Part], progress: Progress | None
) -> Outcome | None:
    """Score the pieces that are missing; None where a piece is not what it seemed to be."""

    def done(part: Part) -> None:
        if part.index not in parts:
            _write(job.work / f"{part.index:06d}.part.json", part.document())
            parts[part.index] = part
        joined.take(parts)
        if progress:
            progress(len(parts), len(pieces.chunks), "pieces scored")

    missing = [chunk for chunk in pieces.chunks if chunk.index not in parts]
    request = (job.work / _REQUEST).resolve()
    with closing(Joined(job.work, job.work / _RESULT, job.work / _ASIDE, pieces.columns)) as joined:
        joined.take(parts)
        try:
            score_chunks(request, missing, workers=job.workers, done=done)
        except RefusedChunkError:
            joined.abandon()
            return None
    rows = sum(part.rows_in for part in parts.values())
    aside = sum(part.quarantined for part in parts.values())
    if rows == aside:
        return None  # the whole file says why
    scored = Scored(
        rows=rows - aside,
        positives=sum(part.positives for part in parts.values()),
        computed=False,
        labelled=_target(job) in pieces.columns,
        quarantined=aside,
    )
    return Outcome(scored, pieces.digest, joined.digest)


def _as_a_whole(job: Job, input_hash: str, progress: Progress | None) -> Outcome:
    model = load_model(job.model_folder)
    result = job.work / f"whole{job.destination.suffix}"
    with tempfile.TemporaryDirectory(prefix="acequia-") as spill:
        scored = score_file(
            model,
            job.source,
            result,
            spill=Path(spill),
            history=job.history,
            quarantine=None if job.strict else job.work / _ASIDE,
            progress=progress,
        )
    result.replace(job.work / _RESULT)
    return Outcome(scored, input_hash, _digest(job.work / _RESULT))


def _target(job: Job) -> str:
    if job.history:
        return job.history.usecase.problem.target
    return read_metadata(job.model_folder).target


def _outcome(document: Mapping[str, Any]) -> Outcome:
    return Outcome(**{**document, "scored": Scored(**document["scored"])})


def _stamp(path: Path) -> tuple[int, int] | None:
    return (path.stat().st_size, path.stat().st_mtime_ns) if path.is_file() else None


def _hash(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _digest(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _write(path: Path, document: Mapping[str, Any]) -> None:
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    _sync(draft)
    draft.replace(path)


def _sync(path: Path) -> None:
    """Wait until the disk has it: a result that a power cut empties was not published."""
    if path.exists():
        with path.open("rb") as file:
            os.fsync(file.fileno())
