"""The network: nothing public, jobs isolated, everything inside the VPC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.assembly import Assembly
from tests.controls.evidence import Checked, dig, jobs, listed, place, resolved, statements

_ANYWHERE = {"0.0.0.0/0", "::/0"}
_NARROWING = (
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:resourceaccount",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "kms:calleraccount",
)
_PUBLIC_ACCESS = (
    "BlockPublicAcls",
    "BlockPublicPolicy",
    "IgnorePublicAcls",
    "RestrictPublicBuckets",
)
_MUST_BE_FALSE = {
    "AWS::DMS::ReplicationInstance": "PubliclyAccessible",
    "AWS::EC2::Subnet": "MapPublicIpOnLaunch",
    "AWS::RDS::DBInstance": "PubliclyAccessible",
    "AWS::Redshift::Cluster": "PubliclyAccessible",
}
_FORBIDDEN = {
    "AWS::EC2::InternetGateway": "a private network has no internet gateway",
    "AWS::EC2::EIP": "a private network has no public address",
    "AWS::Lambda::Url": "a function URL is public; call the function",
    "AWS::SageMaker::NotebookInstance": "notebook instances are not used; Studio is",
}
_GROUP = "AWS::EC2::SecurityGroup"
_SMALLEST_SUBNETS = 2


def nothing_public(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C03: no bucket, policy, function, database, subnet or security group is open to all."""
    for resource, properties in resolved(assembly, environment):
        where = place(resource)
        if resource.type in _FORBIDDEN:
            yield Checked(where, _FORBIDDEN[resource.type])
        elif resource.type == "AWS::S3::Bucket":
            block = properties.get("PublicAccessBlockConfiguration", {})
            missing = [name for name in _PUBLIC_ACCESS if block.get(name) is not True]
            yield Checked(where, f"set {', '.join(missing)}" if missing else "")
        elif resource.type == "AWS::Lambda::Permission":
            yield from _permission(where, properties)
        elif resource.type in _MUST_BE_FALSE:
            name = _MUST_BE_FALSE[resource.type]
            is_open = properties.get(name, resource.type != "AWS::EC2::Subnet")
            yield Checked(where, f"set {name} to false" if is_open else "")
        elif resource.type.startswith(_GROUP):
            yield from _rules(where, resource.type, properties)
    for statement in statements(assembly, environment):
        if statement.is_allow and statement.is_for_anyone:
            narrowed = statement.narrowed_by(_NARROWING)
            yield Checked(
                statement.where,
                "" if narrowed else "allows everyone; name the principal, or narrow it by account",
            )


def network_isolation(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C04: containers of models and jobs reach nothing, S3 included, by themselves."""
    for where, network in _containers(assembly, environment):
        isolated = network.get("EnableNetworkIsolation") is True
        yield Checked(where, "" if isolated else "set EnableNetworkIsolation")


def inside_the_vpc(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C06: models, jobs, Studio, builds and databases are in two subnets or more of the VPC."""
    for where, network in _containers(assembly, environment):
        yield _in_subnets(f"{where}.VpcConfig", dig(network, "VpcConfig/Subnets/*"))
    for resource, properties in resolved(assembly, environment):
        where = place(resource)
        if resource.type == "AWS::SageMaker::Domain":
            only = properties.get("AppNetworkAccessType") == "VpcOnly"
            yield Checked(f"{where}.AppNetworkAccessType", "" if only else 'set it to "VpcOnly"')
            yield _in_subnets(f"{where}.SubnetIds", dig(properties, "SubnetIds/*"))
        elif resource.type == "AWS::CodeBuild::Project":
            yield _in_subnets(f"{where}.VpcConfig", dig(properties, "VpcConfig/Subnets/*"))
        elif resource.type == "AWS::RDS::DBSubnetGroup":
            yield _in_subnets(f"{where}.SubnetIds", dig(properties, "SubnetIds/*"))
        elif resource.type == "AWS::Lambda::Function":
            yield _in_subnets(f"{where}.VpcConfig", dig(properties, "VpcConfig/SubnetIds/*"))
        elif resource.type == "AWS::Glue::Connection":
            # A connection is one network interface: Glue takes a single subnet.
            found = dig(properties, "ConnectionInput/PhysicalConnectionRequirements/SubnetId")
            yield Checked(f"{where}.SubnetId", "" if found else "name a subnet of the VPC")


def _containers(assembly: Assembly, environment: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for job in jobs(assembly, environment):
        # A transform runs the containers of a model, which is looked at by itself.
        if job.kind != "Transform":
            yield job.where, job.network
    for resource, properties in resolved(assembly, environment):
        if resource.type == "AWS::SageMaker::Model":
            yield place(resource), properties


def _in_subnets(where: str, subnets: list[Any]) -> Checked:
    enough = len(set(map(str, subnets))) >= _SMALLEST_SUBNETS or any(
        # The list of an imported network is one value.
        isinstance(each, Mapping)
        for each in subnets
    )
    return Checked(where, "" if enough else f"{len(subnets)} subnets; put it in two or more")


def _permission(where: str, properties: Mapping[str, Any]) -> Iterator[Checked]:
    narrowed = {"SourceArn", "SourceAccount", "PrincipalOrgID"} & properties.keys()
    is_service = str(properties.get("Principal", "")).endswith(".amazonaws.com")
    is_open = properties.get("Principal") == "*" or is_service
    fault = "give it SourceArn or SourceAccount" if is_open and not narrowed else ""
    yield Checked(where, fault)


def _rules(where: str, kind: str, properties: Mapping[str, Any]) -> Iterator[Checked]:
    inline = [
        (way, rule)
        for way in ("Ingress", "Egress")
        for rule in listed(properties.get(f"SecurityGroup{way}"))
    ]
    of_its_own = [(kind.removeprefix(_GROUP), properties)] if kind != _GROUP else []
    for way, rule in (*inline, *of_its_own):
        ports = f"{rule.get('IpProtocol')} {rule.get('FromPort', 'all')}"
        is_open = bool({rule.get("CidrIp"), rule.get("CidrIpv6")} & _ANYWHERE)
        fault = "is open to the whole internet" if is_open else ""
        yield Checked(f"{where}[{way.lower()} {ports}]", fault)
