"""checkov, a second opinion on security, fails few checks, and each for a reason."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.proofs.checkov_register import REGISTER, Accepted

CHECKOV = Path(sys.prefix) / "checkov" / "bin" / "checkov"
GREATEST_SHARE = 0.02

pytestmark = pytest.mark.skipif(
    not CHECKOV.exists(), reason="checkov is not installed (scripts/setup test)"
)


@dataclass(frozen=True)
class Report:
    """What checkov says of some templates."""

    passed: int
    failed: frozenset[tuple[str, str]]
    failed_count: int
    unread_count: int


def check(folder: Path, home: Path) -> Report:
    """Run checkov over all templates under a folder, without the network."""
    result = subprocess.run(
        [
            *(str(CHECKOV), "--directory", str(folder), "--framework", "cloudformation"),
            *("--compact", "--quiet", "--skip-download", "--soft-fail", "--output", "json"),
        ],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "HTTP_PROXY": "http://127.0.0.1:9",
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    report = json.loads(result.stdout)
    return Report(
        passed=report["summary"]["passed"],
        failed=frozenset(
            (each["check_id"], f"{Path(each['file_path']).stem}/{each['resource']}")
            for each in report["results"]["failed_checks"]
        ),
        failed_count=report["summary"]["failed"],
        unread_count=report["summary"]["parsing_errors"],
    )


@pytest.fixture(scope="module")
def report(
    templates: dict[str, dict[str, dict[str, Any]]], tmp_path_factory: pytest.TempPathFactory
) -> Report:
    """One run over every environment: checkov takes seconds to start."""
    folder = tmp_path_factory.mktemp("templates")
    for environment, stacks in templates.items():
        (folder / environment).mkdir()
        for stack, template in stacks.items():
            text = json.dumps(template)
            (folder / environment / f"{stack}.json").write_text(text, encoding="utf-8")
    return check(folder, tmp_path_factory.mktemp("home"))


def test_every_template_was_read(
    report: Report, templates: dict[str, dict[str, dict[str, Any]]]
) -> None:
    """What cannot be parsed is not checked; checkov says so and goes on."""
    resources = sum(len(t["Resources"]) for stacks in templates.values() for t in stacks.values())

    assert report.unread_count == 0
    assert report.passed > resources / 2


def test_few_checks_fail(report: Report) -> None:
    """Under two in a hundred, over all environments."""
    assert report.failed_count < GREATEST_SHARE * (report.passed + report.failed_count)


def test_every_failed_check_is_in_the_register(report: Report) -> None:
    """What fails is fixed, or somebody wrote down why it stays."""
    unexplained = [
        failed for failed in report.failed if not any(each.covers(*failed) for each in REGISTER)
    ]

    assert sorted(unexplained) == []


@pytest.mark.parametrize("entry", REGISTER, ids=lambda entry: f"{entry.check} {entry.resource}")
def test_an_accepted_check_still_fails(report: Report, entry: Accepted) -> None:
    """An entry that matches nothing is a door left open for the next failure."""
    assert any(entry.covers(*failed) for failed in report.failed)
    assert len(entry.reason.split()) >= 5


def test_a_seeded_fault_fails_its_check(
    spoil: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    """A bucket that anybody may open does not pass, and no entry covers it."""
    for name in ("templates", "home"):
        (tmp_path / name).mkdir()
    template = spoil(
        "AWS::S3::Bucket", lambda each: each["Properties"].pop("PublicAccessBlockConfiguration")
    )
    (tmp_path / "templates" / "Data.json").write_text(json.dumps(template), encoding="utf-8")
    report = check(tmp_path / "templates", tmp_path / "home")
    public = [failed for failed in report.failed if failed[0] in {"CKV_AWS_53", "CKV_AWS_55"}]

    assert len(public) == 2
    assert not any(each.covers(*failed) for each in REGISTER for failed in public)
