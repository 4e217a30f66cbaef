"""How Glue reaches a relational database: where it is, with what secret, through which subnet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_constructs.arns import ACCOUNT, format_arn
from ml_constructs.network import Network

_SERVICE_TAG = "aws-glue-service-resource"
"""The one tag that Glue puts on the network interfaces it makes."""


@dataclass(frozen=True)
class Server:
    """A database server: ours, known by its security group, or another's, by its addresses."""

    engine: str
    host: str
    port: int
    database: str
    secret_arn: str
    secret_key_arn: str | None = None
    security_group_id: str | None = None
    cidr: str | None = None


class JdbcConnection(Construct):
    """Define a JDBC connection with TLS, and the security group that its jobs join.

    Stateless. Workers of one job talk to each other on any port: Glue asks for a group that
    allows that to itself. Beyond it the group reaches the server's port and no other.

    Raises:
        ValueError: if the network does not say in which zone its first subnet is. Glue takes
            such a connection and then fails each job with it
            (CONNECTION_LIST_CONNECTION_WITH_AZ_NULL).
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, server: Server, network: Network
    ) -> None:
        super().__init__(scope, construct_id)
        if network.first_subnet_zone is None:
            raise ValueError("the network names no first_subnet_zone: Glue needs it to connect")
        self.server = server
        self._subnet_id = network.subnet_ids[0]
        self._vpc_id = network.vpc_id
        group_id = self._define_security_group(network.vpc_id)
        # AWS itself is reached as the other jobs reach it.
        self._group_ids = [group_id, *network.security_group_ids]
        self.connection = glue.CfnConnection(
            self,
            "Resource",
            catalog_id=ACCOUNT,
            connection_input={
                "connectionType": "JDBC",
                "description": f"The database {server.database} on {server.engine}",
                "connectionProperties": {
                    "JDBC_CONNECTION_URL": (
                        f"jdbc:{server.engine}://{server.host}:{server.port}/{server.database}"
                    ),
                    "JDBC_ENFORCE_SSL": "true",
                    "SECRET_ID": server.secret_arn,
                },
                "physicalConnectionRequirements": {
                    "availabilityZone": network.first_subnet_zone,
                    "subnetId": self._subnet_id,
                    "securityGroupIdList": self._group_ids,
                },
            },
        )
        self.name = self.connection.ref

    def grant_use(self, grantee: iam.IGrantable) -> None:
        """Let a job or crawler connect: the connection, the secret, an interface in the subnet."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["glue:GetConnection"],
            resource_arns=[
                format_arn(service="glue", resource="catalog"),
                format_arn(
                    service="glue", resource="connection", resource_name=self.connection.ref
                ),
            ],
        )
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
            resource_arns=[self.server.secret_arn],
        )
        if self.server.secret_key_arn:
            iam.Grant.add_to_principal(
                grantee=grantee,
                actions=["kms:Decrypt"],
                resource_arns=[self.server.secret_key_arn],
            )
        self._grant_interfaces(grantee)

    def _grant_interfaces(self, grantee: iam.IGrantable) -> None:
        """Let Glue make its network interfaces in this subnet, with these groups.

        Source: the AWS managed policy AWSGlueServiceRole, which allows it everywhere.
        """
        subnet = self._ec2_arn("subnet", self._subnet_id)
        interfaces = self._ec2_arn("network-interface", "*")
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["ec2:DescribeVpcAttribute"],
            resource_arns=[self._ec2_arn("vpc", self._vpc_id)],
        )
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["ec2:CreateNetworkInterface"],
            resource_arns=[
                subnet,
                interfaces,
                *(self._ec2_arn("security-group", each) for each in self._group_ids),
            ],
        )
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["ec2:DeleteNetworkInterface"],
            resource_arns=[interfaces],
            conditions={"ArnEquals": {"ec2:Subnet": subnet}},
        )
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["ec2:CreateTags", "ec2:DeleteTags"],
            resource_arns=[interfaces],
            conditions={"ForAllValues:StringEquals": {"aws:TagKeys": [_SERVICE_TAG]}},
        )
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=[
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeRouteTables",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcEndpoints",
            ],
            # None of them takes a resource.
            resource_arns=["*"],
        )

    def _ec2_arn(self, resource: str, name: str) -> str:
        return format_arn(service="ec2", resource=resource, resource_name=name)

    def _define_security_group(self, vpc_id: str) -> str:
        port = {"ipProtocol": "tcp", "fromPort": self.server.port, "toPort": self.server.port}
        group = ec2.CfnSecurityGroup(
            self,
            "SecurityGroup",
            vpc_id=vpc_id,
            group_description="Glue workers: one another, and the port of one database",
            security_group_egress=[self._egress(port)],
        )
        workers: dict[str, Any] = {
            "group_id": group.attr_group_id,
            "ip_protocol": "tcp",
            "from_port": 0,
            "to_port": 65535,
            "description": "Workers of one job to one another",
        }
        ec2.CfnSecurityGroupIngress(
            self, "FromWorkers", source_security_group_id=group.attr_group_id, **workers
        )
        ec2.CfnSecurityGroupEgress(
            self, "ToWorkers", destination_security_group_id=group.attr_group_id, **workers
        )
        if self.server.security_group_id:
            ec2.CfnSecurityGroupIngress(
                self,
                "IntoServer",
                group_id=self.server.security_group_id,
                source_security_group_id=group.attr_group_id,
                ip_protocol="tcp",
                from_port=self.server.port,
                to_port=self.server.port,
                description="Glue workers that land its tables",
            )
        return group.attr_group_id

    def _egress(self, port: dict[str, object]) -> dict[str, object]:
        place = (
            {"destinationSecurityGroupId": self.server.security_group_id}
            if self.server.security_group_id
            else {"cidrIp": self.server.cidr}
        )
        return {**port, **place, "description": "The database"}


def crawled_path(server: Server, tables: Sequence[str]) -> list[str]:
    """Write tables as a crawler names them: with the database, and a slash for a dot."""
    return [f"{server.database}/{table.replace('.', '/')}" for table in tables]
