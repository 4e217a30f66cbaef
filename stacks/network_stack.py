"""The network that jobs run in: a VPC of our own, or one that is there already."""

from __future__ import annotations

from typing import Any

from aws_cdk import RemovalPolicy, Stack
from constructs import Construct

from config import PlatformConfig
from ml_constructs.job_security_group import JobSecurityGroup
from ml_constructs.network import Network
from ml_constructs.private_vpc import PrivateVpc
from stacks.foundation_stack import FoundationStack
from stacks.names import Names


class NetworkStack(Stack):
    """Keep the VPC, and say where jobs run.

    Stateful: it holds the flow logs, and what runs in the VPC holds on to it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: PlatformConfig,
        names: Names,
        foundation: FoundationStack,
        removal_policy: RemovalPolicy,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        vpc = PrivateVpc(self, "Vpc", cidr="10.0.0.0/20", zone_count=2)
        jobs = JobSecurityGroup(self, "Jobs", vpc_id=vpc.vpc_id)
        self.network = Network(
            vpc_id=vpc.vpc_id, subnet_ids=vpc.subnet_ids, security_group_ids=[jobs.group_id]
        )
