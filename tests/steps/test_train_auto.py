"""The automatic choice tries what fits, keeps the best, and says what it tried."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_code.core.tables import Columns
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps import train_auto
from pipeline_code.steps.matrix import feature_matrix
from pipeline_code.steps.predict import load_model, save_model
from pipeline_code.steps.train import TrainedModel, train
from pipeline_code.steps.train_candidates import candidates, candidates_of
from pipeline_code.steps.train_judged import Tried, best
from pipeline_code.steps.train_scores import HeldOut
from pipeline_code.steps.train_task import Task
from tests.mixed_tables import PROBLEMS, mixed_rows, mixed_usecase


def chosen(problem: str, rows: Columns | None = None, **settings: Any) -> TrainedModel:
    """Choose on the mixed table."""
    usecase = mixed_usecase(problem, algorithm="auto", **settings)
    held_out = mixed_rows(problem, 60, seed=1)
    return train(mixed_rows(problem, 200) if rows is None else rows, held_out, usecase)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_best_candidate_is_kept_and_all_are_on_record(problem: str, tmp_path: Path) -> None:
    """With the score by which it was chosen; the model is read back like any other."""
    found = chosen(problem)
    tried = {(one["algorithm"], one["score"]) for one in found.record["candidates"]}
    assert {"linear", "lightgbm", "xgboost", "linear + lightgbm"} <= {name for name, _ in tried}
    least = min(one["score"] for one in found.record["candidates"])  # a loss, in every gate here
    assert (found.record["chosen"], least) in tried
    assert found.record["validation_score"]["value"] == least
    assert found.model.metadata.hyperparameters["chosen_by"] == "auto"
    assert found.record["refit"]
    json.dumps(found.record)

    save_model(found.model, tmp_path)
    again = load_model(tmp_path)
    rows = mixed_rows(problem, 50, seed=2)
    x = feature_matrix(rows, again.features, "rows", again.categories)
    np.testing.assert_array_equal(again.predict(x), found.model.predict(x))


def test_same_rows_and_seed_choose_the_same_model() -> None:
    """Folds, candidates and models are drawn by the seed."""
    one, two = (chosen("binary") for _ in range(2))
    assert one.model.weights() == two.model.weights()
    assert one.model.metadata == two.model.metadata
    assert one.record == two.record


def test_threshold_is_chosen_on_rows_that_were_held_out() -> None:
    """The model has seen the validation rows in the end; its threshold has not."""
    found = chosen("binary")
    assert found.record["threshold"]["chosen_on"] == "cross-validation"
    assert found.model.threshold == found.record["threshold"]["value"]


def test_large_tables_are_judged_on_their_validation_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once each, instead of five times."""
    monkeypatch.setattr(train_auto, "SMALL", 250)
    found = chosen("regression")
    assert {one["measured_on"] for one in found.record["candidates"]} == {"validation"}
    none = {name: values[:0] for name, values in mixed_rows("regression").items()}
    usecase = mixed_usecase("regression", algorithm="auto")
    without = train(mixed_rows("regression"), none, usecase)
    assert {one["measured_on"] for one in without.record["candidates"]} == {"cross-validation"}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_tables_too_small_to_hold_rows_out_still_give_a_model(problem: str) -> None:
    """Two rows of different targets are the least that can be learned from."""
    rows = mixed_rows(problem)
    pair = np.array([0, int(np.flatnonzero(rows["y"] != rows["y"][0])[0])])
    two = {name: values[pair] for name, values in rows.items()}
    none = {name: values[:0] for name, values in rows.items()}
    found = train(two, none, mixed_usecase(problem, algorithm="auto"))
    x = feature_matrix(two, found.model.features, "rows", found.model.categories)
    assert np.isfinite(found.model.predict(x)).all()
    assert found.record["candidates"] == [] or found.record["chosen"]


def test_groups_and_times_are_respected_and_needed() -> None:
    """The columns that say so are read beside the features."""
    document = mixed_usecase("binary", algorithm="auto").model_dump(exclude_unset=True)
    for split in (
        {"method": "time", "event_time": "at"},
        {"method": "grouped", "group": "shop_id"},
    ):
        usecase = UseCase.model_validate({**document, "split": split})
        found = train(mixed_rows("binary", 200), mixed_rows("binary", 60, seed=1), usecase)
        assert found.record["candidates"]


def test_huge_tables_have_no_linear_candidate() -> None:
    """Trees take seconds there."""
    names = [one.algorithm for one in candidates(10_000_000, 200_000_000)]
    assert names == ["lightgbm", "xgboost"]


def tried(score: float | None, loss: float) -> Tried:
    """Make the outcome of some candidate."""
    return Tried((), (), HeldOut(np.empty(0), np.empty(0), "v"), score, loss)


def test_loss_settles_what_the_gate_leaves_open() -> None:
    """Equal accuracies are not equally good models."""
    task = Task(mixed_usecase("binary").with_settings({"gate.metric": "accuracy"}), {})
    assert best([tried(0.9, 0.3), tried(0.9, 0.2), tried(0.8, 0.1)], task).loss == 0.2
    assert best([tried(None, 0.3), tried(0.9, 0.5)], task).loss == 0.3
    losses = Task(mixed_usecase("binary"), {})
    assert best([tried(0.5, 0.5), tried(0.4, 0.4)], losses).score == 0.4


def tuned(**ranges: Any) -> UseCase:
    """Make a use case in which ``auto`` is tuned."""
    document = mixed_usecase("binary", algorithm="auto").model_dump(exclude_unset=True)
    return UseCase.model_validate({**document, "tuning": {"ranges": ranges}})


def test_a_trial_gives_its_settings_to_the_candidates_that_read_them() -> None:
    """Others keep their own, and what has become the same is tried once."""
    ranges = {name: {"low": 2, "high": 64} for name in ("num_leaves", "reg_lambda")}
    usecase = tuned(**ranges, max_depth={"low": 2, "high": 8})
    given = {"num_leaves": "17", "reg_lambda": "3.5", "max_depth": "5"}
    trial = usecase.with_settings({f"training.{name}": value for name, value in given.items()})
    listed = candidates_of(trial, 500, 2_500)
    algorithms = [one.algorithm for one in listed]
    assert algorithms == ["linear"] * 4 + ["lightgbm", "xgboost"]
    lightgbm, xgboost = listed[-2:]
    assert (lightgbm.settings["num_leaves"], lightgbm.settings["reg_lambda"]) == (17, 3.5)
    assert "num_leaves" not in xgboost.settings
    assert (lightgbm.settings["max_depth"], xgboost.settings["max_depth"]) == (16, 5)
    assert xgboost.settings["reg_lambda"] == 3.5
    assert "reg_lambda" not in listed[0].settings
    untuned = mixed_usecase("binary", algorithm="auto", num_leaves=17)
    assert candidates_of(untuned, 500, 2_500) == list(candidates(500, 2_500))


def test_trials_of_auto_differ_and_report_what_they_reached() -> None:
    """Else a search would look at thirty times the same."""
    usecase = tuned(num_leaves={"low": 2, "high": 64}, max_depth={"low": 1, "high": 8})
    scores = []
    for leaves, depth in ((2, 1), (31, 8)):
        settings = {"training.num_leaves": str(leaves), "training.max_depth": str(depth)}
        told: list[float] = []
        found = train(
            mixed_rows("binary", 200),
            mixed_rows("binary", 60, seed=1),
            usecase.with_settings(settings),
            metric=lambda value, _, told=told: told.append(value),
        )
        assert told == [found.record["validation_score"]["value"]]
        boosted = [one for one in found.record["candidates"] if one["algorithm"] == "lightgbm"]
        scores.append([one["score"] for one in boosted])
    assert len(scores[0]) == 1
    assert scores[0] != scores[1]


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("algorithm", ["xgboost", "lightgbm", "linear"])
def test_folds_judge_any_algorithm_on_every_row(algorithm: str, problem: str) -> None:
    """Its threshold and its rounds come from them, and then it learns from all rows."""
    settings = {"n_estimators": 40, "early_stopping_rounds": 5, "folds": 3}
    usecase = mixed_usecase(problem, algorithm=algorithm, **settings)
    rows, held_out = mixed_rows(problem, 200), mixed_rows(problem, 60, seed=1)
    told: list[float] = []
    found = train(rows, held_out, usecase, metric=lambda value, _: told.append(value))
    assert told == [found.record["validation_score"]["value"]]
    assert found.record["folds"] == 3
    assert found.record["refit"]
    if problem == "binary":
        assert found.record["threshold"]["chosen_on"] == "cross-validation"
    # Every row counts the same, whichever part it came in; only their order draws the folds.
    assert found.model.metadata.hyperparameters["folds"] == 3
    again = train(rows, held_out, usecase)
    assert again.model.weights() == found.model.weights()


def test_folds_of_two_rows_still_give_a_model() -> None:
    """Nothing can be held out; nothing is reported either, so a search says why it ends."""
    rows = mixed_rows("binary")
    pair = np.array([0, int(np.flatnonzero(rows["y"] != rows["y"][0])[0])])
    two = {name: values[pair] for name, values in rows.items()}
    none = {name: values[:0] for name, values in rows.items()}
    told: list[float] = []
    usecase = mixed_usecase("binary", algorithm="linear", folds=5)
    found = train(two, none, usecase, metric=lambda value, _: told.append(value))
    assert told == []
    assert found.record["folds"] == 0
