"""A PostgreSQL database that costs nothing while nobody asks it."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds
from constructs import Construct

from ml_constructs.encrypted_log_group import EncryptedLogGroup
from ml_constructs.encryption_key import EncryptionKey
from ml_constructs.network import Network

_ENGINE = "aurora-postgresql"
_VERSION = "17.9"
_FAMILY = "aurora-postgresql17"
_LOGS = "postgresql"
_PAUSE_AFTER_SEC = 600
_INSIGHTS_DAYS = 7
_SETTINGS = {
    "rds.force_ssl": "1",
    "log_statement": "ddl",
    "log_connections": "1",
    "log_min_duration_statement": "1000",
}


class PostgresCluster(Construct):
    """Define an Aurora Serverless v2 cluster that pauses when idle, with a secret of its own.

    Stateful. RDS makes the administrator's password, keeps it in Secrets Manager under our key
    and changes it every seven days. Nobody reaches the cluster until a security group of theirs
    is let in. It cannot be deleted before its deletion protection is switched
    off, in no environment. Named, because the name of its log group begins with its own.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        database: str,
        port: int,
        max_capacity_units: float,
        network: Network,
        key: EncryptionKey,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.port = port
        self.database = database
        self._key = key
        self._security_group = self._define_security_group(network.vpc_id)
        self.security_group_id = self._security_group.attr_group_id
        self.cluster = rds.CfnDBCluster(
            self,
            "Resource",
            db_cluster_identifier=name,
            engine=_ENGINE,
            engine_version=_VERSION,
            database_name=database,
            port=port,
            master_username="administrator",
            manage_master_user_password=True,
            master_user_secret={"kmsKeyId": key.key_arn},
            enable_iam_database_authentication=True,
            storage_encrypted=True,
            kms_key_id=key.key_arn,
            serverless_v2_scaling_configuration={
                "minCapacity": 0,
                "maxCapacity": max_capacity_units,
                "secondsUntilAutoPause": _PAUSE_AFTER_SEC,
            },
            db_subnet_group_name=self._define_subnets(network.subnet_ids),
            db_cluster_parameter_group_name=self._define_settings(),
            vpc_security_group_ids=[self.security_group_id],
            enable_cloudwatch_logs_exports=[_LOGS],
            backup_retention_period=35,
            copy_tags_to_snapshot=True,
            deletion_protection=True,
        )
        self.cluster.apply_removal_policy(removal_policy)
        self._define_writer().apply_removal_policy(removal_policy)
        self.name = self.cluster.ref
        self.cluster_arn = self.cluster.attr_db_cluster_arn
        self.host = self.cluster.attr_endpoint_address
        self.secret_arn = self.cluster.attr_master_user_secret_secret_arn

    def keep_logs(self, group: EncryptedLogGroup) -> None:
        """Let the cluster wait for its log group: RDS would make one without key or end."""
        self.cluster.node.add_dependency(group)

    def _define_security_group(self, vpc_id: str) -> ec2.CfnSecurityGroup:
        return ec2.CfnSecurityGroup(
            self,
            "SecurityGroup",
            vpc_id=vpc_id,
            group_description="A database: reached by the groups that are let in, reaches nothing",
            security_group_egress=[
                # Without a rule CloudFormation leaves the one that allows everything.
                {
                    "ipProtocol": "icmp",
                    "fromPort": 252,
                    "toPort": 86,
                    "cidrIp": "255.255.255.255/32",
                    "description": "Nothing",
                }
            ],
        )

    def _define_subnets(self, subnet_ids: Sequence[str]) -> str:
        return rds.CfnDBSubnetGroup(
            self,
            "Subnets",
            db_subnet_group_description="Where the database may be",
            subnet_ids=list(subnet_ids),
        ).ref

    def _define_settings(self) -> str:
        return rds.CfnDBClusterParameterGroup(
            self,
            "Settings",
            family=_FAMILY,
            description="TLS for everybody, and a line in the log for what is slow or changes",
            parameters=_SETTINGS,
        ).ref

    def _define_writer(self) -> rds.CfnDBInstance:
        return rds.CfnDBInstance(
            self,
            "Writer",
            db_cluster_identifier=self.cluster.ref,
            engine=_ENGINE,
            db_instance_class="db.serverless",
            auto_minor_version_upgrade=True,
            publicly_accessible=False,
            enable_performance_insights=True,
            performance_insights_kms_key_id=self._key.key_arn,
            performance_insights_retention_period=_INSIGHTS_DAYS,
        )


def log_group_of(name: str) -> str:
    """Name the log group that RDS writes for the cluster ``name``."""
    return f"/aws/rds/cluster/{name}/{_LOGS}"
