"""The loop boosts as the library does; what is resumed, or shared, ends as if nothing had been."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

from pipeline_code.steps.boosting import STATE_ROUNDS, Boosting, EarlyStop, is_pause
from pipeline_code.steps.checkpoints import Checkpoints, Shelf
from pipeline_code.steps.peers import Peers, TooFewRowsError

ROUNDS = 130
METRICS = {"binary:logistic": "aucpr", "multi:softprob": "mlogloss", "reg:squarederror": "rmse"}
Make = Callable[..., Boosting]


class MachineGoneError(Exception):
    """The machine is taken away."""


def rows(objective: str, count: int = 1_200) -> tuple[Any, Any]:
    """Rows with gaps whose target two of five features tell, in part."""
    generator = np.random.default_rng(4)
    x = generator.normal(size=(count, 5)).astype(np.float32)
    signal = x[:, 0] + x[:, 1] ** 2 + generator.normal(size=count)
    x[generator.random(x.shape) < 0.1] = np.nan
    if objective == "binary:logistic":
        return x, (signal > 1).astype(np.float32)
    if objective == "multi:softprob":
        return x, np.digitize(signal, [0, 1.5]).astype(np.float32)
    return x, (1e4 + 1e3 * signal).astype(np.float32)


@pytest.fixture
def boosting() -> Make:
    """Make a boosting of a kind of problem, with some early stopping."""

    def make(objective: str = "binary:logistic", patience: int = 200, **changed: Any) -> Boosting:
        x, y = rows(objective)
        data = xgboost.QuantileDMatrix(x[:900], label=y[:900])
        parameters = {
            "objective": objective,
            "eval_metric": METRICS[objective],
            "tree_method": "hist",
            "max_depth": 3,
            "learning_rate": 0.3,
            "subsample": 1.0,
            "colsample_bytree": 1.0,
            "seed": 7,
            "nthread": 1,
            "verbosity": 0,
            **({"num_class": 3} if objective == "multi:softprob" else {}),
            **changed,
        }
        watched = xgboost.QuantileDMatrix(x[900:], label=y[900:], ref=data)
        return Boosting(parameters, data, watched, ROUNDS, METRICS[objective], patience)

    return make


def resumable(one: Boosting, shelf: Shelf | None) -> Boosting:
    """Let a boosting keep its states."""
    parameters = {**one.parameters, "seed_per_iteration": True}
    return replace(one, parameters=parameters, is_resumable=True, shelf=shelf)


def shelf_in(folder: Path) -> Shelf:
    """A shelf on which a state is always due."""
    return Checkpoints(folder, 0.0, lambda: 0.0).of("a")


def content(booster: Any) -> bytes:
    """All that is in a booster."""
    return bytes(booster.save_raw("ubj"))


@pytest.mark.parametrize("objective", METRICS)
@pytest.mark.parametrize("patience", [3, 200])
@pytest.mark.parametrize("share", [1.0, 0.6])
def test_without_checkpoints_it_is_the_library(
    boosting: Make, objective: str, patience: int, share: float
) -> None:
    """The models of before the loop was ours stay the same, byte by byte."""
    one = boosting(objective, patience, subsample=share, colsample_bytree=share)
    history: dict[str, Any] = {}
    expected = xgboost.train(
        dict(one.parameters),
        one.data,
        ROUNDS,
        evals=[(one.watched, "validation")],
        evals_result=history,
        early_stopping_rounds=patience,
        verbose_eval=False,
    )

    booster, stop = one.run()

    assert content(booster) == content(expected)
    assert stop.best == expected.best_iteration
    assert stop.values == history["validation"][one.metric]
    assert (len(stop.values) < ROUNDS) is (patience == 3)


@pytest.mark.parametrize("objective", METRICS)
@pytest.mark.parametrize("share", [1.0, 0.6])
@pytest.mark.parametrize("killed_after", [STATE_ROUNDS + 3, 2 * STATE_ROUNDS])
def test_a_resumed_boosting_ends_as_one_that_was_left_alone(
    boosting: Make, tmp_path: Path, objective: str, share: float, killed_after: int
) -> None:
    """Else the same data and seed give another model whenever a machine is taken away."""
    one = boosting(objective, subsample=share, colsample_bytree=share)
    expected, told = resumable(one, shelf_in(tmp_path / "alone")).run()

    def kill(_booster: Any, done: int) -> None:
        if done == killed_after:
            raise MachineGoneError

    cut = resumable(boosting(objective, subsample=share, colsample_bytree=share), None)
    with pytest.raises(MachineGoneError):
        replace(cut, shelf=shelf_in(tmp_path / "cut"), after_round=kill).run()
    again = boosting(objective, subsample=share, colsample_bytree=share)
    seen: list[int] = []
    booster, stop = replace(
        resumable(again, shelf_in(tmp_path / "cut")),
        after_round=lambda _, done: seen.append(done),
    ).run()

    assert seen[0] == killed_after // STATE_ROUNDS * STATE_ROUNDS
    assert content(booster) == content(expected)
    assert stop == told


def test_early_stopping_goes_on_where_it_was(boosting: Make, tmp_path: Path) -> None:
    """A training that forgot how long it has been waiting would train too long."""
    patience = STATE_ROUNDS
    expected, told = boosting(patience=patience).run()
    assert STATE_ROUNDS < len(told.values) < ROUNDS

    def kill(_booster: Any, done: int) -> None:
        if done == len(told.values) - 2:
            raise MachineGoneError

    with pytest.raises(MachineGoneError):
        replace(resumable(boosting(patience=patience), shelf_in(tmp_path)), after_round=kill).run()
    booster, stop = resumable(boosting(patience=patience), shelf_in(tmp_path)).run()

    assert stop == told
    assert content(booster) == content(expected)


def test_keeping_states_changes_nothing_where_chance_has_no_part(
    boosting: Make, tmp_path: Path
) -> None:
    """Whether a training may be interrupted is no hyperparameter."""
    plain, _ = boosting().run()
    kept, _ = resumable(boosting(), shelf_in(tmp_path)).run()
    assert content(kept) == content(plain)


def test_when_states_are_kept_does_not_change_the_model(boosting: Make, tmp_path: Path) -> None:
    """A slow machine keeps states at other rounds than a fast one."""
    often, _ = resumable(boosting(subsample=0.6), shelf_in(tmp_path)).run()
    never, _ = resumable(boosting(subsample=0.6), None).run()
    assert content(often) == content(never)


def test_a_stop_is_due_by_the_rules_of_the_library() -> None:
    """Equal is not better; nothing is better than NaN."""
    nan = float("nan")
    for metric, values, best, is_due in (
        ("auc", [0.5, 0.6, 0.6, 0.6], 1, True),
        ("rmse", [3.0, 2.0, 2.5], 1, False),
        ("rmse", [nan, 1.0, 0.5], 0, True),
        ("aucpr", [0.5, nan, 0.7], 2, False),
    ):
        stop = EarlyStop(metric, patience=2)
        for value in values:
            stop.note(value)
        assert (stop.best, stop.is_due) == (best, is_due), values
    assert not EarlyStop("auc", patience=0).is_due


def test_shares_cover_all_rows_once() -> None:
    """A row that two hosts have counts twice, one that none has not at all."""
    shares = [Peers(rank, 3).share(10) for rank in range(3)]
    assert sorted(np.concatenate(shares).tolist()) == list(range(10))
    assert Peers().share(4).tolist() == [0, 1, 2, 3]
    with pytest.raises(TooFewRowsError, match="2 training rows are too few for 3 instances"):
        Peers(0, 3).share(2)


def test_pauses_come_often_at_first_and_cost_no_more_in_long_trainings() -> None:
    """Each costs a pass over all trees so far: so many of them would be most of the work."""
    pauses = [done for done in range(1, 10_001) if is_pause(done)]
    assert pauses[:10] == list(range(STATE_ROUNDS, 10 * STATE_ROUNDS + 1, STATE_ROUNDS))
    assert max((b - a) / a for a, b in itertools.pairwise(pauses[9:])) <= 0.2
    assert sum(pauses) <= 15 * 10_000
