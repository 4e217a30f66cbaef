"""Which states a training takes for its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.checkpoints import Checkpoints
from pipeline_code.steps.peers import Peers
from pipeline_code.steps.train_task import Sample, Task
from pipeline_code.steps.train_xgboost import boost


@pytest.fixture
def sample() -> Sample:
    """Rows whose first feature tells the target."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(200, 3)).astype(np.float32)
    return Sample(x, (x[:, 0] > 0).astype(np.int64))


def place(usecase: UseCase, sample: Sample, folder: Path, **changed: Any) -> str:
    """Boost, and name the folder of its states."""
    given = {"n_estimators": 60, "early_stopping_rounds": 0, **changed}
    peers = given.pop("peers", Peers())
    rounds = given.pop("rounds", None)
    training = usecase.training.model_copy(update=given)
    checkpoints = Checkpoints(folder, 0.0, lambda: 0.0)
    task = Task(
        usecase.model_copy(update={"training": training}), {}, checkpoints=checkpoints, peers=peers
    )
    boost(sample, sample[np.arange(0)], task, rounds=rounds)
    (used,) = {path.parent.name for path in folder.glob("*/*.state")}
    checkpoints.finish()
    assert not list(folder.iterdir())
    return used


def test_every_training_has_states_of_its_own(
    small_usecase: UseCase, sample: Sample, tmp_path: Path
) -> None:
    """What is shared between executions must never be shared between models."""
    other_row = sample.x.copy()
    other_row[1, 2] += 1  # of two hosts, the second has it
    two = Peers(0, 2)
    several = [
        place(small_usecase, sample, tmp_path),
        place(small_usecase, sample, tmp_path, seed=1),
        place(small_usecase, sample, tmp_path, max_depth=2),
        place(small_usecase, sample, tmp_path, class_weight="balanced"),
        place(small_usecase, sample, tmp_path, rounds=59),
        place(small_usecase, replace(sample, x=other_row), tmp_path),
        place(small_usecase, replace(sample, y=1 - sample.y), tmp_path),
        place(small_usecase, sample, tmp_path, peers=two),
        place(small_usecase, replace(sample, x=other_row), tmp_path, peers=two),
    ]
    assert len(set(several)) == len(several)
    assert place(small_usecase, sample, tmp_path) == several[0]


def test_only_the_first_host_keeps_states(
    small_usecase: UseCase, sample: Sample, tmp_path: Path
) -> None:
    """All hosts copy to the same place: two that write there would overwrite each other."""
    checkpoints = Checkpoints(tmp_path, 0.0, lambda: 0.0)
    peers = Peers(1, 2, lambda value: [None] if isinstance(value, list) else value)
    task = Task(small_usecase, {}, checkpoints=checkpoints, peers=peers)
    boost(sample, sample[np.arange(0)], task, rounds=60)
    assert not list(tmp_path.iterdir())
