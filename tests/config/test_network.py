"""A network that could not be deployed, or that jobs could not run in, is refused at load."""

from __future__ import annotations

from typing import get_args

import pytest

import config
from config.network import EndpointService, enabled_services
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.mistakes import parse

GOOD = """
environment: dev
usecase: fraud
protected: false
tags: {data_classification: internal, owner_team: somebody, cost_center: none}
"""
VPC = "vpc_id: vpc-0123456789abcdef0"
TWO = "subnet_ids: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]"


def _load(network: str) -> config.PlatformConfig:
    return parse(f"{GOOD}network: {{{network}}}", config.PlatformConfig, source="x.yaml")


def _mistakes(network: str) -> list[str]:
    with pytest.raises(SettingsError) as error:
        _load(network)
    return list(error.value.mistakes)


@pytest.mark.parametrize(
    ("network", "place", "says"),
    [
        ("cidr: 10.0.0.0/8", "network.cidr", "/16 to /24"),
        ("cidr: 10.0.0.0/25", "network.cidr", "/16 to /24"),
        ("cidr: 10.0.0.1/20", "network.cidr", "begins at its first address"),
        ("cidr: 8.8.0.0/16", "network.cidr", "private IPv4 range"),
        ("cidr: 'fd00::/48'", "network.cidr", "private IPv4 range"),
        ("cidr: 172.17.0.0/20", "network.cidr", "Docker"),
        ("availability_zones: 1", "network.availability_zones", "greater than or equal to 2"),
        ("availability_zones: 4", "network.availability_zones", "less than or equal to 3"),
        ("flow_log_days: 31", "network.flow_log_days", "30, 60"),
        ("endpoints: {sagemaker-api: true}", "network.endpoints", "did you mean 'sagemaker.api'"),
        ("endpoints: {kms: sometimes}", "network.endpoints.kms", "boolean"),
        ("endpoint: {}", "network.endpoint", "did you mean 'endpoints'"),
        ("endpoint_accounts: ['1234']", "network.endpoint_accounts", "12 digits"),
        ("https_destinations: []", "network.https_destinations", "at least 1"),
        ("https_destinations: [example.com]", "network.https_destinations", "prefix lists"),
        ("https_destinations: [pl-s3]", "network.https_destinations", "prefix lists"),
        ("vpc_id: vpc-xyz", "network.vpc_id", "8 or 17 hexadecimal digits"),
        (VPC, "network.subnet_ids", "two different subnets"),
        (f"{VPC}, subnet_ids: [subnet-01234567]", "network.subnet_ids", "given 1"),
        (f"{VPC}, subnet_ids: [subnet-01234567, subnet-01234567]", "network.subnet_ids", "differ"),
        (f"{VPC}, subnet_ids: [subnet-01234567, sn-1]", "network.subnet_ids", "subnet- and 8"),
        (TWO, "network.subnet_ids", "give its vpc_id"),
        ("security_group_ids: [sg-01234567]", "network.security_group_ids", "give its vpc_id"),
        (f"{VPC}, {TWO}, security_group_ids: [default]", "network.security_group_ids", "sg- and"),
        ("first_subnet_zone: eu-west-1a", "network.first_subnet_zone", "give its vpc_id"),
        (f"{VPC}, {TWO}, first_subnet_zone: euw1-az2", "network.first_subnet_zone", "not its id"),
        (f"{VPC}, {TWO}, first_subnet_zone: eu-west-1", "network.first_subnet_zone", "name of a"),
        ("dns_firewall: allow", "network.dns_firewall", "alert"),
        ("dns_firewall: off", "network.dns_firewall", "disabled"),
        ("dns_allowed: ['*']", "network.dns_allowed", "*.example.com"),
        ("dns_allowed: [Example.com]", "network.dns_allowed", "lower case"),
        ("dns_allowed: ['a.*.example.com']", "network.dns_allowed", "*.example.com"),
        ("dns_allowed: ['https://example.com']", "network.dns_allowed", "example.com"),
        ("dns_allowed: [10.0.0.1]", "network.dns_allowed", "example.com"),
        ("dns_log_days: 31", "network.dns_log_days", "30, 60"),
        (f"{VPC}, {TWO}, dns_firewall: block", "network", "dns_firewall describe a VPC of our own"),
        (f"{VPC}, {TWO}, cidr: 10.0.0.0/20", "network", "cidr describe a VPC of our own"),
    ],
)
def test_a_wrong_network_is_refused(network: str, place: str, says: str) -> None:
    """Each of these would fail at deployment or, worse, when the first job starts."""
    (mistake,) = _mistakes(network)

    assert f": {place}" in mistake
    assert says in mistake


def test_the_zone_lies_in_the_region() -> None:
    """A zone of elsewhere would be refused by Glue only when a job connects."""
    bound = f"{GOOD}account: '111122223333'\nregion: eu-west-1\n"
    network = f"network: {{{VPC}, {TWO}, first_subnet_zone: %s}}"

    with pytest.raises(SettingsError, match="is not in the region eu-west-1"):
        parse(f"{bound}{network % 'us-east-1a'}", config.PlatformConfig, source="x.yaml")

    parse(f"{bound}{network % 'eu-west-1a'}", config.PlatformConfig, source="x.yaml")


def test_databases_need_the_zone_of_an_imported_subnet() -> None:
    """Glue takes a connection without a zone and then fails every job that uses it."""
    sources = "sources: {databases: [{name: cards, tables: [cards]}]}\n"

    with pytest.raises(SettingsError, match=r"set network\.first_subnet_zone"):
        parse(f"{GOOD}{sources}network: {{{VPC}, {TWO}}}", config.PlatformConfig, source="x.yaml")

    for network in ("", f"{VPC}, {TWO}, first_subnet_zone: eu-central-1a"):
        parse(f"{GOOD}{sources}network: {{{network}}}", config.PlatformConfig, source="x.yaml")


def test_sagemaker_takes_five_groups_of_which_one_is_ours() -> None:
    """A fifth of theirs would be refused only when a job starts."""
    groups = [f"sg-0000000{number}" for number in range(5)]

    (mistake,) = _mistakes(f"{VPC}, {TWO}, security_group_ids: [{', '.join(groups)}]")

    assert "network.security_group_ids" in mistake
    _load(f"{VPC}, {TWO}, security_group_ids: [{', '.join(groups[:4])}]")


def test_mistakes_of_a_network_are_reported_at_once() -> None:
    """Three slips, three lines."""
    mistakes = _mistakes("cidr: 1.2.3.4, availability_zones: 9, endpoints: {s4: true}")

    assert len(mistakes) == 3


def test_an_endpoint_is_switched_by_its_name() -> None:
    """What is not named keeps its default: on for what the platform itself calls."""
    default = enabled_services({})
    changed = enabled_services({"glue": False, "studio": True})

    assert {"sagemaker.api", "kms", "logs", "sts", "glue"} <= set(default)
    assert set(default) - set(changed) == {"glue"}
    assert set(changed) - set(default) == {"studio"}
    assert set(default) < set(get_args(EndpointService))
