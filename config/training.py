"""The settings of the training pipeline."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.types import (
    ProcessingInstanceType,
    ScheduleExpression,
    TrainingInstanceType,
    matching,
)
from pipeline_code.core.mistakes import Section

MarkerSuffix = Annotated[
    str,
    # Part of a pattern: * and ? and \ would mean something else there.
    matching(r"[A-Za-z0-9._=/-]{1,128}", "the end of an object's key such as _SUCCESS or .csv"),
]


class ScheduleConfig(Section):
    """When the pipeline starts by itself, in UTC."""

    enabled: bool = False
    expression: ScheduleExpression = "cron(0 3 ? * MON *)"


class ArrivalConfig(Section):
    """Which new object in the raw bucket says that the data are complete."""

    enabled: bool = False
    suffix: MarkerSuffix = "_SUCCESS"


class TrainingConfig(Section):
    """How the training pipeline runs when an execution does not say otherwise."""

    max_parallel_steps: Annotated[int, Field(ge=1, le=50)] = 4
    processing_instance_type: ProcessingInstanceType | None = None
    training_instance_type: TrainingInstanceType | None = None
    schedule: ScheduleConfig = ScheduleConfig()
    arrival: ArrivalConfig = ArrivalConfig()
