"""What the two steps around a training by another image do alike."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline_code import contract
from pipeline_code.core.errors import PipelineError
from pipeline_code.core.foreign_algorithms import foreign_algorithm
from pipeline_code.core.tables import read_coded
from pipeline_code.entrypoints.job import Job
from pipeline_code.steps.foreign_rows import ForeignRows, read_parts


class OwnAlgorithmError(PipelineError, ValueError):
    """The use case trains in this image, so there is nothing to translate."""

    def __init__(self, algorithm: str) -> None:
        super().__init__(
            f"training.algorithm {algorithm} trains in this image; the pipeline was compiled for "
            "another one: acequia compile"
        )


def read_rows(job: Job, name: str, settings: Mapping[str, str]) -> ForeignRows:
    """Read the rows of both parts, encoded with what is fitted on the training rows.

    Raises:
        OwnAlgorithmError: if the use case names an algorithm of ours.
        PipelineError: see `read_parts`.
    """
    usecase = job.usecase(name, settings)
    algorithm = foreign_algorithm(usecase.training.algorithm)
    if algorithm is None:
        raise OwnAlgorithmError(usecase.training.algorithm)
    columns = [*usecase.features.inputs, usecase.problem.target]
    training, validation = (
        read_coded(job.input(channel) / file, columns)
        for channel, file in (
            (contract.TRAIN_CHANNEL, contract.TRAIN_FILE),
            (contract.VALIDATION, contract.VALIDATION_FILE),
        )
    )
    return read_parts(training, validation, usecase, algorithm)
