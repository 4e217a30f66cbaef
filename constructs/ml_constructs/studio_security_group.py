"""The security group of what people run in Studio."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from ml_constructs.job_security_group import https_to


class StudioSecurityGroup(Construct):
    """Define the group of Studio's apps: AWS by HTTPS, and nothing reaches them.

    Stateless. Apps in spaces talk to nobody but AWS: the wide port range of the documentation
    is for kernels of Studio Classic, which is hidden, and NFS for the file system that is off.
    Source: Amazon SageMaker Developer Guide, "Connect Studio in a VPC to external resources".
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc_id: str,
        https_destinations: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        group = ec2.CfnSecurityGroup(
            self,
            "Resource",
            vpc_id=vpc_id,
            group_description="Studio: HTTPS to AWS, nothing in",
            security_group_egress=[https_to(destination) for destination in https_destinations],
        )
        self.group_id = group.attr_group_id
