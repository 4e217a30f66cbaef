"""The settings of the audit."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from config.types import Days
from pipeline_code.core.mistakes import Section


class AuditConfig(Section):
    """What is recorded of who did what, and which changes raise an alarm.

    ``trail: false`` where the account has a trail already, the organisation's for instance: the
    alarms on it and the table over it are then the organisation's as well.
    """

    trail: bool = True
    data_events: bool = True
    retention_days: Days = 365
    lock_days: Days | None = None
    denied_calls_per_5min: Annotated[int, Field(ge=1, le=10_000)] = 10
    failed_sign_ins_per_5min: Annotated[int, Field(ge=1, le=1_000)] = 3

    @field_validator("lock_days")
    @classmethod
    def _check_lock(cls, value: int | None, info: ValidationInfo) -> int | None:
        # S3 does not expire what it still locks: the lifecycle would be a promise not kept.
        kept = info.data.get("retention_days")
        if value is not None and kept is not None and value > kept:
            raise ValueError(f"must be at most retention_days ({kept}), given {value}")
        return value
