"""The settings of batch scoring."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from config.training import ArrivalConfig, ScheduleConfig
from config.types import ProcessingInstanceType, TransformInstanceType
from pipeline_code.core.mistakes import Section

_MOST_MB_AT_ONCE = 100
"""Source: SageMaker API Reference, CreateTransformJob, MaxPayloadInMB."""
_LARGEST_BODY_MB = 20
"""Below what the inference server takes as one body, `Limits.body_bytes`."""


class BatchConfig(Section):
    """How the files that wait are scored, and when.

    The order of the fields matters: a validator sees those above its own.
    """

    input: Literal["jsonlines", "csv"] = "jsonlines"
    instance_type: TransformInstanceType = "ml.m5.large"
    instance_count: Annotated[int, Field(ge=1, le=20)] = 1
    processing_instance_type: ProcessingInstanceType | None = None
    strategy: Literal["MultiRecord", "SingleRecord"] = "MultiRecord"
    max_payload_mb: Annotated[int, Field(ge=1, le=_LARGEST_BODY_MB)] = 6
    max_concurrent_transforms: Annotated[int, Field(ge=1, le=100)] = 2
    schedule: ScheduleConfig = ScheduleConfig(expression="cron(0 5 * * ? *)")
    arrival: ArrivalConfig = ArrivalConfig()

    @field_validator("max_concurrent_transforms")
    @classmethod
    def _check_memory(cls, value: int, info: ValidationInfo) -> int:
        payload = info.data.get("max_payload_mb", 1)
        if value * payload > _MOST_MB_AT_ONCE:
            raise ValueError(
                f"{value} requests of max_payload_mb ({payload}) exceed the {_MOST_MB_AT_ONCE} MB "
                f"that SageMaker sends at once; allowed: 1 to {_MOST_MB_AT_ONCE // payload}"
            )
        return value
