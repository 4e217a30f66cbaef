"""Train on this commit and image, wait, and say whether a better model came out."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Final

from delivery import aws
from delivery import contract as names
from delivery.errors import DeliveryError
from delivery.outcome import outcome
from delivery.program import run, wait
from pipeline_code import contract

_MOST_ATTEMPTS: Final = 20
_UNDER_WAY: Final = ("Executing", "Stopping")
_SUCCEEDED: Final = "Succeeded"


class TrainingFailedError(DeliveryError, RuntimeError):
    """The execution of the pipeline did not succeed."""


def train(values: Mapping[str, str]) -> dict[str, str]:
    """Start the pipeline once a commit and return what came of it.

    Raises:
        TrainingFailedError: with the step that failed and its reason.
    """
    session = aws.session()
    sagemaker = aws.client(session, "sagemaker")
    arn = start(sagemaker, values)
    print(f"execution {arn}")

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        return None if found["PipelineExecutionStatus"] in _UNDER_WAY else found

    found = wait(
        look,
        f"execution {arn}",
        poll_sec=float(values[names.POLL_SEC]),
        timeout_sec=60 * float(values[names.TIMEOUT_MIN]),
    )
    steps = list_steps(sagemaker, arn)
    if found["PipelineExecutionStatus"] != _SUCCEEDED:
        raise TrainingFailedError(_failure(found, steps))
    return outcome(session, sagemaker, steps)


def start(sagemaker: Any, values: Mapping[str, str]) -> str:
    """Start an execution, or find the one that this commit has started.

    AWS gives the same execution for the same token, so a retry, or a second delivery of the
    commit, joins it. One that has failed is over: the next token starts another.
    """
    token = values[names.COMMIT]
    for attempt in range(1, _MOST_ATTEMPTS + 1):
        arn: str = sagemaker.start_pipeline_execution(
            PipelineName=values[names.PIPELINE_NAME],
            ClientRequestToken=token if attempt == 1 else f"{token}-{attempt}",
            PipelineExecutionDisplayName=f"delivery-{token[:12]}-{attempt}",
            PipelineParameters=[
                {"Name": name, "Value": value}
                for name, value in (
                    (contract.PARAMETER_IMAGE_URI, values[names.IMAGE_URI]),
                    (contract.PARAMETER_CODE_COMMIT, token),
                    (contract.PARAMETER_AUTHOR, values[names.AUTHOR]),
                )
            ],
        )["PipelineExecutionArn"]
        found = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        if found["PipelineExecutionStatus"] in (*_UNDER_WAY, _SUCCEEDED):
            return arn
        print(f"{arn} has ended as {found['PipelineExecutionStatus']}; starting another")
    raise TrainingFailedError(
        f"{_MOST_ATTEMPTS} executions of commit {token} have failed; correct it and push again"
    )


def list_steps(sagemaker: Any, execution: str) -> list[dict[str, Any]]:
    """Return the steps of an execution, in the order in which they started."""
    pages = sagemaker.get_paginator("list_pipeline_execution_steps").paginate(
        PipelineExecutionArn=execution, SortOrder="Ascending"
    )
    return [step for page in pages for step in page["PipelineExecutionSteps"]]


def _failure(found: Mapping[str, Any], steps: list[dict[str, Any]]) -> str:
    reasons = [
        f"  {step['StepName']}: {step.get('FailureReason', 'no reason was given')}"
        for step in steps
        if step.get("StepStatus") == "Failed"
    ] or [f"  {found.get('FailureReason', 'no step failed and no reason was given')}"]
    status = found["PipelineExecutionStatus"]
    return "\n".join([f"execution {found['PipelineExecutionArn']}: {status}", *reasons])


if __name__ == "__main__":
    sys.exit(run(names.TRAIN, train))
