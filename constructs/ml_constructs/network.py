"""Where jobs run: what other parts need to know about a VPC, our own or another's."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_iam as iam

from ml_constructs.arns import format_arn


@dataclass(frozen=True)
class Network:
    """Name a VPC, its subnets in two zones or more, and the groups that jobs join.

    ``security_group_ids`` begins with the job group, which every job is in.
    ``first_subnet_zone`` is the zone of the first subnet, where somebody has to know it.
    """

    vpc_id: str
    subnet_ids: list[str]
    security_group_ids: list[str]
    first_subnet_zone: str | None = None

    @property
    def job_security_group_id(self) -> str:
        """The group that every job is in."""
        return self.security_group_ids[0]

    def grant_join(self, role: iam.Role) -> None:
        """Let the jobs of ``role`` put their interfaces into these subnets and groups.

        Source: SageMaker, "How to use SageMaker AI execution roles", permissions of
        CreateTrainingJob and CreateProcessingJob for a private VPC.
        """

        def arns(resource: str, names: list[str]) -> list[str]:
            return [
                format_arn(service="ec2", resource=resource, resource_name=name) for name in names
            ]

        subnets = arns("subnet", self.subnet_ids)
        interfaces = arns("network-interface", ["*"])
        iam.Grant.add_to_principal(
            grantee=role,
            actions=["ec2:CreateNetworkInterface"],
            resource_arns=[
                *interfaces,
                *subnets,
                *arns("security-group", self.security_group_ids),
            ],
        )
        iam.Grant.add_to_principal(
            grantee=role,
            actions=[
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
                "ec2:DeleteNetworkInterfacePermission",
            ],
            resource_arns=interfaces,
            conditions={"ArnEquals": {"ec2:Subnet": subnets}},
        )
        iam.Grant.add_to_principal(
            grantee=role,
            actions=[
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ],
            resource_arns=["*"],
        )
