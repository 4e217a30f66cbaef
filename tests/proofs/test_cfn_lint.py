"""CloudFormation would accept every template: cfn-lint finds nothing, not even a hint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.proofs.lint import lint

Templates = dict[str, dict[str, dict[str, Any]]]


def test_no_template_has_a_finding(templates: Templates, environment: str) -> None:
    """Zero errors, zero warnings, zero hints, in every stack."""
    found = {stack: lint(template) for stack, template in templates[environment].items()}

    assert {stack: lines for stack, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ("kind", "fault", "rule"),
    [
        (
            "AWS::S3::Bucket",
            lambda each: each["Properties"].update(VersioningConfiguration={"Status": "On"}),
            "E3030",
        ),
        ("AWS::S3::Bucket", lambda each: each["Properties"].update(Versioned=True), "E3002"),
        ("AWS::Glue::Crawler", lambda each: each["Properties"].pop("Role"), "E3003"),
        ("AWS::KMS::Key", lambda each: each["Properties"].update(PendingWindowInDays=3), "E3034"),
        (
            "AWS::Glue::Crawler",
            lambda each: each["Properties"].update(Role={"Fn::GetAtt": ["Nobody", "Arn"]}),
            "E1010",
        ),
        (
            "AWS::Glue::Crawler",
            lambda each: each["DependsOn"].append(each["Properties"]["Role"]["Fn::GetAtt"][0]),
            "W3005",
        ),
    ],
    ids=["enum", "unknown property", "missing property", "range", "reference", "dependency"],
)
def test_a_seeded_fault_is_found(
    spoil: Callable[..., dict[str, Any]], kind: str, fault: Callable[[Any], None], rule: str
) -> None:
    """The rules are loaded and look at what the CDK wrote; warnings are not left out."""
    assert any(line.startswith(rule) for line in lint(spoil(kind, fault)))
