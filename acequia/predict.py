"""Score a file with a model on this machine: what a batch transform does in the cloud."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from pipeline_code import contract
from pipeline_code.core.usecase import load_usecase
from pipeline_code.steps.predict import Model, load_model
from pipeline_code.steps.score import History, Progress, Scored, score_file
from pipeline_code.steps.score_files import UnscorableFileError


@dataclass(frozen=True)
class Prediction:
    """A scored file, and what is worth saying about it: one sentence each in ``notes``."""

    destination: Path
    scored: Scored
    notes: tuple[str, ...]


def predict(
    model_folder: Path,
    source: Path,
    destination: Path | None = None,
    *,
    overwrite: bool = False,
    usecases: Path | None = None,
    progress: Progress | None = None,
) -> Prediction:
    """Score ``source`` with the model in ``model_folder``.

    Args:
        model_folder: the extracted model.
        source: CSV, JSON (lines or one list) or Parquet, with the model's features or with the
            columns of the use case's contract.
        destination: by default ``NAME-scored.SUFFIX`` beside the source.
        overwrite: whether an existing destination may be replaced.
        usecases: a folder of use cases other than the one of the package.
        progress: called with rows done, rows in all and what is done.

    Raises:
        PipelineError: with one line that says what, where and what to do.
    """
    destination = destination or source.with_name(f"{source.stem}-scored{source.suffix}")
    if destination.exists() and (not overwrite or destination.samefile(source)):
        raise UnscorableFileError(destination, "is there already; name another file to write")
    if not destination.parent.is_dir():
        raise UnscorableFileError(destination, "its folder does not exist; make it first")
    model = load_model(model_folder)
    history = _history(model, usecases)
    with tempfile.TemporaryDirectory(prefix="acequia-") as spill:
        scored = score_file(
            model, source, destination, spill=Path(spill), history=history, progress=progress
        )
    return Prediction(destination, scored, _notes(scored, history))


def _history(model: Model, usecases: Path | None) -> History | None:
    """Find how the model's features are made; None where its use case is not here."""
    folder = contract.usecase_folder(model.metadata.usecase, root=usecases)
    if not folder.is_dir():
        return None
    usecase = load_usecase(folder)
    return History(usecase, (folder / usecase.features.sql).read_text(encoding="utf-8"))


def _notes(scored: Scored, history: History | None) -> tuple[str, ...]:
    if not (scored.computed and history):
        return ()
    notes = [
        "The file has no features, so they were computed from its own rows: "
        "windows see nothing that happened before the file begins."
    ]
    if not scored.labelled:
        notes.append(
            f"The file has no {history.usecase.problem.target}, "
            "so features made of past labels are missing values."
        )
    return tuple(notes)
