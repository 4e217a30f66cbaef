"""Several hosts train one model, or all of them fail: real processes on loopback addresses."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_code.steps.matrix import feature_matrix
from pipeline_code.steps.predict import load_model
from tests.entrypoints.conftest import DOCUMENT
from tests.entrypoints.training_jobs import TrainingJob

_NUMBERS = itertools.count(1)


class Cluster:
    """So many jobs that know of each other."""

    def __init__(
        self, folder: Path, make_rows: Callable[..., Any], count: int, **training: Any
    ) -> None:
        # Addresses that no other test uses: a port stays taken for a minute.
        net = f"127.{os.getpid() % 200 + 20}.{next(_NUMBERS)}"
        names = [f"{net}.{number + 1}" for number in range(count)]
        settings = {"training_count": count, "checkpoints": True, "checkpoint_sec": 0}
        document = {
            **DOCUMENT,
            "training": {**DOCUMENT["training"], **training},
            "instances": settings,
        }
        self.jobs = [
            TrainingJob(
                folder / name,
                make_rows,
                document,
                hosts={"current_host": name, "hosts": names},
            )
            for name in names
        ]
        self.processes: list[subprocess.Popen[str]] = []

    def start(self) -> None:
        """Start the last host first: the first is the one that the others wait for."""
        self.processes = [job.start() for job in reversed(self.jobs)][::-1]

    def finish(self) -> list[str]:
        """Wait for all of them; return what each printed."""
        return [process.communicate(timeout=120)[0] for process in self.processes]

    @property
    def codes(self) -> list[int]:
        """How the hosts ended."""
        return [process.returncode for process in self.processes]


@pytest.fixture
def cluster(tmp_path: Path, make_rows: Callable[..., Any]) -> Iterator[Callable[..., Cluster]]:
    """Make a cluster, and end what is left of it."""
    made: list[Cluster] = []

    def make(count: int = 2, **training: Any) -> Cluster:
        made.append(Cluster(tmp_path / str(len(made)), make_rows, count, **training))
        return made[-1]

    yield make
    for one in made:
        for process in one.processes:
            process.kill()
            process.communicate()


def test_two_hosts_train_one_model(
    cluster: Callable[..., Cluster], tmp_path: Path, make_rows: Callable[..., Any]
) -> None:
    """Each has half of the rows, and the model is about as good as one with all of them."""
    both = cluster(n_estimators=200, learning_rate=0.05, early_stopping_rounds=20)
    both.start()
    said = both.finish()
    assert both.codes == [0, 0], said
    first, second = both.jobs
    assert "acequia.summary " in said[0]
    assert f"trained the model sha256:{hashlib.sha256(first.weights).hexdigest()}" in said[1]
    assert "acequia." not in said[1]  # the tuner would read its metric twice
    assert not (second.root / "model").exists()
    record = json.loads((first.root / "output/data/training.json").read_text(encoding="utf-8"))
    assert 1 < record["rounds"] < 200  # all hosts stopped at the same round
    assert record["train"]["rows"] == 3_000

    document = {
        **DOCUMENT,
        "training": {
            **DOCUMENT["training"],
            "n_estimators": 200,
            "learning_rate": 0.05,
            "early_stopping_rounds": 20,
        },
    }
    alone = TrainingJob(tmp_path / "alone", make_rows, document)
    alone.finish()
    rows = make_rows(3_000, seed=9)
    models = [load_model(job.root / "model") for job in (first, alone)]
    x = feature_matrix(rows, models[0].features, "rows")
    together, one = (model.predict(x) for model in models)
    # Of all rows on both hosts the trees would be others: they would count twice.
    np.testing.assert_allclose(together, one, atol=1e-3)


def test_the_same_hosts_make_the_same_model(cluster: Callable[..., Cluster]) -> None:
    """A model that depends on who was faster cannot be reproduced."""
    several = [cluster(subsample=0.7), cluster(subsample=0.7)]
    for one in several:
        one.start()
        said = one.finish()
        assert one.codes == [0, 0], said
    assert several[0].jobs[0].weights == several[1].jobs[0].weights


@pytest.mark.parametrize("dead", [0, 1])
def test_a_host_that_dies_ends_the_others_with_a_reason(
    cluster: Callable[..., Cluster], dead: int
) -> None:
    """A job that hangs is paid for until its time limit; and what was kept is of use."""
    training = {"n_estimators": 8_000, "learning_rate": 0.001, "early_stopping_rounds": 0}
    both = cluster(**training)
    both.start()
    deadline = time.monotonic() + 60
    while not both.jobs[0].states and time.monotonic() < deadline:
        time.sleep(0.01)
    assert both.jobs[0].states
    both.processes[dead].kill()
    began = time.monotonic()
    said = both.finish()
    assert time.monotonic() - began < 30
    other = both.jobs[1 - dead]
    assert both.codes[1 - dead] == 1, said
    reason = (other.root / "output/failure").read_text(encoding="utf-8")
    lost = both.jobs[dead].root.parent.name
    assert f"lost the other hosts of the job ({lost})" in reason
    assert both.jobs[0].states
    assert not both.jobs[1].states


def test_a_host_that_refuses_its_rows_ends_the_others(cluster: Callable[..., Cluster]) -> None:
    """The reason is in the log of the one; the others say that they were left alone."""
    both = cluster()
    (both.jobs[1].root / "input/data/train/train.parquet").write_bytes(b"no table")
    both.start()
    both.finish()
    assert both.codes == [1, 2]
    reason = (both.jobs[0].root / "output/failure").read_text(encoding="utf-8")
    assert "lost the other hosts of the job" in reason
