"""Where a delivery pipeline gets its source, and what tells it of a new one; nobody polls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aws_cdk import aws_iam as iam

from ml_constructs.arns import format_arn

ACTION: Final = "Source"
"""The name of stage, action, artifact and namespace."""
_GIT_PROVIDER: Final = "CodeStarSourceConnection"


@dataclass(frozen=True, kw_only=True)
class PipelineSource:
    """One repository as CodePipeline knows it.

    ``commit`` is the variable that names what is delivered. Either the pipeline's own
    ``triggers`` start it, or the events that match ``event_pattern``. ``rights`` are what the
    pipeline's role needs to fetch the source: actions and what they are allowed on.
    """

    provider: str
    configuration: Mapping[str, str]
    commit: str
    rights: Sequence[tuple[Sequence[str], str]]
    triggers: Sequence[Mapping[str, Any]] = ()
    event_pattern: Mapping[str, Any] | None = None

    def grant_fetch(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` fetch the source."""
        for actions, resource in self.rights:
            iam.Grant.add_to_principal(
                grantee=grantee, actions=list(actions), resource_arns=[resource]
            )


def from_connection(
    *,
    connection_arn: str,
    repository: str,
    branch: str,
    paths: Sequence[str] = (),
    excluded_paths: Sequence[str] = (),
) -> PipelineSource:
    """Take a repository of GitHub, GitLab or Bitbucket, through a connection made by hand.

    A push starts the pipeline if it is to the branch and changes one of ``paths`` (or, if there
    are none, anything) other than ``excluded_paths``.
    Source: CodePipeline User Guide, "CodeStarSourceConnection ..." and "Add trigger with code
    push or pull request event types with filters".
    """
    files = {"Includes": list(paths), "Excludes": list(excluded_paths)}
    push: dict[str, Any] = {"Branches": {"Includes": [branch]}}
    if paths or excluded_paths:
        push["FilePaths"] = {name: found for name, found in files.items() if found}
    service = connection_arn.split(":")[2]
    return PipelineSource(
        provider=_GIT_PROVIDER,
        configuration={
            "ConnectionArn": connection_arn,
            "FullRepositoryId": repository,
            "BranchName": branch,
            # Without the history: the commit is known by its name.
            "OutputArtifactFormat": "CODE_ZIP",
            # The trigger below starts it: this one knows no paths.
            "DetectChanges": "false",
        },
        commit="CommitId",
        rights=[([f"{service}:UseConnection"], connection_arn)],
        triggers=[
            {
                "ProviderType": _GIT_PROVIDER,
                "GitConfiguration": {"SourceActionName": ACTION, "Push": [push]},
            }
        ],
    )


def from_codecommit(*, repository: str, branch: str) -> PipelineSource:
    """Take a repository of CodeCommit in this account; EventBridge tells of a push."""
    arn = format_arn(service="codecommit", resource=repository)
    return PipelineSource(
        provider="CodeCommit",
        configuration={
            "RepositoryName": repository,
            "BranchName": branch,
            "OutputArtifactFormat": "CODE_ZIP",
            "PollForSourceChanges": "false",
        },
        commit="CommitId",
        rights=[
            (
                [
                    "codecommit:GetBranch",
                    "codecommit:GetCommit",
                    "codecommit:GetUploadArchiveStatus",
                    "codecommit:UploadArchive",
                ],
                arn,
            )
        ],
        event_pattern={
            "source": ["aws.codecommit"],
            "detail-type": ["CodeCommit Repository State Change"],
            "resources": [arn],
            "detail": {
                "event": ["referenceCreated", "referenceUpdated"],
                "referenceType": ["branch"],
                "referenceName": [branch],
            },
        },
    )


def from_s3(*, bucket: str, object_key: str, key_arn: str | None = None) -> PipelineSource:
    """Take an archive in a bucket that keeps versions and notifies EventBridge.

    What is delivered is named by the object's entity tag, for S3 knows no commits.
    Source: CodePipeline User Guide, "Amazon S3 source action reference".
    """
    bucket_arn = format_arn(service="s3", resource=bucket, region="", account="")
    rights: list[tuple[list[str], str]] = [
        (["s3:GetBucketLocation", "s3:GetBucketVersioning"], bucket_arn),
        (["s3:GetObject", "s3:GetObjectVersion"], f"{bucket_arn}/{object_key}"),
    ]
    if key_arn is not None:
        rights.append((["kms:Decrypt"], key_arn))
    return PipelineSource(
        provider="S3",
        configuration={
            "S3Bucket": bucket,
            "S3ObjectKey": object_key,
            "PollForSourceChanges": "false",
        },
        commit="ETag",
        rights=rights,
        event_pattern={
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": {"bucket": {"name": [bucket]}, "object": {"key": [object_key]}},
        },
    )
