"""checkov, a second opinion on security, fails few checks, and each for a reason."""

from __future__ import annotations

from typing import Any

import pytest

from tests.proofs.checkov_register import REGISTER, Accepted
from tests.proofs.checkov_run import PROGRAM, SEEDED, Report, Run
from tests.proofs.checkov_run import report as read

GREATEST_SHARE = 0.02

pytestmark = pytest.mark.skipif(
    not PROGRAM.exists(), reason="checkov is not installed (scripts/setup test)"
)


@pytest.fixture(scope="module")
def result(checkov: Run) -> Any:
    """What checkov wrote, about every environment and about the seeded fault."""
    return checkov.result()


@pytest.fixture(scope="module")
def report(result: Any, templates: dict[str, dict[str, dict[str, Any]]]) -> Report:
    """What checkov says of our environments."""
    return read(result, *templates)


def test_every_template_was_read(
    report: Report, templates: dict[str, dict[str, dict[str, Any]]]
) -> None:
    """What cannot be parsed is not checked; checkov says so and goes on."""
    resources = sum(len(t["Resources"]) for stacks in templates.values() for t in stacks.values())

    assert report.unread_count == 0
    assert report.passed_count > resources


def test_few_checks_fail(report: Report) -> None:
    """Under two in a hundred, over all environments."""
    assert report.failed_count < GREATEST_SHARE * (report.passed_count + report.failed_count)


def test_every_failed_check_is_in_the_register(report: Report) -> None:
    """What fails is fixed, or somebody wrote down why it stays."""
    unexplained = {
        failed for failed in report.failed if not any(each.covers(*failed) for each in REGISTER)
    }

    assert unexplained == set()


@pytest.mark.parametrize("entry", REGISTER, ids=lambda entry: f"{entry.check} {entry.resource}")
def test_an_accepted_check_still_fails(report: Report, entry: Accepted) -> None:
    """An entry that matches nothing is a door left open for the next failure."""
    assert any(entry.covers(*failed) for failed in report.failed)
    assert len(entry.reason.split()) >= 5


def test_a_seeded_fault_fails_its_check(result: Any) -> None:
    """A bucket that anybody may open does not pass, and no entry covers it."""
    public = [
        failed
        for failed in read(result, SEEDED).failed
        if failed[0] in {"CKV_AWS_53", "CKV_AWS_55"}
    ]

    assert len(public) == 2
    assert not any(each.covers(*failed) for each in REGISTER for failed in public)
