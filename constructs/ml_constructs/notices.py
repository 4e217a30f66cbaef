"""The events that somebody must hear of, as data: what to look for, and the line to send.

Source: SageMaker Developer Guide, "Events that Amazon SageMaker AI sends to Amazon
EventBridge"; AWS Glue Developer Guide, "Automating AWS Glue with EventBridge"; Amazon ECR User
Guide, "Amazon ECR events and EventBridge"; AWS Health User Guide, "AWS Health events Amazon
EventBridge schema".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Notice:
    """One kind of event; ``fields`` maps a name in the message to its place in the event."""

    name: str
    description: str
    pattern: Mapping[str, Any]
    fields: Mapping[str, str]
    message: str


def _sagemaker(detail_type: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    return {"source": ["aws.sagemaker"], "detail-type": [detail_type], "detail": dict(detail)}


def pipeline_notices(pipeline_arn: str) -> tuple[Notice, ...]:
    """An execution that failed or was stopped, and the step that failed, with its reason.

    Steps, not jobs: their events name the pipeline, so another one's failures stay out.
    """
    return (
        Notice(
            "PipelineEnded",
            "An execution of the pipeline failed or was stopped",
            _sagemaker(
                "SageMaker Model Building Pipeline Execution Status Change",
                {
                    "pipelineArn": [pipeline_arn],
                    "currentPipelineExecutionStatus": ["Failed", "Stopped"],
                },
            ),
            {
                "execution": "$.detail.pipelineExecutionArn",
                "status": "$.detail.currentPipelineExecutionStatus",
                "start": "$.detail.executionStartTime",
            },
            "<status>: <execution>, started <start>.",
        ),
        Notice(
            "StepFailed",
            "A step of the pipeline failed",
            _sagemaker(
                "SageMaker Model Building Pipeline Execution Step Status Change",
                {"pipelineArn": [pipeline_arn], "currentStepStatus": ["Failed"]},
            ),
            {
                "step": "$.detail.stepName",
                "execution": "$.detail.pipelineExecutionArn",
                "reason": "$.detail.failureReason",
            },
            "Step <step> failed in <execution>: <reason>",
        ),
    )


def model_notices(group_name: str) -> tuple[Notice, ...]:
    """A version that was registered, approved or rejected."""
    return (
        Notice(
            "ModelVersion",
            "A version of the model was registered, approved or rejected",
            _sagemaker(
                "SageMaker Model Package State Change", {"ModelPackageGroupName": [group_name]}
            ),
            {
                "group": "$.detail.ModelPackageGroupName",
                "version": "$.detail.ModelPackageVersion",
                "status": "$.detail.ModelPackageStatus",
                "approval": "$.detail.ModelApprovalStatus",
            },
            "Version <version> of <group>: <status>, <approval>.",
        ),
    )


def endpoint_notices(endpoint_name: str) -> tuple[Notice, ...]:
    """An endpoint that began or ceased to serve, or was rolled back."""
    return (
        Notice(
            "EndpointState",
            "The endpoint serves, ceased to serve or was rolled back",
            _sagemaker(
                "SageMaker Endpoint State Change",
                {
                    "EndpointName": [endpoint_name],
                    # What passes is left out, instead of naming what is wanted: a status that
                    # the documentation does not spell is told, too.
                    "EndpointStatus": [
                        {"anything-but": ["CREATING", "UPDATING", "SYSTEM_UPDATING", "DELETING"]}
                    ],
                },
            ),
            {
                "endpoint": "$.detail.EndpointName",
                "status": "$.detail.EndpointStatus",
                "configuration": "$.detail.EndpointConfigName",
            },
            "Endpoint <endpoint> is <status> with configuration <configuration>.",
        ),
    )


def feature_group_notices(group_names: Sequence[str]) -> tuple[Notice, ...]:
    """A feature group that could not be made or deleted, or whose offline store is blocked."""
    return (
        Notice(
            "FeatureGroupState",
            "A feature group could not be made, changed or deleted",
            _sagemaker(
                "SageMaker Feature Group State Change",
                {
                    "FeatureGroupName": list(group_names),
                    "FeatureGroupStatus": [{"anything-but": ["Creating", "Created", "Active"]}],
                },
            ),
            {"group": "$.detail.FeatureGroupName", "status": "$.detail.FeatureGroupStatus"},
            "Feature group <group> is <status>.",
        ),
    )


def data_notices(database: str) -> tuple[Notice, ...]:
    """A crawler or job of Glue that failed, and data that broke their rules."""
    return (
        Notice(
            "CrawlerFailed",
            "A Glue crawler of this account failed",
            {
                "source": ["aws.glue"],
                "detail-type": ["Glue Crawler State Change"],
                "detail": {"state": ["Failed"]},
            },
            {"crawler": "$.detail.crawlerName", "reason": "$.detail.errorMessage"},
            "Crawler <crawler> failed: <reason>",
        ),
        Notice(
            "GlueJobFailed",
            "A Glue job of this account failed, timed out or was stopped",
            {
                "source": ["aws.glue"],
                "detail-type": ["Glue Job State Change"],
                "detail": {"state": ["FAILED", "TIMEOUT", "STOPPED"]},
            },
            {
                "job": "$.detail.jobName",
                "run": "$.detail.jobRunId",
                "state": "$.detail.state",
                "reason": "$.detail.message",
            },
            "Glue job <job> ended as <state> in run <run>: <reason>",
        ),
        Notice(
            "RulesetFailed",
            "Data broke the rules of their contract",
            {
                "source": ["aws.glue-dataquality"],
                "detail-type": ["Data Quality Evaluation Results Available"],
                "detail": {"state": ["FAILED"], "context": {"databaseName": [database]}},
            },
            {"table": "$.detail.context.tableName", "score": "$.detail.score"},
            "The data of table <table> broke their rules; score <score>.",
        ),
    )


def backup_notices(vault_name: str) -> tuple[Notice, ...]:
    """A backup that was not made.

    Source: AWS Backup Developer Guide, "Monitoring AWS Backup events using Amazon EventBridge".
    """
    return (
        Notice(
            "BackupFailed",
            "A backup of a database or table was not made",
            {
                "source": ["aws.backup"],
                "detail-type": ["Backup Job State Change"],
                "detail": {
                    "backupVaultName": [vault_name],
                    "state": ["ABORTED", "EXPIRED", "FAILED"],
                },
            },
            {
                "job": "$.detail.backupJobId",
                "state": "$.detail.state",
                "resource": "$.detail.resourceArn",
            },
            "Backup job <job> of <resource> ended as <state>.",
        ),
    )


def image_notices(repository_name: str) -> tuple[Notice, ...]:
    """An image in which the scan found something critical."""
    return (
        Notice(
            "ImageFinding",
            "The scan of an image found critical vulnerabilities",
            {
                "source": ["aws.ecr"],
                "detail-type": ["ECR Image Scan"],
                "detail": {
                    "scan-status": ["COMPLETE"],
                    "repository-name": [repository_name],
                    "finding-severity-counts": {"CRITICAL": [{"numeric": [">", 0]}]},
                },
            },
            {
                "repository": "$.detail.repository-name",
                "digest": "$.detail.image-digest",
                "count": "$.detail.finding-severity-counts.CRITICAL",
            },
            "Image <repository>@<digest> has <count> critical findings.",
        ),
    )


def health_notices(services: Sequence[str]) -> tuple[Notice, ...]:
    """What AWS says of its own services here: outages, planned changes, actions to take."""
    return (
        Notice(
            "AwsHealth",
            "AWS reports on a service that the platform stands on",
            {
                "source": ["aws.health"],
                "detail-type": ["AWS Health Event"],
                "detail": {"service": list(services)},
            },
            {
                "service": "$.detail.service",
                "region": "$.detail.eventRegion",
                "code": "$.detail.eventTypeCode",
                "category": "$.detail.eventTypeCategory",
                "start": "$.detail.startTime",
            },
            "AWS Health, <category>: <code> of <service> in <region> since <start>.",
        ),
    )
