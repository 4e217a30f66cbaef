"""The table of changes: every control that asks for an alarm has a row, with a pattern."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ml_constructs.audited_changes import AUDITED_CHANGES, AuditedChange

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbooks" / "audit.md"
LONGEST_PATTERN = 1024


def test_every_control_of_security_hub_has_one_row() -> None:
    """CloudWatch.1 to CloudWatch.14, each once."""
    named = [each for change in AUDITED_CHANGES for each in change.controls]

    assert sorted(each for each in named if each.startswith("SecurityHub")) == sorted(
        f"SecurityHub CloudWatch.{number}" for number in range(1, 15)
    )


def test_names_are_used_once() -> None:
    """A name is a construct's id, a metric and a heading of the runbook."""
    names = [change.name for change in AUDITED_CHANGES]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize("change", AUDITED_CHANGES, ids=lambda change: change.name)
def test_a_pattern_is_one_that_cloudwatch_takes(change: AuditedChange) -> None:
    """One pair of braces around balanced clauses, and no longer than CloudWatch allows."""
    pattern = change.pattern

    assert re.fullmatch(r"\{[^{}]+\}", pattern)
    assert pattern.count("(") == pattern.count(")")
    assert len(pattern) <= LONGEST_PATTERN
    assert "$." in pattern


@pytest.mark.parametrize("change", AUDITED_CHANGES, ids=lambda change: change.name)
def test_the_runbook_says_what_to_do(change: AuditedChange) -> None:
    """Each alarm names a heading of the runbook, and the heading is there."""
    assert f"\n### {change.name}\n" in RUNBOOK.read_text(encoding="utf-8")


def test_the_runbook_has_no_heading_without_an_alarm() -> None:
    """What is no longer watched is no longer explained."""
    headings = re.findall(r"^### (\w+)$", RUNBOOK.read_text(encoding="utf-8"), flags=re.MULTILINE)

    assert headings == [change.name for change in AUDITED_CHANGES]
