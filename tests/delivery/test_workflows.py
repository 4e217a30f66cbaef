"""GitHub's jobs run what CodeBuild runs, with as few rights."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from delivery.contract import PROJECTS

WORKFLOWS = sorted((Path(__file__).parents[2] / ".github/workflows").glob("*.yml"))
BY_NAME = {project.name: project for project in PROJECTS}


def _load(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


def _jobs() -> list[tuple[str, dict[str, Any]]]:
    return [(name, job) for path in WORKFLOWS for name, job in _load(path)["jobs"].items()]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda each: each.name)
def test_no_workflow_has_more_rights_or_keys_than_it_needs(path: Path) -> None:
    """Reading the source; and a job that takes a role says who it is, with no stored key."""
    text, document = path.read_text(encoding="utf-8"), _load(path)

    assert document["permissions"] == {"contents": "read"}
    assert "secrets." not in text
    assert "pull_request_target" not in text
    for job in document["jobs"].values():
        takes_a_role = any("role-to-assume" in step.get("with", {}) for step in job["steps"])
        extra = {"id-token": "write"} if takes_a_role else {}
        assert job.get("permissions", {"contents": "read"}) == {"contents": "read"} | extra


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda each: each.name)
def test_actions_are_pinned_and_commands_hold_no_expression(path: Path) -> None:
    """A tag can move; an expression in a command runs whatever its value says."""
    for job in _load(path)["jobs"].values():
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])
            assert "${{" not in step.get("run", "")
        assert job["timeout-minutes"] <= 360


def test_every_project_has_a_job_with_its_variables() -> None:
    """Reads and exports are those of the contract, so both fronts are alike."""
    seen = set()
    for name, job in _jobs():
        (step,) = [each for each in job["steps"] if "-m delivery." in each.get("run", "")]
        project = BY_NAME[step["run"].rpartition(".")[2]]
        seen.add(project.name)
        assert set(step.get("env", {})) == {*project.reads, *project.optional}, name
        assert set(job.get("outputs", {})) == set(project.exports), name
    assert seen == set(BY_NAME)


def test_a_job_reads_only_what_a_job_that_it_needs_exports() -> None:
    """A slip would be an empty variable at run time."""
    jobs = dict(_jobs())
    for name, job in jobs.items():
        for other, output in re.findall(r"needs\.([\w-]+)\.outputs\.(\w+)", str(job)):
            assert other in job["needs"], name
            assert output in jobs[other]["outputs"], name


def test_production_waits_for_its_reviewers() -> None:
    """And all that comes after training is skipped where the champion stays."""
    jobs = dict(_jobs())
    for name in ("approve", "production-platform", "production-serving", "production-smoke"):
        assert jobs[name]["environment"] == "production"
    after = [job for name, job in jobs.items() if "environment" in job]
    assert all("DECISION == 'registered'" in job["if"] for job in after)
