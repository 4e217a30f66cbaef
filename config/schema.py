"""The settings of one environment: everything that may differ between dev, staging and prod."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from config.audit import AuditConfig
from config.backup import BackupConfig
from config.batch import BatchConfig
from config.features import FeaturesConfig
from config.monitoring import MonitoringConfig
from config.network import NetworkConfig
from config.registry import RegistryConfig
from config.serving import ServingConfig
from config.sources import SourcesConfig
from config.studio import StudioConfig
from config.training import TrainingConfig
from config.types import (
    AccountId,
    CronExpression,
    Days,
    EnvironmentName,
    ImageDigest,
    LogRetentionDays,
    RegionName,
    TagValue,
    UseCaseName,
)
from pipeline_code.core.mistakes import Section


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
    checkpoint_days: Days = 7
    crawler_schedule: CronExpression | None = None


class PlatformConfig(Section):
    """Everything that `PlatformStage` needs to know about one environment."""

    environment: EnvironmentName
    usecase: UseCaseName
    protected: bool
    account: AccountId | None = None
    region: RegionName | None = None
    tags: TagsConfig
    keys: KeysConfig = KeysConfig()
    logs: LogsConfig = LogsConfig()
    images: ImagesConfig = ImagesConfig()
    data: DataConfig = DataConfig()
    network: NetworkConfig = NetworkConfig()
    audit: AuditConfig = AuditConfig()
    sources: SourcesConfig = SourcesConfig()
    backup: BackupConfig = BackupConfig()
    features: FeaturesConfig = FeaturesConfig()
    registry: RegistryConfig = RegistryConfig()
    training: TrainingConfig = TrainingConfig()
    batch: BatchConfig = BatchConfig()
    studio: StudioConfig = StudioConfig()
    monitoring: MonitoringConfig = MonitoringConfig()
    serving: ServingConfig = ServingConfig()

    @field_validator("region")
    @classmethod
    def _check_binding(cls, value: str | None, info: ValidationInfo) -> str | None:
        # An account that is wrong is absent here, and has a mistake of its own.
        if "account" in info.data and (value is None) != (info.data["account"] is None):
            given = "account" if value is None else "region"
            raise ValueError(
                f"only {given} is set; set account and region, which binds the environment to "
                "both, or neither"
            )
        return value

    @field_validator("network")
    @classmethod
    def _check_zone(cls, value: NetworkConfig, info: ValidationInfo) -> NetworkConfig:
        zone, region = value.first_subnet_zone, info.data.get("region")
        if zone and region and not zone.startswith(region):
            raise ValueError(f"first_subnet_zone: {zone} is not in the region {region}")
        return value

    @field_validator("sources")
    @classmethod
    def _check_reach(cls, value: SourcesConfig, info: ValidationInfo) -> SourcesConfig:
        network = info.data.get("network")
        if (
            value.databases
            and isinstance(network, NetworkConfig)
            and network.vpc_id is not None
            and network.first_subnet_zone is None
        ):
            raise ValueError(
                "databases are reached through the first of network.subnet_ids, and Glue must be "
                "told its zone; set network.first_subnet_zone, such as eu-central-1a"
            )
        return value

    @field_validator("training", "batch")
    @classmethod
    def _check_image(
        cls, value: TrainingConfig | BatchConfig, info: ValidationInfo
    ) -> TrainingConfig | BatchConfig:
        images = info.data.get("images")
        if isinstance(images, ImagesConfig) and images.digest is None:
            for name in ("schedule", "arrival"):
                if getattr(value, name).enabled:
                    raise ValueError(
                        f"{name}.enabled starts the image of images.digest, which is not set: each "
                        "execution would fail; set the digest, or leave it off"
                    )
        return value

    @field_validator("protected")
    @classmethod
    def _check_protection(cls, value: bool, info: ValidationInfo) -> bool:
        # A validator of the field, not of the model: that would run only once all else is right.
        if info.data.get("environment") == "prod" and not value:
            raise ValueError("must be true in prod: its stacks could be deleted with their data")
        return value

    @field_validator("serving")
    @classmethod
    def _check_availability(cls, value: ServingConfig, info: ValidationInfo) -> ServingConfig:
        if value.kind == "serverless":
            if info.data.get("protected"):
                raise ValueError(
                    "kind: serverless runs outside the VPC and without network isolation, which a "
                    "protected environment promises; take realtime, or asynchronous"
                )
        # Two instances are put into two zones; with one, a lost zone or a patch is an outage.
        elif info.data.get("environment") == "prod" and value.least_instances < 2:
            raise ValueError(
                f"min_instances must be at least 2 in prod, given {value.least_instances}: "
                "one instance is one zone"
            )
        return value
