"""The settings of one environment: everything that may differ between dev, staging and prod."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from config.cron import check_cron
from pipeline_code.core.mistakes import Section


def _matching(pattern: str, allowed: str) -> AfterValidator:
    """Refuse text of another shape, in words instead of a regular expression."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"given {value!r}; allowed: {allowed}")
        return value

    return AfterValidator(check)


EnvironmentName = Annotated[
    str,
    # Part of every physical name: short, in the alphabet that S3, Glue and SageMaker share.
    _matching(r"[a-z][a-z0-9]{1,11}", "2 to 12 lower-case letters and digits, a letter first"),
]
UseCaseName = Annotated[
    str,
    _matching(
        r"[a-z][a-z0-9]*(-[a-z0-9]+)*",
        "the name of a folder in pipeline_code/usecases: lower-case letters, digits and hyphens",
    ),
    Field(max_length=31),
]
TagValue = Annotated[
    str,
    _matching(
        r"(?!aws:)[A-Za-z0-9 .:/=+@_-]{1,256}",
        "1 to 256 letters, digits, spaces and . : / = + @ _ -, not beginning with aws:",
    ),
]
InstanceType = Annotated[
    str, _matching(r"ml\.[a-z][a-z0-9-]*\.[a-z0-9-]+", "a SageMaker instance such as ml.m5.xlarge")
]
ImageDigest = Annotated[
    str, _matching(r"sha256:[0-9a-f]{64}", "sha256: and the 64 hexadecimal digits of an image")
]
CronExpression = Annotated[str, AfterValidator(check_cron)]
Days = Annotated[int, Field(ge=1, le=3650)]
LogRetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
]  # fmt: skip
"""The retentions that CloudWatch Logs knows; any other number is refused at deployment."""


class TagsConfig(Section):
    """Who owns the environment and what it holds; on every resource that takes tags."""

    data_classification: Literal["public", "internal", "confidential", "restricted"]
    owner_team: TagValue
    cost_center: TagValue


class KeysConfig(Section):
    """How long a deleted key can be brought back."""

    deletion_window_days: Annotated[int, Field(ge=7, le=30)] = 30


class LogsConfig(Section):
    """How long logs stay, and who owns the log groups that SageMaker names itself."""

    retention_days: LogRetentionDays = 365
    sagemaker_log_groups: bool = True
    access_log_days: Days = 365


class ImagesConfig(Section):
    """Which container image runs by default, and how many stay in the repository."""

    digest: ImageDigest | None = None
    keep_count: Annotated[int, Field(ge=1, le=10_000)] = 200
    untagged_days: Days = 14


class DataConfig(Section):
    """How the buckets age and when the crawler looks at the raw data."""

    noncurrent_version_days: Days = 90
    execution_data_days: Days = 90
    crawler_schedule: CronExpression | None = None


class TrainingConfig(Section):
    """How the training pipeline runs when an execution does not say otherwise."""

    max_parallel_steps: Annotated[int, Field(ge=1, le=50)] = 4
    processing_instance_type: InstanceType | None = None
    training_instance_type: InstanceType | None = None


class PlatformConfig(Section):
    """Everything that `PlatformStage` needs to know about one environment."""

    environment: EnvironmentName
    usecase: UseCaseName
    protected: bool
    tags: TagsConfig
    keys: KeysConfig = KeysConfig()
    logs: LogsConfig = LogsConfig()
    images: ImagesConfig = ImagesConfig()
    data: DataConfig = DataConfig()
    training: TrainingConfig = TrainingConfig()

    @field_validator("protected")
    @classmethod
    def _check_protection(cls, value: bool, info: ValidationInfo) -> bool:
        # A validator of the field, not of the model: that would run only once all else is right.
        if info.data.get("environment") == "prod" and not value:
            raise ValueError("must be true in prod: its stacks could be deleted with their data")
        return value
