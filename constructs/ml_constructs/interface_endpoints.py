"""The ways to the APIs of AWS that do not leave the VPC."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_constructs.arns import REGION
from ml_constructs.endpoint_policy import account_only
from ml_constructs.private_vpc import PrivateVpc

_HTTPS = 443
_OF_SAGEMAKER = frozenset({"experiments", "studio"})
"""Services whose names begin with ``aws.sagemaker`` instead of ``com.amazonaws``."""
_BY_BROWSER = frozenset({"experiments", "studio"})
"""Services that people open with a signed URL: a request of a browser has no identity of IAM,
so that a policy by account would refuse it. Who gets such a URL is for identity policies to say."""


class InterfaceEndpoints(Construct):
    """Put an interface of each service into each subnet, under the service's own name.

    Stateless. Only identities of this account pass; see `account_only`. Each costs about 7 USD
    a zone and month.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, vpc: PrivateVpc, services: Sequence[str]
    ) -> None:
        super().__init__(scope, construct_id)
        self._vpc = vpc
        self.security_group_id = self._security_group()
        self._policy = iam.PolicyDocument(statements=[account_only()])
        for service in services:
            self._endpoint(service)

    def _endpoint(self, service: str) -> None:
        region = REGION
        owned = service in _OF_SAGEMAKER
        ec2.CfnVPCEndpoint(
            self,
            _construct_id(service),
            vpc_id=self._vpc.vpc_id,
            vpc_endpoint_type="Interface",
            service_name=(
                f"aws.sagemaker.{region}.{service}"
                if owned
                else f"com.amazonaws.{region}.{service}"
            ),
            private_dns_enabled=True,
            subnet_ids=self._vpc.subnet_ids,
            security_group_ids=[self.security_group_id],
            policy_document=None if service in _BY_BROWSER else self._policy,
        )

    def _security_group(self) -> str:
        group = ec2.CfnSecurityGroup(
            self,
            "SecurityGroup",
            vpc_id=self._vpc.vpc_id,
            group_description="Endpoints: HTTPS from within the VPC",
            security_group_ingress=[
                ec2.CfnSecurityGroup.IngressProperty(
                    ip_protocol="tcp",
                    from_port=_HTTPS,
                    to_port=_HTTPS,
                    cidr_ip=self._vpc.cidr,
                    description="Whatever runs in the VPC",
                )
            ],
            # An empty list would let everything out: one rule that leads nowhere does not.
            security_group_egress=[
                ec2.CfnSecurityGroup.EgressProperty(
                    ip_protocol="icmp",
                    from_port=252,
                    to_port=86,
                    cidr_ip="255.255.255.255/32",
                    description="Nothing: an endpoint answers, it never asks",
                )
            ],
        )
        return group.attr_group_id


def _construct_id(service: str) -> str:
    """Turn ``sagemaker.featurestore-runtime`` into ``SagemakerFeaturestoreRuntime``."""
    return "".join(word.capitalize() for word in service.replace("-", ".").split("."))
