"""A training whose machine is taken away goes on elsewhere, and ends with the same model."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.entrypoints.conftest import DOCUMENT
from tests.entrypoints.training_jobs import TrainingJob

Start = Callable[..., TrainingJob]


@pytest.fixture
def job(tmp_path: Path, make_rows: Callable[..., Any]) -> Start:
    """Make a training of some seconds, with chance in it, that keeps a state as often as it can."""

    def make(folder: str, **instances: Any) -> TrainingJob:
        training = {
            "n_estimators": 400,
            "max_depth": 3,
            "learning_rate": 0.01,
            "subsample": 0.7,
            "colsample_bytree": 0.7,
        }
        settings = {"spot": True, "checkpoint_sec": 0, **instances}
        document = {**DOCUMENT, "training": training, "instances": settings}
        return TrainingJob(tmp_path / folder, make_rows, document)

    return make


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_job_that_is_ended_halfway_makes_the_same_model(job: Start, number: int) -> None:
    """SIGTERM is how SageMaker takes a spot instance; SIGKILL is how memory runs out."""
    alone = job("alone")
    alone.finish()
    ended = job("ended")
    process = ended.start()
    deadline = time.monotonic() + 60
    while not ended.states and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number)
    assert ended.states
    assert not (ended.root / "model/model.ubj").exists()

    said = ended.finish()

    assert "going on after round " in said
    assert ended.weights == alone.weights
    assert not list((ended.root / "checkpoints").iterdir())


def test_other_settings_begin_anew(job: Start) -> None:
    """The folder is that of all executions of a use case; one must not take another's trees."""
    ended = job("ended")
    process = ended.start()
    deadline = time.monotonic() + 60
    while not ended.states and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.communicate(timeout=60)
    path = ended.usecases / "small" / "usecase.yaml"
    text = path.read_text(encoding="utf-8").replace("n_estimators: 400", "n_estimators: 60")
    path.write_text(text, encoding="utf-8")

    said = ended.finish()

    assert "going on" not in said
    assert ended.states  # those of the other are not ours to take away


def test_nothing_is_kept_where_nobody_asks(job: Start) -> None:
    """A folder that SageMaker does not copy would only fill the disk."""
    plain = job("plain", spot=False)
    path = plain.usecases / "small" / "usecase.yaml"
    text = path.read_text(encoding="utf-8").replace("n_estimators: 400", "n_estimators: 60")
    path.write_text(text, encoding="utf-8")
    plain.finish()
    assert not (plain.root / "checkpoints").exists()
