"""The settings of the delivery: where commits come from, and what they must pass."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from config.delivery_source import GithubConfig, SourceConfig
from config.quantities import Duration, between, in_whole
from config.schema import TagsConfig
from config.types import (
    AccountId,
    Days,
    EmailAddress,
    EnvironmentName,
    LogRetentionDays,
    RegionName,
    matching,
)
from pipeline_code.core.mistakes import Section, closest

_ENVIRONMENTS = ("dev", "staging", "prod")
_COMPUTE_TYPES = tuple(
    f"BUILD_GENERAL1_{size}" for size in ("SMALL", "MEDIUM", "LARGE", "XLARGE", "2XLARGE")
)
"""Those that a Linux container takes without a fleet of one's own, of CodeBuild's ComputeType."""


def _check_compute_type(value: str) -> str:
    if value not in _COMPUTE_TYPES:
        raise ValueError(
            f"given {value!r}; allowed: {', '.join(_COMPUTE_TYPES)}"
            f"{closest(value.upper(), list(_COMPUTE_TYPES))}"
        )
    return value


Minutes = Annotated[Duration, in_whole("1min")]
# Source: CodeBuild API Reference, CreateProject: 5 to 2160 minutes, 5 to 480 in the queue.
BuildTime = Annotated[Minutes, between("5min", "36h")]
ImageByDigest = Annotated[
    str,
    matching(
        r"[a-z0-9][a-z0-9./_-]*@sha256:[0-9a-f]{64}",
        "an image by digest, as in python@sha256:... with 64 hexadecimal digits",
    ),
]


class BuildConfig(Section):
    """On what the builds run, and what the image is built upon."""

    compute_type: Annotated[str, AfterValidator(_check_compute_type)] = "BUILD_GENERAL1_MEDIUM"
    environment_image: Annotated[
        str,
        matching(
            r"aws/codebuild/[a-z0-9_-]+:[0-9]+\.[0-9]+",
            "an image of AWS by its version, as in aws/codebuild/amazonlinux-x86_64-standard:5.0",
        ),
    ] = "aws/codebuild/amazonlinux-x86_64-standard:5.0"
    base_image: ImageByDigest
    stop_at_severity: Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"] = "CRITICAL"


class TimeoutsConfig(Section):
    """How long each part may take before it is stopped, and how long people may."""

    queue: Annotated[Minutes, between("5min", "8h")] = timedelta(hours=1)
    build: BuildTime = timedelta(hours=1)
    # These wait for AWS: their builds may last a little longer, to say how it ended.
    deploy: Annotated[Minutes, between("5min", "35h")] = timedelta(hours=2)
    train: Annotated[Minutes, between("5min", "35h")] = timedelta(hours=12)
    smoke: BuildTime = timedelta(minutes=30)
    approval: Annotated[Minutes, between("5min", "60d")] = timedelta(days=7)


class SmokeConfig(Section):
    """What an endpoint must stand before anything goes on."""

    max_p99: Annotated[Duration, between("1ms", "60s"), in_whole("1ms")] = timedelta(
        milliseconds=500
    )
    load: Annotated[Duration, between("1s", "15min"), in_whole("1s")] = timedelta(minutes=1)
    connections: Annotated[int, Field(ge=1, le=256)] = 8

    @field_validator("load")
    @classmethod
    def _check_load(cls, value: timedelta, info: ValidationInfo) -> timedelta:
        if "max_p99" in info.data and value < 10 * info.data["max_p99"]:
            raise ValueError("is too short to say anything of max_p99: take ten times that or more")
        return value


class DeliveryConfig(Section):
    """Everything that `DeliveryStage` needs to know; accounts are those of the environments.

    The order of the fields matters: a validator sees those above its own.
    """

    name: EnvironmentName = "delivery"
    account: AccountId | None = None
    region: RegionName | None = None
    bootstrap_qualifier: Annotated[
        str, matching(r"[a-z0-9]{1,10}", "the qualifier of `cdk bootstrap`: 1 to 10 of a-z, 0-9")
    ] = "hnb659fds"
    tags: TagsConfig
    source: SourceConfig | None = None
    github: GithubConfig | None = None
    training_environment: Literal["dev", "staging"] = "staging"
    emails: tuple[EmailAddress, ...] = ()
    build: BuildConfig
    timeouts: TimeoutsConfig = TimeoutsConfig()
    smoke: SmokeConfig = SmokeConfig()
    poll: Annotated[Duration, between("5s", "5min"), in_whole("1s")] = timedelta(seconds=30)
    log_retention_days: LogRetentionDays = 365
    access_log_days: Days = 365
    artifact_days: Days = 90

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str) -> str:
        if value in _ENVIRONMENTS:
            raise ValueError(f"given {value!r}, which is an environment; allowed: another name")
        return value

    @field_validator("region")
    @classmethod
    def _check_binding(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "account" in info.data and (value is None) != (info.data["account"] is None):
            raise ValueError("set account and region, which binds the delivery to both, or neither")
        return value

    @field_validator("github")
    @classmethod
    def _check_front(cls, value: GithubConfig | None, info: ValidationInfo) -> GithubConfig | None:
        if value is None and "source" in info.data and info.data["source"] is None:
            raise ValueError("nothing would deliver: set source (CodePipeline), github, or both")
        return value

    @field_validator("emails")
    @classmethod
    def _check_repetition(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value):
            raise ValueError("names an address twice; name each once")
        return value
