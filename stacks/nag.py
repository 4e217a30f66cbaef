"""Check the platform against the packs of cdk-nag, less what the register accepts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jsii
from aws_cdk import (
    App,
    IPolicyValidationContext,
    IPolicyValidationPlugin,
    PolicyValidationPluginReport,
    PolicyViolatingResource,
    PolicyViolation,
    Validations,
)
from cdk_nag import (
    AwsSolutionsChecks,
    HIPAASecurityChecks,
    NIST80053R5Checks,
    PCIDSS321Checks,
    ServerlessChecks,
)
from constructs import IConstruct

from stacks.acknowledgements import REGISTER as AWS_SOLUTIONS
from stacks.acknowledgements import Acknowledgement
from stacks.compliance_acknowledgements import COMPLIANCE

PACKS: Mapping[str, Callable[..., Any]] = {
    "AwsSolutions": AwsSolutionsChecks,
    "NIST.800.53.R5": NIST80053R5Checks,
    "HIPAA.Security": HIPAASecurityChecks,
    "PCI.DSS.321": PCIDSS321Checks,
    "Serverless": ServerlessChecks,
}
"""By the name that begins the names of its rules."""

REGISTER: tuple[Acknowledgement, ...] = (*AWS_SOLUTIONS, *COMPLIANCE)
"""Everything that we accept, of whichever pack."""

_RULE = re.compile(r"(?P<rule>[^\[]+)(?:\[(?P<finding>.*)\])?", re.DOTALL)


@dataclass(frozen=True)
class Finding:
    """What one rule says of one resource; ``path`` is below the stage."""

    path: str
    rule: str
    finding: str
    description: str

    def is_accepted(self, register: Sequence[Acknowledgement]) -> bool:
        """Say whether the register has an entry for this finding."""
        return any(entry.covers(self.path, self.rule, self.finding) for entry in register)


def findings(scope: IConstruct, pack: str = "AwsSolutions") -> tuple[Finding, ...]:
    """List what the rules of a pack find under a synthesised ``scope``, accepted or not.

    Before synthesis a reference to another stack still reads as one within the stack, so the
    same finding would have two names.
    """
    report = PACKS[pack](scope).validate_scope(scope)
    return tuple(
        _finding(violation, resource)
        for violation in report.violations
        for resource in violation.violating_resources
    )


def add_checks(app: App) -> None:
    """Let ``app.synth()`` fail on each finding that the register does not accept."""
    Validations.of(app).add_plugins(*(_RegisteredChecks(pack, REGISTER) for pack in PACKS))


def _finding(violation: PolicyViolation, resource: PolicyViolatingResource) -> Finding:
    match = _RULE.fullmatch(violation.rule_name)
    return Finding(
        path=(resource.construct_path or "").partition("/")[2],
        rule=match["rule"] if match else violation.rule_name,
        finding=(match["finding"] if match else None) or "",
        description=violation.description,
    )


@jsii.implements(IPolicyValidationPlugin)
class _RegisteredChecks:
    """The rules of one pack as a plugin of the CDK.

    CDK's own acknowledgements want the exact name of each finding, which holds logical ids and
    differs by environment; the register describes them once.
    """

    def __init__(self, pack: str, register: Sequence[Acknowledgement]) -> None:
        self._pack = pack
        self._register = register
        self._checks = PACKS[pack]()

    @property
    def name(self) -> str:
        """The name in the report."""
        return self._pack

    @property
    def version(self) -> str | None:
        """Unset: the rules are pinned in pyproject.toml."""
        return None

    @property
    def rule_ids(self) -> list[str] | None:
        """Unset: read only for the CDK's usage statistics, which are off."""
        return None

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        """Report the findings that nobody accepted."""
        report = self._checks.validate_scope(context.app_construct)
        violations = list(self._open(report.violations))
        return PolicyValidationPluginReport(success=not violations, violations=violations)

    def _open(self, violations: Iterable[PolicyViolation]) -> Iterator[PolicyViolation]:
        for violation in violations:
            resources = [
                resource
                for resource in violation.violating_resources
                if not _finding(violation, resource).is_accepted(self._register)
            ]
            if resources:
                yield PolicyViolation(
                    rule_name=violation.rule_name,
                    description=violation.description,
                    severity=violation.severity,
                    violating_resources=resources,
                )
