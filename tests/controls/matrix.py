"""The control matrix: what ``controls.yaml`` says, and the check of each row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from tests.assembly import Assembly
from tests.controls.checks import (
    audit,
    delivery,
    encryption,
    identity,
    key_policies,
    lifecycle,
    network,
    transport,
)
from tests.controls.evidence import Checked

CONTROLS = Path(__file__).with_name("controls.yaml")

Check = Callable[[Assembly, str], Iterator[Checked]]

CHECKS: Mapping[str, Check] = {
    "C01": encryption.customer_managed_keys,
    "C02": transport.tls_only,
    "C03": network.nothing_public,
    "C04": network.network_isolation,
    "C05": transport.between_containers,
    "C06": network.inside_the_vpc,
    "C07": delivery.endpoint_availability,
    "C08": identity.explicit_permissions,
    "C09": identity.confused_deputy,
    "C10": identity.separate_duties,
    "C11": identity.one_role_a_job,
    "C12": audit.audit_trail,
    "C13": key_policies.key_policies,
    "C14": delivery.immutable_images,
    "C15": delivery.approval_before_production,
    "C16": delivery.rollback,
    "C17": lifecycle.survives,
    "C18": audit.no_secrets,
    "C19": lifecycle.not_replaced,
    "C20": lifecycle.tagged,
    "C21": delivery.everything_stops,
    "C22": delivery.images_by_digest,
    "C23": audit.nothing_dropped,
    "C24": lifecycle.differs_where_allowed,
    "C25": lifecycle.no_literals,
}


@dataclass(frozen=True)
class Exemption:
    """What a row does not hold for: a pattern of the place, and why."""

    where: str
    reason: str

    def covers(self, where: str) -> bool:
        """Say whether a place is meant; the pattern must match all of it."""
        return re.fullmatch(self.where, where) is not None


@dataclass(frozen=True)
class Control:
    """One row of the matrix."""

    id: str
    title: str
    control: str
    where: str
    proof: str
    references: tuple[str, ...]
    status: Literal["checked", "not_built"] = "checked"
    reason: str = ""
    due: tuple[str, ...] = ()
    exceptions: tuple[Exemption, ...] = ()

    def check(self, assembly: Assembly, environment: str) -> Result:
        """Look at one environment."""
        return Result(self, tuple(CHECKS[self.id](assembly, environment)))


@dataclass(frozen=True)
class Result:
    """What a row found in one environment."""

    control: Control
    checked: tuple[Checked, ...]

    @property
    def faults(self) -> list[str]:
        """Every violation that no exception covers: place and remedy."""
        return [
            f"{each.where}: {each.fault}"
            for each in self.checked
            if each.fault and not self._is_excepted(each)
        ]

    def used(self, exemption: Exemption) -> list[Checked]:
        """Return the violations that an exception covers."""
        return [each for each in self.checked if each.fault and exemption.covers(each.where)]

    def _is_excepted(self, checked: Checked) -> bool:
        return any(each.covers(checked.where) for each in self.control.exceptions)


@cache
def controls() -> tuple[Control, ...]:
    """Read the rows."""
    rows = yaml.safe_load(CONTROLS.read_text(encoding="utf-8"))
    return tuple(_control(row) for row in rows)


def _control(row: Mapping[str, Any]) -> Control:
    exceptions = tuple(Exemption(**each) for each in row.get("exceptions", ()))
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in row.items()
    }
    return Control(**{**values, "exceptions": exceptions})
