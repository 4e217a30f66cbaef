"""The settings of the serving."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from config.types import EndpointInstanceType
from pipeline_code.core.mistakes import Section

_LONGEST_ROLLOUT_MIN = 7 * 60
"""SageMaker gives an update eight hours; one of them is for starting the instances."""
_SHORTEST_BAKE_MIN = 5
"""An alarm needs three bad minutes in a row, and some time to be told of them."""


class ServingConfig(Section):
    """Which version of the model serves, on what, and how a change reaches it.

    Without ``model_version`` nothing serves. The order of the fields matters: a validator sees
    those above its own.
    """

    model_version: Annotated[int, Field(ge=1)] | None = None
    instance_type: EndpointInstanceType = "ml.m5.large"
    min_instances: Annotated[int, Field(ge=1, le=1000)] = 2
    max_instances: Annotated[int, Field(ge=1, le=1000)] = 4
    invocations_per_instance_per_min: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    scale_in_cooldown_sec: Annotated[int, Field(ge=0, le=86_400)] = 600
    scale_out_cooldown_sec: Annotated[int, Field(ge=0, le=86_400)] = 60
    rollout: Literal["all_at_once", "canary", "linear"] = "canary"
    rollout_step_percent: Annotated[int, Field(ge=10, le=50)] = 50
    rollout_wait_min: Annotated[int, Field(ge=_SHORTEST_BAKE_MIN, le=60)] = 10
    errors_5xx_per_min: Annotated[int, Field(ge=1, le=1_000_000)] = 5
    latency_p99_ms: Annotated[int, Field(ge=1, le=60_000)] = 500
    min_invocations_per_5min: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    capture_percent: Annotated[int, Field(ge=0, le=100)] = 100

    @field_validator("instance_type")
    @classmethod
    def _check_guardrails(cls, value: str) -> str:
        # Source: SageMaker Developer Guide, "Deployment guardrails", exclusions.
        if value.startswith("ml.inf1."):
            raise ValueError(
                f"given {value!r}: SageMaker would ignore the rollout and the alarms that take a "
                "version back on Inf1; allowed: any other family, ml.inf2 for instance"
            )
        return value

    @field_validator("max_instances")
    @classmethod
    def _check_range(cls, value: int, info: ValidationInfo) -> int:
        least = info.data.get("min_instances", 1)
        if value < least:
            raise ValueError(f"must be at least min_instances ({least}), given {value}")
        return value

    @field_validator("rollout")
    @classmethod
    def _check_rollout(cls, value: str, info: ValidationInfo) -> str:
        if value != "all_at_once" and info.data.get("min_instances", 2) < 2:
            raise ValueError(
                f"{value} moves part of the instances first and one cannot be parted: raise "
                "min_instances to 2, or take all_at_once"
            )
        return value

    @field_validator("rollout_step_percent")
    @classmethod
    def _check_step(cls, value: int, info: ValidationInfo) -> int:
        instances = info.data.get("min_instances", 2)
        is_stepwise = info.data.get("rollout", "all_at_once") != "all_at_once"
        if is_stepwise and value * instances < 100:
            raise ValueError(
                f"{value}% of min_instances ({instances}) is less than one instance; "
                f"allowed: {math.ceil(100 / instances)} to 50"
            )
        return value

    @field_validator("rollout_wait_min")
    @classmethod
    def _check_duration(cls, value: int, info: ValidationInfo) -> int:
        if info.data.get("rollout") == "linear" and "rollout_step_percent" in info.data:
            waits = math.ceil(100 / info.data["rollout_step_percent"]) + 1
            if waits * value > _LONGEST_ROLLOUT_MIN:
                raise ValueError(
                    f"{waits} waits of {value} minutes exceed what SageMaker gives an update "
                    f"({_LONGEST_ROLLOUT_MIN} minutes); wait less or take larger steps"
                )
        return value
