"""Check the platform against the AwsSolutions rules, less what the register accepts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

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
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct

from stacks.acknowledgements import REGISTER, Acknowledgement

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


def findings(scope: IConstruct) -> tuple[Finding, ...]:
    """List what the rules find under a synthesised ``scope``, accepted or not.

    Before synthesis a reference to another stack still reads as one within the stack, so the
    same finding would have two names.
    """
    report = AwsSolutionsChecks(scope).validate_scope(scope)
    return tuple(
        _finding(violation, resource)
        for violation in report.violations
        for resource in violation.violating_resources
    )


def add_checks(app: App) -> None:
    """Let ``app.synth()`` fail on each finding that the register does not accept."""
    Validations.of(app).add_plugins(_RegisteredChecks(REGISTER))


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
    """The rules as a plugin of the CDK.

    CDK's own acknowledgements want the exact name of each finding, which holds logical ids and
    differs by environment; the register describes them once.
    """

    def __init__(self, register: Sequence[Acknowledgement]) -> None:
        self._register = register
        self._checks = AwsSolutionsChecks()

    @property
    def name(self) -> str:
        """The name in the report."""
        return "AwsSolutions"

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
