"""Databases and tables that the platform brings where a source has none of its own."""

from __future__ import annotations

from typing import Any

from aws_cdk import RemovalPolicy, Stack
from constructs import Construct

from config import PlatformConfig
from ml_constructs.backup_plan import BackupPlan, Retention
from ml_constructs.encrypted_log_group import EncryptedLogGroup
from ml_constructs.key_value_table import KeyValueTable
from ml_constructs.landing_job import log_groups
from ml_constructs.network import Network
from ml_constructs.postgres_cluster import PostgresCluster, log_group_of
from stacks.foundation_stack import FoundationStack
from stacks.names import Names

PORT = 5433
"""Not the usual one, which is the first that others try."""


class DatabasesStack(Stack):
    """Keep the databases and tables of the sources, their backups, the logs of their landing.

    Stateful: their rows exist nowhere else.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: PlatformConfig,
        names: Names,
        foundation: FoundationStack,
        network: Network,
        removal_policy: RemovalPolicy,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._settings = settings
        self._names = names
        self._key = foundation.data_key
        self._logs_key = foundation.logs_key
        self._removal_policy = removal_policy

        self.clusters = self._define_clusters(network)
        self.tables = {
            source.name: KeyValueTable(
                self,
                f"Table-{source.name}",
                partition_key=source.partition_key,
                key=self._key,
                is_protected=settings.protected,
                removal_policy=removal_policy,
            )
            for source in settings.sources.tables
            if source.table is None
        }
        if self.clusters or self.tables:
            self._define_backups()
        for source in settings.sources.landed:
            for name in log_groups(names.sources_encryption, names.landing_role(source)):
                self._define_log_group(f"{source}-{name.rpartition('/')[2]}", name)

    def _define_clusters(self, network: Network) -> dict[str, PostgresCluster]:
        clusters = {}
        for source in self._settings.sources.databases:
            if source.host is not None:
                continue
            name = self._names.cluster(source.name)
            cluster = PostgresCluster(
                self,
                f"Database-{source.name}",
                name=name,
                database=source.database or source.name,
                port=source.port or PORT,
                max_capacity_units=source.max_capacity_units,
                network=network,
                key=self._key,
                removal_policy=self._removal_policy,
            )
            cluster.keep_logs(self._define_log_group(f"{source.name}-server", log_group_of(name)))
            clusters[source.name] = cluster
        return clusters

    def _define_backups(self) -> None:
        backup = self._settings.backup
        lock_days = backup.lock_days or backup.keep_days
        self.backups = BackupPlan(
            self,
            "Backups",
            vault_name=self._names.backups,
            schedule=backup.schedule,
            retention=Retention(
                keep_days=backup.keep_days,
                cold_after_days=backup.cold_after_days,
                lock_days=lock_days if self._settings.protected else None,
                lock_changeable_days=backup.lock_changeable_days,
            ),
            cluster_arns=[cluster.cluster_arn for cluster in self.clusters.values()],
            table_arns=[table.table_arn for table in self.tables.values()],
            key=self._key,
            removal_policy=self._removal_policy,
        )

    def _define_log_group(self, group_id: str, name: str) -> EncryptedLogGroup:
        return EncryptedLogGroup(
            self,
            f"Logs-{group_id}",
            name=name,
            key=self._logs_key,
            retention_days=self._settings.logs.retention_days,
            removal_policy=self._removal_policy,
        )
