"""What a delivery keeps: the artifacts, the logs of its builds, and whom it tells."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aws_cdk import RemovalPolicy, Stack
from constructs import Construct

from config import DeliveryConfig
from ml_constructs.alarm_topic import AlarmTopic
from ml_constructs.artifact_store import ArtifactStore
from ml_constructs.encrypted_log_group import EncryptedLogGroup
from ml_constructs.encryption_key import EncryptionKey
from stacks.names import Names

_DELETION_WINDOW_DAYS = 30


class DeliveryStoreStack(Stack):
    """Keep the artifacts, the bills of materials and the logs, encrypted with a key of their own.

    Stateful: they are the record of what was delivered. ``steps`` names the projects that log.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: DeliveryConfig,
        names: Names,
        steps: Iterable[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.key = EncryptionKey(
            self,
            "Key",
            alias=names.platform,
            description=f"Artifacts, logs and notices of {names.platform}",
            deletion_window_days=_DELETION_WINDOW_DAYS,
            removal_policy=RemovalPolicy.RETAIN,
        )
        self.key.allow_logs([f"/{names.platform}/*"])
        self.topic = AlarmTopic(
            self,
            "Notices",
            key=self.key,
            display_name=names.platform,
            emails=settings.emails,
        )
        self.store = ArtifactStore(
            self,
            "Store",
            pipeline_name=names.platform,
            key=self.key,
            artifact_days=settings.artifact_days,
            access_log_days=settings.access_log_days,
            removal_policy=RemovalPolicy.RETAIN,
        )
        self.logs = {
            step: EncryptedLogGroup(
                self,
                f"{step}Logs",
                name=f"/{names.platform}/{step}",
                key=self.key,
                retention_days=settings.log_retention_days,
                removal_policy=RemovalPolicy.RETAIN,
            )
            for step in steps
        }
