"""A role for a job of GitHub Actions: no secret is stored there, GitHub says whose job it is."""

from __future__ import annotations

from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_constructs.arns import format_arn

_ISSUER: Final = "token.actions.githubusercontent.com"
_AUDIENCE: Final = "sts.amazonaws.com"


class GithubProvider(Construct):
    """Trust the tokens of GitHub Actions, or take the provider that the account has already.

    Stateless. An account has one provider an issuer, shared by all who use it.
    Source: GitHub Docs, "Configuring OpenID Connect in Amazon Web Services".
    """

    def __init__(self, scope: Construct, construct_id: str, *, creates: bool) -> None:
        super().__init__(scope, construct_id)
        self.arn = format_arn(
            service="iam", resource="oidc-provider", resource_name=_ISSUER, region=""
        )
        if creates:
            provider = iam.CfnOIDCProvider(
                self, "Resource", url=f"https://{_ISSUER}", client_id_list=[_AUDIENCE]
            )
            self.arn = provider.attr_arn


def branch_subject(repository: str, branch: str) -> str:
    """Name the jobs of a branch that run in no environment."""
    return f"repo:{repository}:ref:refs/heads/{branch}"


def environment_subject(repository: str, environment: str) -> str:
    """Name the jobs of an environment of GitHub, whose reviewers and branches rule them."""
    return f"repo:{repository}:environment:{environment}"


class GithubRole(Construct):
    """Define a named role that only jobs of one repository and branch, or environment, may take.

    Stateless. ``subject`` is compared as a whole: no pattern, no other repository, no fork.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        description: str,
        provider: GithubProvider,
        subject: str,
        timeout_min: int,
    ) -> None:
        super().__init__(scope, construct_id)
        if "*" in subject or "?" in subject:
            raise ValueError(f"subject {subject!r} is a pattern; name one branch or environment")
        self.role = iam.Role(
            self,
            "Resource",
            role_name=name,
            description=description,
            assumed_by=iam.WebIdentityPrincipal(
                provider.arn,
                {"StringEquals": {f"{_ISSUER}:aud": _AUDIENCE, f"{_ISSUER}:sub": subject}},
            ),
            # IAM takes an hour to twelve.
            max_session_duration=Duration.minutes(min(max(timeout_min, 60), 720)),
        )
        self.role_arn = self.role.role_arn
