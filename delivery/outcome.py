"""Say what came of a training: a registered version, or the champion that stays, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import boto3
from botocore.exceptions import ClientError

from delivery import aws
from delivery import contract as names
from delivery.errors import DeliveryError
from pipeline_code import contract

_CONSOLES: Final = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
_NO_RIGHT: Final = ("AccessDenied", "AccessDeniedException")


class NoOutcomeError(DeliveryError, LookupError):
    """An execution succeeded and left neither a version nor a reason."""


def outcome(session: boto3.Session, sagemaker: Any, steps: list[dict[str, Any]]) -> dict[str, str]:
    """Read the decision, the metrics of both models and where the report is.

    Raises:
        NoOutcomeError: if the execution left no version although the gate asked for one.
    """
    arn = _step(steps, contract.REGISTER).get("RegisterModel", {}).get("Arn")
    try:
        places = _places(sagemaker, steps, arn)
        evaluation = _evaluation(session, places[contract.EVALUATION])
    except ClientError as error:
        if aws.code(error) not in _NO_RIGHT:
            raise
        return _unread(arn, error)
    gate = evaluation["gate"]
    is_registered = gate["decision"] == contract.REGISTER_DECISION
    if is_registered != (arn is not None):
        raise NoOutcomeError(
            f"the gate says {gate['decision']!r}, and the version registered is {arn or 'none'}"
        )
    metric = evaluation["uplift_metric"]
    champion = (evaluation["champion"] or {}).get("metrics")
    return {
        names.DECISION: names.REGISTERED if is_registered else names.CHAMPION_KEPT,
        names.REASON: gate["reason"],
        names.MODEL_PACKAGE_ARN: arn or names.NONE,
        names.MODEL_VERSION: arn.rpartition("/")[2] if arn else names.NONE,
        names.REPORT_URI: console_link(session, places[contract.REPORT]),
        names.METRIC_NAME: metric,
        names.CHALLENGER_METRIC: _value(evaluation["metrics"], metric),
        names.CHAMPION_METRIC: _value(champion, metric),
    }


def _unread(arn: str | None, error: ClientError) -> dict[str, str]:
    """Tell the decision alone, which the steps give away, and those who approve why."""
    return dict.fromkeys(names.TRAIN.exports, names.NONE) | {
        names.DECISION: names.REGISTERED if arn else names.CHAMPION_KEPT,
        names.REASON: f"the evaluation is there but this role may not read it: {error}",
        names.MODEL_PACKAGE_ARN: arn or names.NONE,
        names.MODEL_VERSION: arn.rpartition("/")[2] if arn else names.NONE,
        names.REPORT_URI: "https://console.aws.amazon.com/sagemaker/home",
    }


def console_link(session: boto3.Session, uri: str) -> str:
    """Turn the URI of an object into a link: a manual approval takes no other address."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    region = session.region_name
    console = _CONSOLES.get(session.get_partition_for_region(region), _CONSOLES["aws"])
    return f"https://{region}.{console}/s3/object/{bucket}?region={region}&prefix={quote(key)}"


def _step(steps: list[dict[str, Any]], name: str) -> dict[str, Any]:
    found = next((step for step in steps if step["StepName"] == name), {})
    metadata: dict[str, Any] = found.get("Metadata", {})
    return metadata


def _places(sagemaker: Any, steps: list[dict[str, Any]], package: str | None) -> dict[str, str]:
    """Return where the evaluation and the report lie.

    A version names both. Without one the job does, not the execution: a step out of the cache
    has left them under the execution that ran it.
    """
    if package:
        found = sagemaker.describe_model_package(ModelPackageName=package)
        return {
            contract.EVALUATION: found["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"],
            contract.REPORT: found["CustomerMetadataProperties"][contract.METADATA_REPORT],
        }
    arn = _step(steps, contract.EVALUATE).get("ProcessingJob", {}).get("Arn")
    if not arn:
        raise NoOutcomeError(f"the execution names no job of its step {contract.EVALUATE}")
    job = sagemaker.describe_processing_job(ProcessingJobName=arn.rpartition("/")[2])
    outputs = {
        each["OutputName"]: each["S3Output"]["S3Uri"]
        for each in job["ProcessingOutputConfig"]["Outputs"]
    }
    return {
        contract.EVALUATION: f"{outputs[contract.EVALUATION]}/{contract.EVALUATION_FILE}",
        contract.REPORT: f"{outputs[contract.REPORT]}/{contract.REPORT_FILE}",
    }


def _evaluation(session: boto3.Session, uri: str) -> dict[str, Any]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = aws.client(session, "s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    document: dict[str, Any] = json.loads(body)
    return document


def _value(metrics: Mapping[str, Any] | None, name: str) -> str:
    found = (metrics or {}).get(name)
    return names.NONE if found is None else f"{found['value']:.4f}"
