"""The security group that jobs join."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

_HTTPS = 443
_EVERY_PROTOCOL = "-1"


class JobSecurityGroup(Construct):
    """Define the group of processing, training and serving instances.

    Stateless. Nothing outside of the group reaches its members, and they reach
    ``https_destinations`` (address ranges, or prefix lists as ``pl-...``) by HTTPS. What is
    really there to reach is for the routes and endpoints of the VPC to say.
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
            group_description="Jobs: HTTPS to AWS, and one another where a job has several hosts",
            security_group_egress=[https_to(destination) for destination in https_destinations],
        )
        self.group_id = group.attr_group_id
        self._allow_one_another()

    def _allow_one_another(self) -> None:
        """Let the hosts of one job talk: in the clear or, where SageMaker encrypts it, by ESP.

        Source: SageMaker, "Protect Communications Between ML Compute Instances in a Distributed
        Training Job" (UDP 500 and protocol 50, between members of the group).
        """
        ec2.CfnSecurityGroupIngress(
            self,
            "FromMembers",
            group_id=self.group_id,
            source_security_group_id=self.group_id,
            ip_protocol=_EVERY_PROTOCOL,
            description="The other hosts of a job",
        )
        ec2.CfnSecurityGroupEgress(
            self,
            "ToMembers",
            group_id=self.group_id,
            destination_security_group_id=self.group_id,
            ip_protocol=_EVERY_PROTOCOL,
            description="The other hosts of a job",
        )


def https_to(destination: str) -> ec2.CfnSecurityGroup.EgressProperty:
    """Let members reach an address range or a prefix list by HTTPS."""
    is_list = destination.startswith("pl-")
    return ec2.CfnSecurityGroup.EgressProperty(
        ip_protocol="tcp",
        from_port=_HTTPS,
        to_port=_HTTPS,
        cidr_ip=None if is_list else destination,
        destination_prefix_list_id=destination if is_list else None,
        description="AWS services",
    )
