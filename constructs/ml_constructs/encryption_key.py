"""The customer-managed key that data, models and images are encrypted with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from ml_constructs.arns import ACCOUNT, REGION, URL_SUFFIX, format_arn

_READ = ("kms:Decrypt", "kms:DescribeKey")
_USE = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey")


class EncryptionKey(Construct):
    """Define a key that rotates every year and say who may use it.

    Stateful: what it encrypted is lost with it. Grantees get identity policies only: a key
    policy that named them would tie this stack to theirs in a circle.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        alias: str,
        description: str,
        deletion_window_days: int,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "Resource",
            alias=alias,
            description=description,
            enable_key_rotation=True,
            pending_window=Duration.days(deletion_window_days),
            removal_policy=removal_policy,
        )
        self.key_arn = self.key.key_arn

    def allow_service(self, service: str) -> None:
        """Let a service use the key for resources of this account, and of no other."""
        principal = iam.ServicePrincipal(f"{service}.amazonaws.com")
        account = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
        self._allow(principal, actions=_USE, conditions=account)
        self._allow(
            principal,
            actions=["kms:CreateGrant"],
            conditions={**account, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        )

    def allow_logs(self, log_groups: Sequence[str]) -> None:
        """Let CloudWatch Logs encrypt the log groups of this account that match.

        The encryption context names the log group with its account, which is what keeps
        another account's log group out: this service sends no source account.
        """
        arns = [
            format_arn(
                service="logs",
                resource="log-group",
                resource_name=name,
                separator=":",
            )
            for name in log_groups
        ]
        self._allow(
            iam.ServicePrincipal(f"logs.{REGION}.{URL_SUFFIX}"),
            actions=[*_USE, "kms:ReEncryptFrom", "kms:ReEncryptTo"],
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": arns}},
        )

    def allow_trail(self, trail_name: str) -> None:
        """Let CloudTrail encrypt the files of one trail of this account, and of no other.

        Source: AWS CloudTrail User Guide, "Configure AWS KMS key policies for CloudTrail".
        """
        home = format_arn(service="cloudtrail", resource="trail", resource_name=trail_name)
        anywhere = format_arn(
            service="cloudtrail", resource="trail", resource_name=trail_name, region="*"
        )
        trail = iam.ServicePrincipal("cloudtrail.amazonaws.com")
        source = {"StringEquals": {"aws:SourceArn": home}}
        self._allow(
            trail,
            actions=["kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"],
            conditions={
                **source,
                "StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": anywhere},
            },
        )
        self._allow(trail, actions=["kms:DescribeKey"], conditions=source)

    def allow_reading(self, accounts: Sequence[str]) -> None:
        """Let other accounts read the objects of a bucket that the key encrypts.

        Which objects is for the bucket's policy to say, and who of an account for its own.
        """
        for account in accounts:
            self._allow(
                iam.AccountPrincipal(account),
                actions=_READ,
                conditions={
                    "StringLike": {"kms:ViaService": f"s3.{REGION}.*"},
                },
            )

    def grant_decrypt(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let ``grantee`` read what the key encrypts, and encrypt nothing."""
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=list(_READ), resource_arns=[self.key_arn]
        )

    def grant_use(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let ``grantee`` read and write what the key encrypts."""
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=list(_USE), resource_arns=[self.key_arn]
        )

    def grant_volumes(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let ``grantee`` start machines whose volumes the key encrypts."""
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["kms:CreateGrant"],
            resource_arns=[self.key_arn],
            conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        )

    def _allow(
        self,
        principal: iam.IPrincipal,
        *,
        actions: Sequence[str],
        conditions: Mapping[str, object],
    ) -> None:
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[principal],
                actions=list(actions),
                resources=["*"],
                conditions=conditions,
            )
        )
