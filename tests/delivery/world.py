"""The variables of each project, and the parts of AWS that they talk to."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from delivery import contract as names
from delivery.contract import Project
from tests.delivery.fake_aws import FakeAws, RefusalError, assumed_role

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DIGEST = f"sha256:{'ab' * 32}"
REPOSITORY = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/acequia-staging"
GROUP = "acequia-staging-fraud"
PACKAGE = f"arn:aws:sagemaker:eu-west-1:111122223333:model-package/{GROUP}/7"
PIPELINE = f"arn:aws:sagemaker:eu-west-1:111122223333:pipeline/{GROUP}"
ROLE = "arn:aws:iam::111122223333:role/acequia-staging-fraud-tester"

VALUES = {
    names.REPOSITORY_URI: REPOSITORY,
    names.REPOSITORY_NAME: "acequia-staging",
    names.COMMIT: COMMIT,
    names.STOP_AT_SEVERITY: "HIGH",
    names.ARTIFACTS_BUCKET: "kept",
    names.BASE_IMAGE: f"public.ecr.aws/docker/library/python@{DIGEST}",
    names.IMAGE_URI: f"{REPOSITORY}@{DIGEST}",
    names.IMAGE_DIGEST: DIGEST,
    names.ENVIRONMENT: "staging",
    names.PIPELINE_NAME: GROUP,
    names.AUTHOR: "acequia-delivery",
    names.POLL_SEC: "1",
    names.TIMEOUT_MIN: "1",
    names.MODEL_PACKAGE_ARN: PACKAGE,
    names.MODEL_VERSION: "7",
    names.ENDPOINT_NAME: GROUP,
    names.MAX_P99_MS: "5000",
    names.LOAD_SEC: "1",
    names.CONNECTIONS: "2",
    names.APPROVER_ROLE_ARN: "arn:aws:iam::111122223333:role/acequia-staging-fraud-approver",
    names.COMMENT: "Approved in execution 5 of the delivery",
}


def variables(project: Project, **changes: str) -> dict[str, str]:
    """Return all that a project needs."""
    return {name: VALUES[name] for name in project.reads} | changes


@dataclass
class Repository:
    """Images and their scans; the tag appears when docker pushes, which the test says."""

    aws: FakeAws
    is_pushed: Any
    findings: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Answer as ECR does."""
        token = base64.b64encode(b"AWS:sesame").decode()
        self.aws.answers |= {
            "DescribeImages": self._describe,
            "GetAuthorizationToken": lambda _: {
                "authorizationData": [{"authorizationToken": token}]
            },
            "DescribeImageScanFindings": self._scan,
        }

    def _describe(self, _: dict[str, Any]) -> Any:
        if not self.is_pushed():
            raise RefusalError("ImageNotFoundException")
        return {"imageDetails": [{"imageDigest": DIGEST}]}

    def _scan(self, _: dict[str, Any]) -> Any:
        status = self.statuses.pop(0) if self.statuses else "COMPLETE"
        if status == "ScanNotFoundException":
            raise RefusalError(status)
        return {
            "imageScanStatus": {"status": status, "description": "as the test says"},
            "imageScanFindings": {"findings": self.findings},
        }


def finding(severity: str, name: str) -> dict[str, Any]:
    """Make a finding of a basic scan."""
    attributes = [
        {"key": "package_name", "value": "openssl"},
        {"key": "package_version", "value": "3.0.1"},
    ]
    uri = f"https://example.org/{name}"
    return {"severity": severity, "name": name, "uri": uri, "attributes": attributes}


@dataclass
class Pipeline:
    """Executions by their token: the same token gives the same execution."""

    aws: FakeAws
    decision: str = "register"
    endings: list[str] = field(default_factory=list)
    """How the executions end, in the order of their start; Succeeded beyond."""
    polls: int = 1
    reason: str = "the challenger's $(touch hacked) `x` 'y' is better"
    executions: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Answer as SageMaker does."""
        evaluation = {
            "gate": {"decision": self.decision, "reason": self.reason},
            "uplift_metric": "average_precision",
            "metrics": {"average_precision": {"value": 0.71234}},
            "champion": {"version": 6, "metrics": {"average_precision": {"value": 0.7}}},
        }
        self.aws.objects["data/e/evaluation.json"] = json.dumps(evaluation).encode()
        self.aws.answers |= {
            "StartPipelineExecution": self._start,
            "DescribePipelineExecution": self._describe,
            "ListPipelineExecutionSteps": self._steps,
            "DescribeProcessingJob": lambda _: {
                "ProcessingOutputConfig": {
                    "Outputs": [
                        {"OutputName": name, "S3Output": {"S3Uri": uri}}
                        for name, uri in (("evaluation", "s3://data/e"), ("report", "s3://data/r"))
                    ]
                }
            },
            "DescribeModelPackage": lambda _: {
                "ModelMetrics": {
                    "ModelQuality": {"Statistics": {"S3Uri": "s3://data/e/evaluation.json"}}
                },
                "CustomerMetadataProperties": {"report": "s3://data/r/report.html"},
            },
        }

    def _start(self, given: dict[str, Any]) -> Any:
        with self.aws.lock:
            token = given["ClientRequestToken"]
            if token not in self.executions:
                number = len(self.executions)
                ending = self.endings[number] if number < len(self.endings) else "Succeeded"
                self.executions[token] = {
                    "arn": f"{PIPELINE}/execution/e{number}",
                    "ending": ending,
                    "left": self.polls + 1,
                    "parameters": {each["Name"]: each["Value"] for each in _parameters(given)},
                }
        return {"PipelineExecutionArn": self.executions[token]["arn"]}

    def _find(self, given: dict[str, Any]) -> dict[str, Any]:
        arn = given["PipelineExecutionArn"]
        return next(each for each in self.executions.values() if each["arn"] == arn)

    def _describe(self, given: dict[str, Any]) -> Any:
        found = self._find(given)
        with self.aws.lock:
            found["left"] -= 1
        status = found["ending"] if found["left"] < 0 else "Executing"
        return {"PipelineExecutionArn": found["arn"], "PipelineExecutionStatus": status}

    def _steps(self, given: dict[str, Any]) -> Any:
        if self._find(given)["ending"] != "Succeeded":
            failed = {"StepStatus": "Failed", "FailureReason": "ClientError: no rows"}
            return {"PipelineExecutionSteps": [{"StepName": "Prepare", **failed}]}
        job = "arn:aws:sagemaker:eu-west-1:111122223333:processing-job/pipelines-e-Evaluate"
        steps = [{"StepName": "Evaluate", "Metadata": {"ProcessingJob": {"Arn": job}}}]
        if self.decision == "register":
            steps.append({"StepName": "Register", "Metadata": {"RegisterModel": {"Arn": PACKAGE}}})
        # Two pages, as AWS may answer.
        if "NextToken" not in given:
            return {"PipelineExecutionSteps": steps[:1], "NextToken": "2"}
        return {"PipelineExecutionSteps": steps[1:]}


def _parameters(given: dict[str, Any]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = given["PipelineParameters"]
    return found


@dataclass
class Registry:
    """One version, and whichever others are approved."""

    aws: FakeAws
    status: str = "PendingManualApproval"
    approved: tuple[int, ...] = (6,)

    def __post_init__(self) -> None:
        """Answer as SageMaker does."""
        self.aws.answers |= {
            "AssumeRole": assumed_role,
            "DescribeModelPackage": lambda _: {
                "ModelPackageGroupName": GROUP,
                "ModelPackageVersion": 7,
                "ModelApprovalStatus": self.status,
            },
            "ListModelPackages": lambda _: {
                "ModelPackageSummaryList": [
                    {"ModelPackageVersion": version, "ModelPackageArn": PACKAGE}
                    for version in self.approved
                ]
            },
            "UpdateModelPackage": self._update,
        }

    def _update(self, given: dict[str, Any]) -> Any:
        self.status = given["ModelApprovalStatus"]
        return {"ModelPackageArn": PACKAGE}


def score(body: bytes, form: str) -> bytes:
    """Answer as the endpoint does."""
    if form == "text/csv":
        return b"".join(b"0.25,0\n" for _ in body.splitlines())
    rows = len(json.loads(body)["data"])
    return json.dumps({"predictions": [{"score": 0.25, "decision": 0}] * rows}).encode()
