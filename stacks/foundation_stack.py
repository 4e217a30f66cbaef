"""What everything else stands on: keys, log groups, the image repository."""

from __future__ import annotations

from typing import Any

from aws_cdk import RemovalPolicy, Stack
from constructs import Construct

from config import PlatformConfig
from ml_constructs.alarm_topic import AlarmTopic
from ml_constructs.encrypted_log_group import EncryptedLogGroup
from ml_constructs.encryption_key import EncryptionKey
from ml_constructs.image_repository import ImageRepository
from ml_constructs.job_role import ENDPOINTS, LOG_GROUPS
from stacks.names import Names


class FoundationStack(Stack):
    """Keep the keys, the log groups that SageMaker names itself, and the images.

    Stateful: without the keys nothing in the other stacks can be read.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: PlatformConfig,
        names: Names,
        removal_policy: RemovalPolicy,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._platform = names.platform
        self._settings = settings
        self._removal_policy = removal_policy

        self.data_key = self._key("data", "Data, models and images")
        self.data_key.allow_service("sagemaker")
        self.data_key.allow_service("glue")
        self.data_key.allow_reading(settings.registry.reader_accounts)
        self.logs_key = self._key("logs", "Logs")
        self.logs_key.allow_logs(
            ["/aws/sagemaker/*", "/aws-glue/*", "/aws/rds/*", names.flow_logs, names.dns_logs]
        )
        self.alerts_key = self._key("alerts", "Alarms and undelivered events")
        self.alarms = AlarmTopic(
            self,
            "Alarms",
            key=self.alerts_key,
            display_name=names.platform,
            emails=settings.monitoring.emails,
        )
        # One of each in an account and region: where two environments share one, one of them
        # owns the groups (logs.sagemaker_log_groups) and both write into them.
        for name in LOG_GROUPS if settings.logs.sagemaker_log_groups else ():
            self._log_group(f"{name.rpartition('/')[2]}Logs", name)
        self._log_group("EndpointLogs", f"/aws/sagemaker/{ENDPOINTS}/{names.endpoint}")
        self.images = ImageRepository(
            self,
            "Images",
            name=names.platform,
            key=self.data_key,
            keep_count=settings.images.keep_count,
            untagged_days=settings.images.untagged_days,
            removal_policy=removal_policy,
        )
        self.images.allow_pulling(settings.registry.reader_accounts)

    def _key(self, purpose: str, holds: str) -> EncryptionKey:
        return EncryptionKey(
            self,
            f"{purpose.capitalize()}Key",
            alias=f"{self._platform}-{purpose}",
            description=f"{holds} of {self._platform}",
            deletion_window_days=self._settings.keys.deletion_window_days,
            removal_policy=self._removal_policy,
        )

    def _log_group(self, group_id: str, name: str) -> None:
        EncryptedLogGroup(
            self,
            group_id,
            name=name,
            key=self.logs_key,
            retention_days=self._settings.logs.retention_days,
            removal_policy=self._removal_policy,
        )
