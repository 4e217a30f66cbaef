"""The settings of the network."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from config.types import AccountId, LogRetentionDays, matching
from pipeline_code.core.mistakes import Section

EndpointService = Literal[
    "athena",
    "ecr.api",
    "ecr.dkr",
    "events",
    "experiments",
    "glue",
    "kms",
    "logs",
    "monitoring",
    "sagemaker.api",
    "sagemaker.featurestore-runtime",
    "sagemaker.runtime",
    "secretsmanager",
    "ssm",
    "sts",
    "studio",
]
"""The services of which the VPC can have an interface, as AWS ends their names."""
_OFF_BY_DEFAULT: Final = frozenset({"athena", "experiments", "ssm", "studio"})

_FEWEST_SUBNETS = 2
_WIDEST_PREFIX, _NARROWEST_PREFIX = 16, 24
_PRIVATE = tuple(
    ipaddress.IPv4Network(block)
    for block in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
)
_DOCKER = ipaddress.IPv4Network("172.17.0.0/16")
_OF_OUR_OWN = (
    "cidr",
    "availability_zones",
    "endpoints",
    "endpoint_accounts",
    "flow_log_days",
    "dns_firewall",
    "dns_allowed",
    "dns_log_days",
)


def _check_cidr(value: str) -> str:
    allowed = (
        "a private IPv4 range of /16 to /24 that begins at its first address, such as 10.0.0.0/20"
    )
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError:
        raise ValueError(f"given {value!r}; allowed: {allowed}") from None
    if not _WIDEST_PREFIX <= network.prefixlen <= _NARROWEST_PREFIX or not any(
        network.subnet_of(block) for block in _PRIVATE
    ):
        raise ValueError(f"given {value!r}; allowed: {allowed}")
    if network.overlaps(_DOCKER):
        raise ValueError(f"given {value!r}; Docker uses 172.17.0.0/16 within every instance")
    return value


def _check_destination(value: str) -> str:
    if re.fullmatch(r"pl-([0-9a-f]{8}|[0-9a-f]{17})", value):
        return value
    try:
        ipaddress.IPv4Network(value)
    except ValueError:
        allowed = "IPv4 ranges such as 10.0.0.0/16, and prefix lists such as pl-0123abcd"
        raise ValueError(f"given {value!r}; allowed: {allowed}") from None
    return value


def _check_any_destination(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError("must name at least 1 destination: jobs could not reach S3")
    return value


def _identifier(prefix: str) -> AfterValidator:
    return matching(
        rf"{prefix}-([0-9a-f]{{8}}|[0-9a-f]{{17}})",
        f"{prefix}- and 8 or 17 hexadecimal digits",
    )


VpcId = Annotated[str, _identifier("vpc")]
SubnetId = Annotated[str, _identifier("subnet")]
SecurityGroupId = Annotated[str, _identifier("sg")]
ZoneName = Annotated[
    str,
    matching(
        r"[a-z]{2,4}(-[a-z]{2,5})?-[a-z]+-[1-9](-[a-z]{3}-[1-9])?[a-z]",
        "the name of a zone such as eu-central-1a (not its id, such as euc1-az2)",
    ),
]
DomainName = Annotated[
    str,
    matching(
        r"(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]",
        "a domain in lower case such as example.com, or *.example.com for all below it",
    ),
    Field(max_length=255),
]
Cidr = Annotated[str, AfterValidator(_check_cidr)]
Destination = Annotated[str, AfterValidator(_check_destination)]
# Not by min_length: with one wrong item it would complain of too few right ones as well.
Destinations = Annotated[
    tuple[Destination, ...], Field(max_length=20), AfterValidator(_check_any_destination)
]


class NetworkConfig(Section):
    """Which network the jobs run in, and what it reaches."""

    vpc_id: VpcId | None = None
    subnet_ids: tuple[SubnetId, ...] = ()
    first_subnet_zone: ZoneName | None = None
    # SageMaker takes five groups, of which the job group is one.
    security_group_ids: Annotated[tuple[SecurityGroupId, ...], Field(max_length=4)] = ()
    https_destinations: Destinations = ("0.0.0.0/0",)
    cidr: Cidr = "10.0.0.0/20"
    availability_zones: Annotated[int, Field(ge=2, le=3)] = 2
    endpoints: dict[EndpointService, bool] = Field(default_factory=dict)
    endpoint_accounts: tuple[AccountId, ...] = ()
    flow_log_days: LogRetentionDays = 90
    dns_firewall: Literal["alert", "block", "disabled"] = "alert"
    dns_allowed: Annotated[tuple[DomainName, ...], Field(max_length=200)] = ()
    dns_log_days: LogRetentionDays = 90

    @field_validator("subnet_ids")
    @classmethod
    def _check_subnets(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if "vpc_id" not in info.data:
            return value
        if info.data["vpc_id"] is None:
            if value:
                raise ValueError("belongs to an imported VPC: give its vpc_id as well")
        elif len(set(value)) < _FEWEST_SUBNETS or len(set(value)) < len(value):
            raise ValueError(
                "must name two different subnets or more, in different zones; "
                f"given {len(value)}: {', '.join(value) or 'none'}"
            )
        return value

    @field_validator("first_subnet_zone", "security_group_ids")
    @classmethod
    def _check_import(
        cls, value: tuple[str, ...] | str | None, info: ValidationInfo
    ) -> tuple[str, ...] | str | None:
        if value and info.data.get("vpc_id", "") is None:
            raise ValueError("belongs to an imported VPC: give its vpc_id as well")
        return value

    @model_validator(mode="after")
    def _check_ownership(self) -> Self:
        given = sorted(self.model_fields_set.intersection(_OF_OUR_OWN))
        if self.vpc_id is not None and given:
            raise ValueError(
                f"{', '.join(given)} describe a VPC of our own; leave them out, "
                f"or vpc_id ({self.vpc_id})"
            )
        return self


def enabled_services(endpoints: Mapping[EndpointService, bool]) -> tuple[str, ...]:
    """Return the services that have an interface, given which are switched on or off."""
    return tuple(
        name
        for name in get_args(EndpointService)
        if endpoints.get(name, name not in _OFF_BY_DEFAULT)
    )
