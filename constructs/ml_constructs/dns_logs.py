"""Who asked for which name in a VPC, and what was answered."""

from __future__ import annotations

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_route53resolver as resolver
from constructs import Construct

from ml_constructs.arns import ACCOUNT, format_arn
from ml_constructs.encrypted_log_group import EncryptedLogGroup
from ml_constructs.encryption_key import EncryptionKey


class DnsLogs(Construct):
    """Record every question of a VPC to its resolver in an encrypted log group.

    Stateful: the records are evidence. The key must allow the name, see
    `EncryptionKey.allow_logs`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc_id: str,
        log_group_name: str,
        key: EncryptionKey,
        retention_days: int,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self._group = EncryptedLogGroup(
            self,
            "Records",
            name=log_group_name,
            key=key,
            retention_days=retention_days,
            removal_policy=removal_policy,
        )
        policy = self._allow_delivery()
        config = resolver.CfnResolverQueryLoggingConfig(
            self, "Resource", destination_arn=self._group.group_arn
        )
        # AWS would else write a policy of its own, for every log group of the account.
        config.node.add_dependency(policy)
        resolver.CfnResolverQueryLoggingConfigAssociation(
            self,
            "OfVpc",
            resolver_query_log_config_id=config.attr_id,
            resource_id=vpc_id,
        )

    def _allow_delivery(self) -> logs.ResourcePolicy:
        """Let the log delivery of this account write into this group.

        Source: Amazon CloudWatch Logs User Guide, "Enable logging from AWS services".
        """
        statement = iam.PolicyStatement(
            principals=[iam.ServicePrincipal("delivery.logs.amazonaws.com")],
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[self._group.group_arn],
            conditions={
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnLike": {"aws:SourceArn": format_arn(service="logs", resource="*")},
            },
        )
        return logs.ResourcePolicy(
            self,
            "Delivery",
            resource_policy_name=f"{Stack.of(self).stack_name}-dns-logs",
            policy_statements=[statement],
        )
