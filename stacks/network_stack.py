"""The network that jobs run in: a VPC of our own, or one that is there already."""

from __future__ import annotations

from typing import Any

from aws_cdk import RemovalPolicy, Stack
from constructs import Construct

from config import PlatformConfig
from config.network import enabled_services
from ml_constructs.closed_security_group import ClosedSecurityGroup
from ml_constructs.dns_firewall import DnsFirewall
from ml_constructs.dns_logs import DnsLogs
from ml_constructs.flow_logs import FlowLogs
from ml_constructs.gateway_endpoints import GatewayEndpoints
from ml_constructs.interface_endpoints import InterfaceEndpoints
from ml_constructs.job_security_group import JobSecurityGroup
from ml_constructs.network import Network
from ml_constructs.private_vpc import PrivateVpc
from stacks.foundation_stack import FoundationStack
from stacks.names import Names


class NetworkStack(Stack):
    """Say where jobs run, and keep the VPC unless it is somebody else's.

    Stateful: it holds the flow logs, and what runs in the VPC holds on to it. Of an imported
    VPC, endpoints, flow logs and the default security group are its owner's affair.
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
        config = settings.network
        if config.vpc_id is None:
            vpc = self._define_vpc(settings)
            watched: dict[str, Any] = {
                "vpc_id": vpc.vpc_id,
                "key": foundation.logs_key,
                "removal_policy": removal_policy,
            }
            FlowLogs(
                self,
                "FlowLogs",
                log_group_name=names.flow_logs,
                retention_days=config.flow_log_days,
                **watched,
            )
            DnsLogs(
                self,
                "DnsLogs",
                log_group_name=names.dns_logs,
                retention_days=config.dns_log_days,
                **watched,
            )
            vpc_id, subnet_ids = vpc.vpc_id, vpc.subnet_ids
            zone: str | None = vpc.first_subnet_zone
        else:
            vpc_id, subnet_ids = config.vpc_id, list(config.subnet_ids)
            zone = config.first_subnet_zone
        jobs = JobSecurityGroup(
            self, "Jobs", vpc_id=vpc_id, https_destinations=config.https_destinations
        )
        self.network = Network(
            vpc_id=vpc_id,
            subnet_ids=subnet_ids,
            security_group_ids=[jobs.group_id, *config.security_group_ids],
            first_subnet_zone=zone,
        )

    def _define_vpc(self, settings: PlatformConfig) -> PrivateVpc:
        config = settings.network
        vpc = PrivateVpc(self, "Vpc", cidr=config.cidr, zone_count=config.availability_zones)
        ClosedSecurityGroup(self, "DefaultGroup", group_id=vpc.default_security_group_id)
        GatewayEndpoints(
            self,
            "Gateways",
            vpc_id=vpc.vpc_id,
            route_table_ids=[vpc.route_table_id],
            resource_accounts=config.endpoint_accounts,
        )
        InterfaceEndpoints(self, "Endpoints", vpc=vpc, services=enabled_services(config.endpoints))
        if config.dns_firewall != "disabled":
            # A database that has a name of its own could not be found otherwise.
            hosts = [each.host for each in settings.sources.databases if each.host is not None]
            DnsFirewall(
                self,
                "DnsFirewall",
                vpc_id=vpc.vpc_id,
                allowed=[*config.dns_allowed, *(host.lower() for host in hosts)],
                others=config.dns_firewall,
            )
        return vpc
