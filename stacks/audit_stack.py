"""Who did what: the trail, the alarms on it, and the table to ask it questions."""

from __future__ import annotations

from typing import Any

from aws_cdk import RemovalPolicy, Stack
from constructs import Construct

from config import PlatformConfig
from ml_constructs.access_log_bucket import AccessLogBucket
from ml_constructs.audit_trail import AuditTrail
from ml_constructs.audited_changes import AUDITED_CHANGES
from ml_constructs.change_alarm import ChangeAlarm
from ml_constructs.encryption_key import EncryptionKey
from ml_constructs.query_workgroup import QueryWorkgroup
from ml_constructs.trail_bucket import TrailBucket
from ml_constructs.trail_table import TrailTable
from stacks.data_stack import DataStack
from stacks.foundation_stack import FoundationStack
from stacks.names import Names

RESULTS = "audit-queries"
"""The folder of the artifacts bucket with the results of queries on the trail."""
SCANNED_LIMIT_GIB = 50
"""Weeks of a busy account; a question without a day would read years."""


class AuditStack(Stack):
    """Record what is done in the account, and tell people of the changes that matter.

    Stateful: the trail's files, its log group and the key of both. The key is the trail's
    own, so that who reads the data cannot read who else does.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: PlatformConfig,
        names: Names,
        foundation: FoundationStack,
        data: DataStack,
        removal_policy: RemovalPolicy,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.key = EncryptionKey(
            self,
            "Key",
            alias=f"{names.platform}-audit",
            description=f"The audit trail of {names.platform}",
            deletion_window_days=settings.keys.deletion_window_days,
            removal_policy=removal_policy,
        )
        self.bucket = TrailBucket(
            self,
            "Files",
            trail_name=names.platform,
            key=self.key,
            access_logs=AccessLogBucket(
                self,
                "AccessLogs",
                expiry_days=settings.logs.access_log_days,
                removal_policy=removal_policy,
            ),
            expiry_days=settings.audit.retention_days,
            lock_days=settings.audit.lock_days,
            removal_policy=removal_policy,
        )
        buckets = (data.raw, data.curated, data.artifacts)
        self.trail = AuditTrail(
            self,
            "Trail",
            name=names.platform,
            bucket=self.bucket,
            key=self.key,
            watched_arns=[each.bucket_arn for each in buckets if settings.audit.data_events],
            log_retention_days=settings.logs.retention_days,
            removal_policy=removal_policy,
        )
        self._define_alarms(settings, names, foundation)
        self._define_queries(names, foundation, data, removal_policy)

    def _define_alarms(
        self, settings: PlatformConfig, names: Names, foundation: FoundationStack
    ) -> None:
        thresholds = {
            "DeniedCalls": settings.audit.denied_calls_per_5min,
            "FailedSignIn": settings.audit.failed_sign_ins_per_5min,
        }
        for change in AUDITED_CHANGES:
            ChangeAlarm(
                self,
                change.name,
                change=change,
                trail=self.trail,
                namespace=f"{names.platform}/audit",
                topic=foundation.alarms,
                threshold=thresholds.get(change.name, 1),
            )

    def _define_queries(
        self,
        names: Names,
        foundation: FoundationStack,
        data: DataStack,
        removal_policy: RemovalPolicy,
    ) -> None:
        table = TrailTable(
            self,
            "Table",
            database_name=names.audit_database,
            bucket=self.bucket,
            removal_policy=removal_policy,
        )
        workgroup = QueryWorkgroup(
            self,
            "Queries",
            name=f"{names.platform}-audit",
            description=f"Questions about the audit trail of {names.platform}",
            results=data.artifacts,
            prefix=RESULTS,
            key=foundation.data_key,
            scanned_limit_gib=SCANNED_LIMIT_GIB,
        )
        workgroup.save(table.queries, database=table.database_name)
