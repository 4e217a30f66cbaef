"""The settings of the backups of databases and tables that the platform brings."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from config.types import CronExpression, Days
from pipeline_code.core.mistakes import Section

_LEAST_COLD_DAYS = 90
"""What AWS Backup bills for in cold storage in any case, and asks for."""


class BackupConfig(Section):
    """When databases and tables are backed up, and how long a backup stays."""

    schedule: CronExpression = "cron(0 4 * * ? *)"
    keep_days: Days = 35
    cold_after_days: Days | None = None
    lock_days: Days | None = None
    # Fewer days are refused: there must be time to see that a lock without return is wrong.
    lock_changeable_days: Annotated[int, Field(ge=3, le=36_500)] | None = None

    @field_validator("schedule")
    @classmethod
    def _check_schedule(cls, value: str) -> str:
        if not re.match(r"cron\(\d+ ", value):
            raise ValueError(
                f"given {value!r}; AWS Backup runs once an hour at most: the first field, the "
                "minute, must be one number"
            )
        return value

    @field_validator("cold_after_days")
    @classmethod
    def _check_cold(cls, value: int | None, info: ValidationInfo) -> int | None:
        kept = info.data.get("keep_days")
        if value is not None and kept is not None and kept < value + _LEAST_COLD_DAYS:
            raise ValueError(
                f"given {value} with keep_days {kept}: a backup stays {_LEAST_COLD_DAYS} days in "
                f"cold storage at least; set keep_days to {value + _LEAST_COLD_DAYS} or more"
            )
        return value

    @field_validator("lock_days")
    @classmethod
    def _check_lock(cls, value: int | None, info: ValidationInfo) -> int | None:
        # A locked vault refuses backups that would be deleted earlier: each job would fail.
        kept = info.data.get("keep_days")
        if value is not None and kept is not None and value > kept:
            raise ValueError(f"must be at most keep_days ({kept}), given {value}")
        return value
