"""The settings of the training pipeline."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.types import InstanceType
from pipeline_code.core.mistakes import Section


class TrainingConfig(Section):
    """How the training pipeline runs when an execution does not say otherwise."""

    max_parallel_steps: Annotated[int, Field(ge=1, le=50)] = 4
    processing_instance_type: InstanceType | None = None
    training_instance_type: InstanceType | None = None
