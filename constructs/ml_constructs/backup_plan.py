"""Backups of databases and tables in a vault of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import RemovalPolicy
from aws_cdk import aws_backup as backup
from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_constructs.arns import format_arn
from ml_constructs.encryption_key import EncryptionKey
from ml_constructs.role_policies import wait_for_policies
from ml_constructs.service_trust import trusted_service

_START_WITHIN_MIN = 60
_END_WITHIN_MIN = 12 * 60


@dataclass(frozen=True)
class Retention:
    """How long a backup stays, and for how long nobody can delete it.

    ``lock_changeable_days``: after so many days nobody, not even the root of the account, can
    take the lock off. None: who may administer the vault can.
    """

    keep_days: int
    cold_after_days: int | None = None
    lock_days: int | None = None
    lock_changeable_days: int | None = None


class BackupPlan(Construct):
    """Define an encrypted vault, and a plan that backs named resources up every day.

    Stateful: the vault holds what outlives a deleted database. A vault that holds something
    cannot be deleted. Resources are named one by one: nothing is in the plan by a tag that
    anybody could take off.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vault_name: str,
        schedule: str,
        retention: Retention,
        cluster_arns: Sequence[str],
        table_arns: Sequence[str],
        key: EncryptionKey,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        vault = backup.CfnBackupVault(
            self,
            "Vault",
            backup_vault_name=vault_name,
            encryption_key_arn=key.key_arn,
            lock_configuration=_lock(retention),
        )
        vault.apply_removal_policy(removal_policy)
        plan = backup.CfnBackupPlan(
            self,
            "Plan",
            backup_plan={
                "backupPlanName": vault_name,
                "backupPlanRule": [_rule(vault.ref, schedule, retention)],
            },
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=trusted_service("backup", documents_source=False),
            description=f"Backs up what the plan {vault_name} names",
        )
        self._grant_vault(vault.attr_backup_vault_arn)
        self._grant_clusters(cluster_arns)
        self._grant_tables(table_arns)
        # The copy of a database is encrypted by a grant that RDS makes with these rights.
        key.grant_use(self.role)
        key.grant_volumes(self.role)
        selection = backup.CfnBackupSelection(
            self,
            "Selection",
            backup_plan_id=plan.attr_backup_plan_id,
            backup_selection={
                "selectionName": vault_name,
                "iamRoleArn": self.role.role_arn,
                "resources": [*cluster_arns, *table_arns],
            },
        )
        wait_for_policies(selection, self.role)

    def _grant_vault(self, vault_arn: str) -> None:
        self._grant(["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"], [vault_arn])

    def _grant_clusters(self, cluster_arns: Sequence[str]) -> None:
        """Let it make snapshots of these clusters, which AWS Backup names itself.

        Source: the AWS managed policy AWSBackupServiceRolePolicyForBackup, which allows it for
        every database.
        """
        if not cluster_arns:
            return
        snapshots = format_arn(
            service="rds",
            resource="cluster-snapshot",
            resource_name="awsbackup:*",
            separator=":",
        )
        self._grant(
            [
                "rds:AddTagsToResource",
                "rds:CreateDBClusterSnapshot",
                "rds:DescribeDBClusterSnapshots",
                "rds:DescribeDBClusters",
                "rds:ListTagsForResource",
            ],
            [*cluster_arns, snapshots],
        )
        self._grant(["rds:DeleteDBClusterSnapshot"], [snapshots])

    def _grant_tables(self, table_arns: Sequence[str]) -> None:
        """Let it back these tables up; the source is that of the clusters."""
        if not table_arns:
            return
        self._grant(
            [
                "dynamodb:CreateBackup",
                "dynamodb:DescribeTable",
                "dynamodb:ListTagsOfResource",
                "dynamodb:StartAwsBackupJob",
            ],
            list(table_arns),
        )
        self._grant(
            ["dynamodb:DeleteBackup", "dynamodb:DescribeBackup"],
            [f"{arn}/backup/*" for arn in table_arns],
        )

    def _grant(self, actions: list[str], resource_arns: list[str]) -> None:
        iam.Grant.add_to_principal(grantee=self.role, actions=actions, resource_arns=resource_arns)


def _lock(retention: Retention) -> dict[str, int] | None:
    if retention.lock_days is None:
        return None
    changeable = retention.lock_changeable_days
    return {
        "minRetentionDays": retention.lock_days,
        **({"changeableForDays": changeable} if changeable is not None else {}),
    }


def _rule(vault: str, schedule: str, retention: Retention) -> dict[str, object]:
    cold = retention.cold_after_days
    return {
        "ruleName": "Daily",
        "targetBackupVault": vault,
        "scheduleExpression": schedule,
        "startWindowMinutes": _START_WITHIN_MIN,
        "completionWindowMinutes": _END_WITHIN_MIN,
        "lifecycle": {
            "deleteAfterDays": retention.keep_days,
            **({"moveToColdStorageAfterDays": cold} if cold is not None else {}),
        },
    }
