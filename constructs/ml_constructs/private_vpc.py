"""A VPC from which nothing leads to the internet."""

from __future__ import annotations

import ipaddress

from aws_cdk import Fn
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

_PARTS = 4
"""Into how many equal parts the addresses are cut: one a zone, at least one to spare."""


class PrivateVpc(Construct):
    """Define a VPC with one private subnet in each of two or three zones.

    Stateless, but slow to delete: interfaces of jobs linger for up to 40 minutes. There is no
    internet gateway, no NAT and one route table without routes, to which gateway endpoints add
    theirs. The zones are picked at deployment: the L2 construct would look them up at synthesis.
    """

    def __init__(self, scope: Construct, construct_id: str, *, cidr: str, zone_count: int) -> None:
        super().__init__(scope, construct_id)
        vpc = ec2.CfnVPC(
            self,
            "Resource",
            cidr_block=cidr,
            # Interface endpoints answer under the names of their services.
            enable_dns_hostnames=True,
            enable_dns_support=True,
        )
        self.vpc_id = vpc.ref
        self.cidr = cidr
        self.default_security_group_id = vpc.attr_default_security_group
        routes = ec2.CfnRouteTable(self, "Routes", vpc_id=vpc.ref)
        self.route_table_id = routes.ref
        subnets = [
            self._subnet(number, block) for number, block in enumerate(_blocks(cidr, zone_count))
        ]
        self.subnet_ids = [subnet.ref for subnet in subnets]
        self.first_subnet_zone = subnets[0].attr_availability_zone

    def _subnet(self, number: int, block: str) -> ec2.CfnSubnet:
        subnet = ec2.CfnSubnet(
            self,
            f"Subnet{number + 1}",
            vpc_id=self.vpc_id,
            cidr_block=block,
            availability_zone=Fn.select(number, Fn.get_azs()),
            map_public_ip_on_launch=False,
        )
        ec2.CfnSubnetRouteTableAssociation(
            self,
            f"Subnet{number + 1}Routes",
            subnet_id=subnet.ref,
            route_table_id=self.route_table_id,
        )
        return subnet


def _blocks(cidr: str, count: int) -> list[str]:
    """Cut the addresses into equal parts and return the first ``count``."""
    network = ipaddress.ip_network(cidr)
    parts = network.subnets(prefixlen_diff=_PARTS.bit_length() - 1)
    return [str(part) for part, _ in zip(parts, range(count), strict=False)]
