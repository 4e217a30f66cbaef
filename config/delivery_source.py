"""Where commits come from: a repository that CodePipeline watches, or GitHub's own runners."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from config.types import matching
from pipeline_code.core.mistakes import Section

_MOST_PATTERNS = 8
"""Source: CodePipeline User Guide, "Quotas": file paths in one filter."""
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "connection": ("connection_arn", "repository"),
    "codecommit": ("repository",),
    "s3": ("bucket", "object_key"),
}
_ALLOWED: Mapping[str, tuple[str, ...]] = {
    "connection": (*_NEEDED["connection"], "paths", "excluded_paths"),
    "codecommit": _NEEDED["codecommit"],
    "s3": (*_NEEDED["s3"], "key_arn"),
}
_REPOSITORIES: Mapping[str, tuple[str, str]] = {
    "connection": (r"[\w.-]+(/[\w.-]+)+", "owner and name, as in example/acequia"),
    "codecommit": (r"[\w.-]{1,100}", "the name of a repository of CodeCommit"),
}

BranchName = Annotated[
    str,
    # Source: git-check-ref-format; a pattern would start the pipeline for more than one branch.
    matching(
        r"(?![/.-])(?!.*(\.\.|//|@\{|\.lock$))[A-Za-z0-9._/@+=-]{1,255}(?<![/.])",
        "the name of one branch, as in main or release/2027; no pattern, and not empty",
    ),
]
Glob = Annotated[
    str, matching(r"[^\s/][^\s]{0,254}", "a pattern of paths below the root, as in docs/** or *.md")
]


class SourceConfig(Section):
    """What starts CodePipeline. The order of the fields matters: each is held to ``kind``."""

    kind: Literal["connection", "codecommit", "s3"]
    connection_arn: (
        Annotated[
            str,
            matching(
                r"arn:aws(-[a-z]+)*:(codeconnections|codestar-connections):[a-z0-9-]+:[0-9]{12}:"
                r"connection/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
                "the ARN of a connection, as in arn:aws:codeconnections:eu-west-1:111122223333:"
                "connection/01234567-89ab-cdef-0123-456789abcdef",
            ),
        ]
        | None
    ) = None
    repository: str | None = None
    branch: BranchName = "main"
    paths: Annotated[tuple[Glob, ...], Field(max_length=_MOST_PATTERNS)] = ()
    excluded_paths: Annotated[tuple[Glob, ...], Field(max_length=_MOST_PATTERNS)] = ()
    bucket: (
        Annotated[
            str,
            matching(
                r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
                "the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens",
            ),
        ]
        | None
    ) = None
    object_key: (
        Annotated[str, matching(r"[\w!./()*'-]{1,1020}\.zip", "the key of one .zip object")] | None
    ) = None
    key_arn: (
        Annotated[
            str,
            matching(
                r"arn:aws(-[a-z]+)*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{36,40}",
                "the ARN of the key that encrypts the bucket",
            ),
        ]
        | None
    ) = None

    @field_validator(
        "connection_arn", "repository", "paths", "excluded_paths", "bucket", "object_key", "key_arn"
    )
    @classmethod
    def _check_kind(cls, value: Any, info: ValidationInfo) -> Any:
        # A kind that is wrong is absent here, and has a mistake of its own.
        kind = info.data.get("kind")
        if kind is None or info.field_name is None:
            return value
        if value is None and info.field_name in _NEEDED[kind]:
            raise ValueError(f"is needed with kind: {kind}")
        if value and info.field_name not in _ALLOWED[kind]:
            kinds = [each for each, names in _ALLOWED.items() if info.field_name in names]
            raise ValueError(f"is only for kind: {' or '.join(kinds)}; leave it out")
        return value

    @field_validator("repository")
    @classmethod
    def _check_repository(cls, value: str | None, info: ValidationInfo) -> str | None:
        pattern, allowed = _REPOSITORIES.get(info.data.get("kind", ""), (".*", ""))
        if value is not None and not re.fullmatch(pattern, value):
            raise ValueError(f"given {value!r}; allowed: {allowed}")
        return value

    @field_validator("excluded_paths")
    @classmethod
    def _check_paths(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        both = sorted(set(value) & set(info.data.get("paths", ())))
        if both:
            raise ValueError(f"names {', '.join(both)}, which paths names as well; take one out")
        return value


class GithubConfig(Section):
    """Which repository, branch and environments of GitHub may take which role."""

    repository: Annotated[
        str,
        matching(r"[A-Za-z0-9-]{1,39}/[\w.-]{1,100}", "owner and name, as in example/acequia"),
    ]
    branch: BranchName = "main"
    staging_environment: Annotated[
        str, matching(r"[\w.-]{1,100}", "the name of an environment of GitHub")
    ] = "staging"
    production_environment: Annotated[
        str, matching(r"[\w.-]{1,100}", "the name of an environment of GitHub")
    ] = "production"
    creates_provider: bool = True

    @field_validator("production_environment")
    @classmethod
    def _check_separation(cls, value: str, info: ValidationInfo) -> str:
        if value == info.data.get("staging_environment"):
            raise ValueError(
                "must be another environment than staging_environment: its reviewers approve"
            )
        return value
