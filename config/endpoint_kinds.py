"""The settings that only one kind of endpoint has, and those of its capacity by the clock."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from config.types import CronExpression, matching
from pipeline_code.core.mistakes import Section

TimeZone = Annotated[
    str,
    matching(
        r"UTC|[A-Z][A-Za-z]+(/[A-Z][A-Za-z_+-]+){1,2}",
        "UTC, or an area and a city such as Europe/Berlin",
    ),
]
ActionName = Annotated[
    str, matching(r"[a-z][a-z0-9-]{0,62}", "1 to 63 lower-case letters, digits and hyphens")
]


class ServerlessConfig(Section):
    """How large a serverless endpoint is.

    Source: the API model of SageMaker, `ProductionVariantServerlessConfig`.
    """

    memory_mib: Literal[1024, 2048, 3072, 4096, 5120, 6144] = 2048
    max_concurrency: Annotated[int, Field(ge=1, le=200)] = 20
    provisioned_concurrency: Annotated[int, Field(ge=1, le=200)] | None = None

    @field_validator("provisioned_concurrency")
    @classmethod
    def _check_concurrency(cls, value: int | None, info: ValidationInfo) -> int | None:
        most = info.data.get("max_concurrency", 200)
        if value is not None and value > most:
            raise ValueError(
                f"must be at most max_concurrency ({most}), given {value}; raise max_concurrency "
                "or keep fewer warm"
            )
        return value


class AsynchronousConfig(Section):
    """How an asynchronous endpoint works its queue off."""

    max_concurrent_invocations_per_instance: Annotated[int, Field(ge=1, le=1000)] | None = None
    backlog_per_instance: Annotated[int, Field(ge=1, le=1_000_000)] = 5
    max_request_age_min: Annotated[int, Field(ge=1, le=360)] = 60


class ScheduledCapacity(Section):
    """Other limits of the scaling from a moment on that comes again and again."""

    name: ActionName
    schedule: CronExpression
    timezone: TimeZone = "UTC"
    min_instances: Annotated[int, Field(ge=0, le=1000)]
    max_instances: Annotated[int, Field(ge=1, le=1000)]

    @field_validator("max_instances")
    @classmethod
    def _check_range(cls, value: int, info: ValidationInfo) -> int:
        least = info.data.get("min_instances", 0)
        if value < least:
            raise ValueError(f"must be at least min_instances ({least}), given {value}")
        return value
