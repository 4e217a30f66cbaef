"""Jobs of one repository and branch get a role, without a secret; nobody else's do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ml_constructs.github_role import (
    GithubProvider,
    GithubRole,
    branch_subject,
    environment_subject,
)


def _template(folder: Path, *, creates: bool, subject: str = "repo:a/b:ref:refs/heads/m") -> Any:
    from aws_cdk import App, Stack

    app = App(outdir=str(folder), analytics_reporting=False)
    stack = Stack(app, "Stack")
    provider = GithubProvider(stack, "Github", creates=creates)
    GithubRole(
        stack,
        "Role",
        name="r",
        description="d",
        provider=provider,
        subject=subject,
        timeout_min=5,
    )
    return app.synth().get_stack_by_name("Stack").template["Resources"]


def test_subjects_are_what_github_sends() -> None:
    """Source: GitHub Docs, "OpenID Connect reference", example subject claims."""
    assert branch_subject("a/b", "release/1") == "repo:a/b:ref:refs/heads/release/1"
    assert environment_subject("a/b", "production") == "repo:a/b:environment:production"


@pytest.mark.parametrize("creates", [True, False])
def test_the_provider_is_made_only_where_there_is_none(tmp_path: Path, creates: bool) -> None:
    """An account takes one of an issuer; a second one is refused at deployment."""
    types = [each["Type"] for each in _template(tmp_path, creates=creates).values()]

    assert ("AWS::IAM::OIDCProvider" in types) is creates


def test_a_session_lasts_an_hour_at_least(tmp_path: Path) -> None:
    """IAM takes no less."""
    (role,) = (
        each["Properties"]
        for each in _template(tmp_path, creates=False).values()
        if each["Type"] == "AWS::IAM::Role"
    )

    assert role["MaxSessionDuration"] == 3600


@pytest.mark.parametrize("subject", ["repo:a/*", "repo:a/b:ref:refs/heads/?"])
def test_a_pattern_is_no_subject(tmp_path: Path, subject: str) -> None:
    """It would be compared as text and match nobody, or be widened by the next hand."""
    with pytest.raises(ValueError, match="name one branch or environment"):
        _template(tmp_path, creates=False, subject=subject)
