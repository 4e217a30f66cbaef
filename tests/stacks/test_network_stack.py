"""The network: closed but for what is named, watched, and defined without a look at AWS."""

from __future__ import annotations

import ipaddress
import json
import re
from pathlib import Path
from typing import Any

import pytest

import config
from pipeline_code.core.mistakes import parse
from tests.assembly import Assembly, Resource

ENVIRONMENTS = (*config.ENVIRONMENTS, "everything")
IMPORTED = """
environment: dev
usecase: fraud
protected: false
tags: {data_classification: internal, owner_team: somebody, cost_center: none}
network:
  vpc_id: vpc-0123456789abcdef0
  subnet_ids: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
  security_group_ids: [sg-0123456789abcdef0]
"""


def _network(assembly: Assembly, environment: str, *types: str) -> list[Resource]:
    return [
        each for each in assembly.find(*types, environment=environment) if each.stack == "Network"
    ]


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any, dict[str, Any]]:
    """A network stack around an imported VPC, in an account and region that are known."""
    from aws_cdk import App, Environment, RemovalPolicy, Stage

    from stacks.foundation_stack import FoundationStack
    from stacks.names import Names
    from stacks.network_stack import NetworkStack
    from stacks.platform_app import CDK_JSON

    app = App(
        analytics_reporting=False,
        context=json.loads(CDK_JSON.read_text(encoding="utf-8"))["context"],
        outdir=str(tmp_path_factory.mktemp("imported")),
    )
    stage = Stage(app, "Bound", env=Environment(account="111122223333", region="eu-west-1"))
    common: dict[str, Any] = {
        "names": Names("dev", "fraud"),
        "removal_policy": RemovalPolicy.DESTROY,
    }
    own = parse(IMPORTED.partition("network:")[0], config.PlatformConfig, source="x")
    settings = parse(IMPORTED, config.PlatformConfig, source="x")
    foundation = FoundationStack(stage, "Foundation", settings=settings, **common)
    NetworkStack(stage, "Own", settings=own, foundation=foundation, **common)
    stack = NetworkStack(stage, "Network", settings=settings, foundation=foundation, **common)
    cloud = stage.synth()
    template: dict[str, Any] = json.loads(
        Path(cloud.get_stack_artifact(stack.artifact_id).template_full_path).read_text()
    )
    return stack, cloud, template


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nothing_leads_to_the_internet(assembly: Assembly, environment: str) -> None:
    """No gateway, no NAT, no route, no public address: what has no endpoint is out of reach."""
    types = {each.type for each in assembly.resources if each.environment == environment}

    assert not types & {
        "AWS::EC2::EIP",
        "AWS::EC2::EgressOnlyInternetGateway",
        "AWS::EC2::InternetGateway",
        "AWS::EC2::NatGateway",
        "AWS::EC2::Route",
        "AWS::EC2::TransitGatewayAttachment",
        "AWS::EC2::VPCPeeringConnection",
    }
    for subnet in _network(assembly, environment, "AWS::EC2::Subnet"):
        assert subnet.properties["MapPublicIpOnLaunch"] is False


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_subnets_lie_in_different_zones_and_do_not_overlap(
    assembly: Assembly, environment: str
) -> None:
    """A zone that fails leaves the others, and each subnet has a quarter of the addresses."""
    (vpc,) = _network(assembly, environment, "AWS::EC2::VPC")
    subnets = _network(assembly, environment, "AWS::EC2::Subnet")
    zones = {json.dumps(each.properties["AvailabilityZone"]) for each in subnets}
    blocks = [ipaddress.ip_network(each.properties["CidrBlock"]) for each in subnets]
    whole = ipaddress.ip_network(vpc.properties["CidrBlock"])

    assert len(zones) == len(subnets) >= 2
    assert not any(a.overlaps(b) for a in blocks for b in blocks if a is not b)
    assert all(block.subnet_of(whole) for block in blocks)  # type: ignore[arg-type]
    assert all(block.num_addresses * 4 == whole.num_addresses for block in blocks)


def test_no_zone_is_looked_up(imported: tuple[Any, Any, dict[str, Any]]) -> None:
    """Even where account and region are known, synthesis asks AWS nothing."""
    _, cloud, _ = imported

    manifest = json.loads((Path(cloud.directory) / "manifest.json").read_text(encoding="utf-8"))

    assert "missing" not in manifest


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_interface_answers_under_its_service_s_name(
    assembly: Assembly, environment: str
) -> None:
    """Clients need no setting: the service's own name leads to the interface, in each zone."""
    subnets = _network(assembly, environment, "AWS::EC2::Subnet")
    interfaces = [
        each.properties
        for each in _network(assembly, environment, "AWS::EC2::VPCEndpoint")
        if each.properties["VpcEndpointType"] == "Interface"
    ]

    assert len(interfaces) == (16 if environment == "everything" else 12)
    for each in interfaces:
        assert each["PrivateDnsEnabled"] is True
        assert len(each["SubnetIds"]) == len(subnets)


def test_services_have_the_names_that_aws_gives_them(assembly: Assembly) -> None:
    """All are ``com.amazonaws.<region>.*`` but for two of SageMaker's own."""
    names = {
        assembly.text(each, each.properties["ServiceName"])
        for each in _network(assembly, "everything", "AWS::EC2::VPCEndpoint")
    }
    region = "${AWS::Region}"

    assert f"aws.sagemaker.{region}.studio" in names
    assert f"aws.sagemaker.{region}.experiments" in names
    assert f"com.amazonaws.{region}.sagemaker.featurestore-runtime" in names
    assert f"com.amazonaws.{region}.s3" in names
    assert f"com.amazonaws.{region}.dynamodb" in names
    assert all(re.match(r"(com\.amazonaws|aws\.sagemaker)\.\$\{AWS::Region\}\.", n) for n in names)


def test_endpoints_admit_https_from_within_the_vpc_only(assembly: Assembly) -> None:
    """And they never open a connection themselves."""
    (vpc,) = _network(assembly, "prod", "AWS::EC2::VPC")
    (group,) = [
        each.properties
        for each in _network(assembly, "prod", "AWS::EC2::SecurityGroup")
        if each.logical_id.startswith("Endpoints")
    ]
    (rule,) = group["SecurityGroupIngress"]
    (nowhere,) = group["SecurityGroupEgress"]

    assert (rule["FromPort"], rule["ToPort"], rule["IpProtocol"]) == (443, 443, "tcp")
    assert rule["CidrIp"] == vpc.properties["CidrBlock"]
    assert nowhere["CidrIp"] == "255.255.255.255/32"


def test_buckets_of_other_accounts_are_out_of_reach(assembly: Assembly) -> None:
    """Data cannot be copied to a bucket of somebody else's, with whichever credentials."""
    for environment, others in (("prod", []), ("everything", ["111122223333"])):
        for service in ("S3", "Dynamo"):
            (endpoint,) = [
                each
                for each in _network(assembly, environment, "AWS::EC2::VPCEndpoint")
                if each.logical_id.startswith(f"Gateways{service}")
            ]
            statement = endpoint.properties["PolicyDocument"]["Statement"][0]
            condition = statement["Condition"]["StringEquals"]

            assert condition["aws:PrincipalAccount"] == {"Ref": "AWS::AccountId"}
            assert condition["aws:ResourceAccount"] == [{"Ref": "AWS::AccountId"}, *others]


def test_buckets_of_aws_are_read_never_written(assembly: Assembly) -> None:
    """Layers of images and public models come in; nothing goes out by that door."""
    (endpoint,) = [
        each
        for each in _network(assembly, "prod", "AWS::EC2::VPCEndpoint")
        if each.logical_id.startswith("GatewaysS3")
    ]
    public = endpoint.properties["PolicyDocument"]["Statement"][1:]

    assert public
    assert {each["Action"] for each in public} == {"s3:GetObject"}
    assert "*" not in [each["Resource"] for each in public]


def test_the_default_group_is_emptied_at_once_and_every_day(assembly: Assembly) -> None:
    """The deployment waits for it, and a rule that somebody adds does not stay."""
    (association,) = _network(assembly, "prod", "AWS::SSM::Association")
    group = association.properties["Parameters"]["GroupId"][0]

    assert group["Fn::GetAtt"][1] == "DefaultSecurityGroup"
    assert association.properties["WaitForSuccessTimeoutSeconds"] > 0
    assert association.properties["ScheduleExpression"] == "rate(1 day)"
    assert association.body["DependsOn"]


def test_who_empties_the_default_group_touches_no_other(statements: list[Any]) -> None:
    """The runbook is AWS's; what it may do with our role is not theirs to say."""
    found = [
        each
        for each in statements
        if each.environment == "prod"
        and each.kind == "identity"
        and each.resource.startswith("DefaultGroupRole")
    ]
    (changes,) = [each for each in found if "ec2:RevokeSecurityGroupIngress" in each.actions]

    assert "DefaultSecurityGroup" in json.dumps(changes.resources)
    assert {action for each in found for action in each.actions} == {
        "ec2:DescribeSecurityGroups",
        "ec2:RevokeSecurityGroupEgress",
        "ec2:RevokeSecurityGroupIngress",
        "ssm:GetAutomationExecution",
        "ssm:StartAutomationExecution",
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_all_traffic_is_recorded_encrypted_and_kept(assembly: Assembly, environment: str) -> None:
    """What was accepted and what was refused, under our key, as long as the settings say."""
    (vpc,) = _network(assembly, environment, "AWS::EC2::VPC")
    (flow_log,) = _network(assembly, environment, "AWS::EC2::FlowLog")
    group = assembly.target(flow_log, flow_log.properties["LogGroupName"])
    assert group is not None
    key = assembly.target(group, group.properties["KmsKeyId"])

    assert assembly.target(flow_log, flow_log.properties["ResourceId"]) == vpc
    assert flow_log.properties["TrafficType"] == "ALL"
    assert key is not None
    assert key.logical_id.startswith("LogsKey")
    assert group.properties["LogGroupName"] == f"/acequia-{environment}/flow-logs"


def test_the_logs_key_serves_the_flow_logs(statements: list[Any]) -> None:
    """Without their name in the key's policy the log group cannot be made."""
    text = [
        json.dumps(each.text)
        for each in statements
        if each.environment == "prod" and each.kind == "key"
    ]

    assert any("log-group:/acequia-prod/flow-logs" in each for each in text)


def test_jobs_reach_https_and_one_another_only(assembly: Assembly) -> None:
    """Nothing outside of the group opens a connection to a job."""
    (group,) = [
        each
        for each in _network(assembly, "everything", "AWS::EC2::SecurityGroup")
        if each.logical_id.startswith("Jobs")
    ]
    outbound = group.properties["SecurityGroupEgress"]
    inbound = [
        each
        for each in assembly.find("AWS::EC2::SecurityGroupIngress", environment="everything")
        if assembly.target(each, each.properties["GroupId"]) == group
    ]

    assert "SecurityGroupIngress" not in group.properties
    assert [each.get("CidrIp") or each["DestinationPrefixListId"] for each in outbound] == [
        "192.168.0.0/16",
        "pl-0123456789abcdef0",
    ]
    assert {(each["FromPort"], each["ToPort"]) for each in outbound} == {(443, 443)}
    assert inbound
    for rule in inbound:
        assert assembly.target(rule, rule.properties["SourceSecurityGroupId"]) == group


def test_of_an_imported_vpc_only_the_job_group_is_ours(
    imported: tuple[Any, Any, dict[str, Any]],
) -> None:
    """Endpoints, logs and the default group of somebody else's VPC are left alone."""
    stack, _, template = imported
    types = {each["Type"] for each in template["Resources"].values()}

    assert types == {
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::SecurityGroupEgress",
        "AWS::EC2::SecurityGroupIngress",
    }
    assert stack.network.vpc_id == "vpc-0123456789abcdef0"
    assert len(stack.network.subnet_ids) == 2
    assert stack.network.security_group_ids[1:] == ["sg-0123456789abcdef0"]


# --- Names ----------------------------------------------------------------------------------------


def _rules(assembly: Assembly, environment: str) -> list[tuple[str, list[str]]]:
    """Return what the firewall does with which names, in order."""
    (group,) = _network(assembly, environment, "AWS::Route53Resolver::FirewallRuleGroup")
    found = []
    for rule in sorted(group.properties["FirewallRules"], key=lambda each: each["Priority"]):
        names = assembly.target(group, rule["FirewallDomainListId"])
        assert names is not None
        domains = [assembly.text(names, each) for each in names.properties["Domains"]]
        found.append((rule["Action"], domains))
    return found


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_question_for_a_name_is_recorded(assembly: Assembly, environment: str) -> None:
    """Data can leave in a question; who asked what is evidence, encrypted and kept."""
    (config_,) = _network(assembly, environment, "AWS::Route53Resolver::ResolverQueryLoggingConfig")
    (of_vpc,) = _network(
        assembly, environment, "AWS::Route53Resolver::ResolverQueryLoggingConfigAssociation"
    )
    (policy,) = _network(assembly, environment, "AWS::Logs::ResourcePolicy")
    (vpc,) = _network(assembly, environment, "AWS::EC2::VPC")
    group = assembly.target(config_, config_.properties["DestinationArn"])

    assert group is not None
    assert group.properties["LogGroupName"] == f"/acequia-{environment}/dns-logs"
    assert "LogsKey" in json.dumps(group.properties["KmsKeyId"])
    assert assembly.target(of_vpc, of_vpc.properties["ResourceId"]) == vpc
    assert "delivery.logs.amazonaws.com" in json.dumps(policy.properties)
    assert "aws:SourceAccount" in json.dumps(policy.properties)
    assert group.logical_id in json.dumps(policy.properties)


@pytest.mark.parametrize(
    ("environment", "others"),
    [("dev", "ALERT"), ("staging", "BLOCK"), ("prod", "ALERT"), ("everything", "BLOCK")],
)
def test_only_names_of_aws_are_answered(assembly: Assembly, environment: str, others: str) -> None:
    """What is only reported in one place is refused in another; the order of the rules counts."""
    (first, known), (second, rest) = _rules(assembly, environment)

    assert (first, second, rest) == ("ALLOW", others, ["*"])
    assert {"*.api.aws", "*.sagemaker.aws"} <= set(known)
    assert "*" not in known
    assert any("URLSuffix" in name or "amazonaws.com" in name for name in known)


def test_names_of_the_settings_are_answered_as_well(assembly: Assembly) -> None:
    """Those that are listed, and the servers of the sources: jobs could not find them."""
    (_, known), _ = _rules(assembly, "everything")

    assert {"example.internal", "*.partner.example.com"} <= set(known)
    assert {"disputes.example.internal", "crm.example.internal"} <= set(known)


def test_the_firewall_watches_the_vpc(assembly: Assembly) -> None:
    """A group of rules does nothing until it belongs to a VPC."""
    for environment in ENVIRONMENTS:
        (of_vpc,) = _network(
            assembly, environment, "AWS::Route53Resolver::FirewallRuleGroupAssociation"
        )
        (vpc,) = _network(assembly, environment, "AWS::EC2::VPC")

        assert assembly.target(of_vpc, of_vpc.properties["VpcId"]) == vpc
