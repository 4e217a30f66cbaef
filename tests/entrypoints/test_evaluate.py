"""The evaluation job reads five channels, leaves three files, and refuses broken ones."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_code.core.errors import MissingColumnsError, PipelineError
from pipeline_code.core.tables import UnreadableTableError, read_columns, write_columns
from pipeline_code.core.usecase import UseCase
from pipeline_code.entrypoints.evaluate import UnreadableInputError, main
from pipeline_code.entrypoints.job import Job
from pipeline_code.steps.archive import DamagedArchiveError
from pipeline_code.steps.predict import Model, UnreadableModelError, save_model
from pipeline_code.steps.train import train
from tests.mixed_tables import mixed_rows, mixed_usecase

ARGUMENTS = ["--usecase", "small", "--evaluation.bootstrap_samples", "5"]
OUTPUT = "processing/output"
TUNING = "tuning: {strategy: random, trials: 2, ranges: {max_depth: {values: [2, 3]}}}\n"


def pack(model: Model, folder: Path) -> Path:
    """Write ``model.tar.gz`` as a training job leaves it."""
    save_model(model, folder / "unpacked")
    archive = folder / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        for path in sorted((folder / "unpacked").iterdir()):
            packed.add(path, path.name)
    return archive


@pytest.fixture
def model(small_usecase: UseCase, make_rows: Callable[..., Any]) -> Model:
    """A booster for the small use case."""
    return train(make_rows(), make_rows(seed=1), small_usecase).model


@pytest.fixture
def job(tmp_path: Path, small_folder: Path, model: Model, make_rows: Callable[..., Any]) -> Job:
    """A container with every channel filled, and no champion."""
    inputs = tmp_path / "ml/processing/input"
    write_columns(inputs / "test/test.parquet", make_rows(seed=2))
    write_columns(inputs / "validation/validation.parquet", make_rows(seed=1))
    pack(model, inputs / "model")
    for name, content in (
        ("champion/champion.json", {"version": None, "arn": None}),
        ("profile/profile.json", {"data_hash": "sha256:1"}),
    ):
        (inputs / name).parent.mkdir()
        (inputs / name).write_text(json.dumps(content), encoding="utf-8")
    return Job(root=tmp_path / "ml", usecases=small_folder)


def crown(job: Job, model: Model) -> Path:
    """Make ``model`` the champion, version 2."""
    folder = job.input("champion")
    save_model(model, folder / "model")
    stated = json.dumps({"version": 2, "arn": "arn:2"})
    (folder / "champion.json").write_text(stated, encoding="utf-8")
    return folder


def written(job: Job) -> dict[str, Any]:
    """Read the evaluation that the job left."""
    path = job.root / OUTPUT / "evaluation/evaluation.json"
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def test_job_leaves_evaluation_predictions_report_and_summary(
    job: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    """All that the condition, the registry and the approver need."""
    main(job, ARGUMENTS)

    document = written(job)
    assert document["gate"]["decision"] == "register"
    assert document["data"]["data_hash"] == "sha256:1"
    scored = read_columns(job.root / OUTPUT / "evaluation/predictions.parquet")
    assert len(scored["score"]) == 400
    assert np.isnan(scored["champion_score"]).all()
    page = (job.root / OUTPUT / "report/report.html").read_text(encoding="utf-8")
    assert document["gate"]["reason"] in page
    last = capsys.readouterr().out.splitlines()[-1]
    summary = json.loads(last.removeprefix("acequia.summary "))
    assert summary["rows_in"] == summary["rows_out"] == 400
    assert summary["decision"] == "register"


def test_job_leaves_the_model_card_twice(job: Job) -> None:
    """For people as a document, for the registration as one text that holds the same."""
    main(job, ARGUMENTS)

    folder = job.root / OUTPUT / "evaluation"
    card = json.loads((folder / "model_card.json").read_text(encoding="utf-8"))
    text = json.loads((folder / "model_card_text.json").read_text(encoding="utf-8"))
    assert json.loads(text["content"]) == card
    assert card["intended_uses"]["purpose_of_model"] == "Catch <thieves>."
    reason = written(job)["gate"]["reason"]
    assert card["evaluation_details"][0]["evaluation_observation"] == reason


def test_champion_is_scored_on_the_same_rows(job: Job, model: Model) -> None:
    """Equal models have equal scores, and the champion stays."""
    crown(job, model)
    main(job, ARGUMENTS)

    scored = read_columns(job.root / OUTPUT / "evaluation/predictions.parquet")
    np.testing.assert_array_equal(scored["score"], scored["champion_score"])
    document = written(job)
    assert document["champion"]["version"] == 2
    assert document["gate"]["decision"] == "keep_champion"
    assert document["uplift"]["value"] == 0


def test_settings_of_the_execution_reach_the_step(job: Job) -> None:
    """A parameter that is declared is a parameter that is read."""
    main(job, [*ARGUMENTS, "--evaluation.explained_rows", "7"])
    assert written(job)["explanation"]["rows"] == 7


def remove(job: Job, path: str) -> None:
    """Take one input away."""
    (job.root / "processing/input" / path).unlink()


def truncate(job: Job, path: str) -> None:
    """Keep the first hundred bytes of one input."""
    found = job.root / "processing/input" / path
    found.write_bytes(found.read_bytes()[:100])


@pytest.mark.parametrize(
    ("damage", "path", "error"),
    [
        (remove, "test/test.parquet", UnreadableTableError),
        (truncate, "test/test.parquet", UnreadableTableError),
        (remove, "validation/validation.parquet", UnreadableTableError),
        (remove, "model/model.tar.gz", DamagedArchiveError),
        (truncate, "model/model.tar.gz", DamagedArchiveError),
        (remove, "profile/profile.json", UnreadableInputError),
        (remove, "champion/champion.json", UnreadableInputError),
        (remove, "champion/model/model.json", UnreadableModelError),
        (truncate, "champion/model/model.json", UnreadableModelError),
        (truncate, "champion/model/model.ubj", UnreadableModelError),
    ],
)
def test_damaged_input_is_refused_in_one_line_without_a_decision(
    damage: Callable[[Job, str], None],
    path: str,
    error: type[PipelineError],
    job: Job,
    model: Model,
) -> None:
    """No evaluation is left that a condition could read, so the champion is untouched."""
    crown(job, model)
    damage(job, path)
    with pytest.raises(error) as caught:
        main(job, ARGUMENTS)
    assert "\n" not in str(caught.value)
    assert not (job.root / OUTPUT / "evaluation/evaluation.json").exists()


def test_champion_without_a_number_is_refused(job: Job) -> None:
    """A version that is none would end up in the reason of a decision."""
    (job.input("champion") / "champion.json").write_text('{"version": "three"}', encoding="utf-8")
    with pytest.raises(UnreadableInputError, match="'three', which is no number"):
        main(job, ARGUMENTS)


@pytest.mark.parametrize("text", ["[]", "{", "\x00"])
def test_profile_that_is_no_object_is_refused(text: str, job: Job) -> None:
    """An earlier step that broke is named."""
    (job.input("profile") / "profile.json").write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableInputError, match=r"profile/profile\.json"):
        main(job, ARGUMENTS)


def test_test_rows_without_a_feature_are_refused(job: Job) -> None:
    """The challenger was trained on other columns than these."""
    path = job.input("test") / "test.parquet"
    rows = read_columns(path)
    write_columns(path, {name: rows[name] for name in rows if name != "risk"})
    with pytest.raises(MissingColumnsError, match="risk"):
        main(job, ARGUMENTS)


@pytest.mark.parametrize("problem", ["multiclass", "regression"])
@pytest.mark.parametrize("algorithm", ["xgboost", "linear"])
def test_job_evaluates_classes_and_numbers_with_categories(
    problem: str, algorithm: str, tmp_path: Path
) -> None:
    """From files to files, the champion on the same rows, and a page for the approver."""
    usecase = mixed_usecase(problem, algorithm=algorithm)
    (tmp_path / "usecases/mixed").mkdir(parents=True)
    (tmp_path / "usecases/mixed/usecase.yaml").write_text(
        json.dumps(usecase.model_dump(mode="json", exclude_unset=True)), encoding="utf-8"
    )
    job = Job(root=tmp_path / "ml", usecases=tmp_path / "usecases")
    inputs = tmp_path / "ml/processing/input"
    write_columns(inputs / "test/test.parquet", mixed_rows(problem, seed=2))
    write_columns(inputs / "validation/validation.parquet", mixed_rows(problem, seed=1))
    model = train(mixed_rows(problem), mixed_rows(problem, seed=1), usecase).model
    pack(model, inputs / "model")
    crown(job, model)
    (inputs / "profile").mkdir()
    (inputs / "profile/profile.json").write_text("{}", encoding="utf-8")

    main(job, ["--usecase", "mixed", "--evaluation.bootstrap_samples", "5"])

    document = written(job)
    assert document["uplift"]["value"] == 0
    assert document["gate"]["decision"] == "keep_champion"
    categories = [one for one in document["partial_dependence"] if one["kind"] == "category"]
    assert {"a", "b", "c"} <= {value for one in categories for value in one["grid"]}
    page = (job.root / OUTPUT / "report/report.html").read_text(encoding="utf-8")
    assert "The champion stays" in page


def test_trials_of_a_tuning_reach_the_evaluation(job: Job, small_folder: Path) -> None:
    """Whoever approves sees what was tried; without a search nothing is said of it."""
    trial = {"name": "t1", "status": "Completed", "value": 0.5, "seconds": 1.0}
    trials = [{**trial, "hyperparameters": {"max_depth": "3"}}]
    (job.input("champion") / "trials.json").write_text(json.dumps(trials), encoding="utf-8")
    main(job, ARGUMENTS)
    assert "tuning" not in written(job)

    with (small_folder / "small/usecase.yaml").open("a", encoding="utf-8") as settings:
        settings.write(TUNING)
    main(job, ARGUMENTS)
    found = written(job)["tuning"]
    assert found["trials"] == trials
    assert (found["direction"], found["strategy"]) == ("maximize", "random")
    assert found["ranges"]["max_depth"]["values"] == [2, 3]


def test_damaged_trials_are_refused(job: Job, small_folder: Path) -> None:
    """In one line that names the file."""
    with (small_folder / "small/usecase.yaml").open("a", encoding="utf-8") as settings:
        settings.write(TUNING)
    (job.input("champion") / "trials.json").write_text("[", encoding="utf-8")
    with pytest.raises(UnreadableInputError, match=r"champion/trials\.json is no JSON"):
        main(job, ARGUMENTS)
