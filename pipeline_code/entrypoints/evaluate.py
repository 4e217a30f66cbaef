"""Evaluate: measure the challenger, decide, and leave the evaluation, the scores and a report."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline_code import contract
from pipeline_code.core.errors import PipelineError
from pipeline_code.core.metric_names import SMALLER_IS_BETTER
from pipeline_code.core.tables import read_coded, read_columns, write_columns
from pipeline_code.core.texts import Table
from pipeline_code.core.usecase import UseCase
from pipeline_code.entrypoints.job import Job, parse_arguments, run
from pipeline_code.steps.archive import unpack_model
from pipeline_code.steps.evaluate import Champion, Evaluation, evaluate, predictions
from pipeline_code.steps.evaluation_document import evaluation_document
from pipeline_code.steps.model_card import card_text, model_card
from pipeline_code.steps.predict import Model, load_model
from pipeline_code.steps.report import render_report


class UnreadableInputError(PipelineError, ValueError):
    """A file that an earlier step should have left cannot be used."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path.parent.name}/{path.name} {why}; run the step that writes it once more"
        )


def main(job: Job, arguments: Sequence[str]) -> None:
    """Evaluate the model of this execution on the test rows of this execution."""
    name, settings = parse_arguments(arguments)
    usecase = job.usecase(name, settings)
    with tempfile.TemporaryDirectory(prefix="challenger-") as folder:
        archive = job.input(contract.MODEL) / contract.MODEL_ARCHIVE
        challenger = load_model(unpack_model(archive, Path(folder) / contract.MODEL))
    champion = _champion(job.input(contract.CHAMPION))
    profile = _json(job.input(contract.PROFILE) / contract.PROFILE_FILE)
    test = read_columns(job.input(contract.TEST) / contract.TEST_FILE)
    found = evaluate(
        test, _validation(job, usecase, challenger), challenger, champion, usecase, job.progress
    )
    _write(job, usecase, found, profile)
    job.summary(
        rows_in=len(found.target),
        rows_out=len(found.target),
        quarantined=0,
        deduplicated=0,
        decision=found.verdict.decision,
        reason=found.verdict.reason,
    )


def _champion(folder: Path) -> Champion | None:
    path = folder / contract.CHAMPION_FILE
    version = _json(path).get("version")
    if version is None:
        return None
    if not isinstance(version, int):
        raise UnreadableInputError(path, f"has the version {version!r}, which is no number")
    return Champion(version=version, model=load_model(folder / contract.MODEL))


def _validation(job: Job, usecase: UseCase, challenger: Model) -> Table:
    path = job.input(contract.VALIDATION) / contract.VALIDATION_FILE
    return read_coded(path, [*challenger.features, usecase.problem.target])


def _json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnreadableInputError(path, f"cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise UnreadableInputError(path, "is no JSON") from error
    if not isinstance(document, dict):
        raise UnreadableInputError(path, "is no JSON object")
    return document


def _tuning(path: Path, usecase: UseCase) -> dict[str, Any] | None:
    """Say what was tried where hyperparameters were searched; None where they were not."""
    if usecase.tuning is None or not path.is_file():
        return None
    try:
        trials = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UnreadableInputError(path, "is no JSON") from error
    metric = usecase.gate.metric
    return {
        "metric": metric,
        "direction": "minimize" if metric in SMALLER_IS_BETTER else "maximize",
        "strategy": usecase.tuning.strategy,
        "ranges": {
            name: one.model_dump(mode="json") for name, one in usecase.tuning.ranges.items()
        },
        "trials": trials,
    }


def _write(job: Job, usecase: UseCase, found: Evaluation, profile: dict[str, Any]) -> None:
    document = evaluation_document(found, profile)
    tuning = _tuning(job.input(contract.CHAMPION) / contract.TRIALS_FILE, usecase)
    if tuning is not None:
        document["tuning"] = tuning
    card = model_card(usecase, document, profile)
    page = render_report(document, profile)
    text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    folder = job.output(contract.EVALUATION)
    (job.output(contract.REPORT) / contract.REPORT_FILE).write_text(page, encoding="utf-8")
    write_columns(folder / contract.PREDICTIONS_FILE, predictions(found))
    _write_json(folder / contract.MODEL_CARD_FILE, card)
    _write_json(folder / contract.MODEL_CARD_TEXT_FILE, {"content": card_text(card)})
    # Last, because the decision in it may be acted on.
    (folder / contract.EVALUATION_FILE).write_text(text + "\n", encoding="utf-8")


def _write_json(path: Path, document: dict[str, Any]) -> None:
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    run(main)
