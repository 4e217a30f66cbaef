"""The security group that jobs join."""

from __future__ import annotations

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

_HTTPS = 443


class JobSecurityGroup(Construct):
    """Define the group of processing, training and serving instances: AWS by HTTPS, no more.

    Stateless. Nothing outside of the group reaches its members. What they reach is limited by
    the routes and endpoints of the VPC: the addresses of S3 are known by region only, and a
    rule that names them would have to be looked up.
    """

    def __init__(self, scope: Construct, construct_id: str, *, vpc_id: str) -> None:
        super().__init__(scope, construct_id)
        group = ec2.CfnSecurityGroup(
            self,
            "Resource",
            vpc_id=vpc_id,
            group_description="Jobs: HTTPS to AWS, and one another where a job has several hosts",
            security_group_egress=[
                ec2.CfnSecurityGroup.EgressProperty(
                    ip_protocol="tcp",
                    from_port=_HTTPS,
                    to_port=_HTTPS,
                    cidr_ip="0.0.0.0/0",
                    description="AWS services, by the endpoints of the VPC",
                )
            ],
        )
        self.group_id = group.attr_group_id
