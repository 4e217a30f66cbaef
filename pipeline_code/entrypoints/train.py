"""Train: read the channels ``train`` and ``validation``, leave the model and its record."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from typing import Final

from pipeline_code import contract
from pipeline_code.core.tables import read_coded
from pipeline_code.core.texts import Table
from pipeline_code.core.usecase import UseCase
from pipeline_code.entrypoints.cluster import joined_hosts
from pipeline_code.entrypoints.job import Job, run
from pipeline_code.steps.checkpoints import Checkpoints
from pipeline_code.steps.predict import save_model
from pipeline_code.steps.train import TrainedModel, train

_SECTION: Final = "training."
_OF_THE_PLATFORM: Final = "sagemaker_"


def main(job: Job, arguments: Sequence[str]) -> None:  # noqa: ARG001 - settings come in a file
    """Train the model of the use case that the hyperparameters name."""
    given = job.hyperparameters()
    name = given.pop("usecase")
    usecase = job.usecase(
        name,
        {
            f"{_SECTION}{key}": value
            for key, value in given.items()
            if not key.startswith(_OF_THE_PLATFORM)
        },
    )
    checkpoints = _checkpoints(job, usecase)
    # The rows are read inside: a host that refuses them leaves no other waiting.
    with joined_hosts(job) as peers:
        # The others would tell the same once more.
        reports = (job.progress, job.metric) if peers.is_first else ()
        training, validation = _channels(job, usecase)
        trained = train(
            training, validation, usecase, *reports, checkpoints=checkpoints, peers=peers
        )
    if peers.is_first:
        _write(job, trained, name)
    else:
        digest = hashlib.sha256(trained.model.weights()).hexdigest()
        job.say(f"trained the model sha256:{digest}, which {job.hosts().names[0]} writes")
    if checkpoints is not None:
        checkpoints.finish()


def _write(job: Job, trained: TrainedModel, name: str) -> None:
    save_model(trained.model, job.model())
    record = job.training_output() / contract.TRAINING_FILE
    record.write_text(json.dumps(trained.record, indent=2) + "\n", encoding="utf-8")
    rows = trained.record["train"]["rows"] + trained.record["validation"]["rows"]
    job.summary(
        rows_in=rows,
        rows_out=rows,
        quarantined=0,
        deduplicated=0,
        usecase=name,
        algorithm=trained.model.metadata.algorithm,
        best_iteration=trained.model.metadata.best_iteration,
        threshold=trained.model.threshold,
    )


def _channels(job: Job, usecase: UseCase) -> tuple[Table, Table]:
    columns = [*usecase.features.inputs, usecase.problem.target]
    # What must stay together or in order when rows are divided anew.
    keys = [name for name in (usecase.split.event_time, usecase.split.group) if name]
    training, validation = (
        read_coded(job.training_input(channel) / file, columns, keys)
        for channel, file in (
            (contract.TRAIN_CHANNEL, contract.TRAIN_FILE),
            (contract.VALIDATION, contract.VALIDATION_FILE),
        )
    )
    return training, validation


def _checkpoints(job: Job, usecase: UseCase) -> Checkpoints | None:
    if not usecase.keeps_checkpoints:
        return None
    every_sec = usecase.instances.checkpoint_sec
    return Checkpoints(job.checkpoints(), every_sec, time.monotonic, job.say)


if __name__ == "__main__":
    run(main)
