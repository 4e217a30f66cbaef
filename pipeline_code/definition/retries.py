"""When a step is tried again."""

from __future__ import annotations

from sagemaker.mlops.workflow.retry import (
    SageMakerJobExceptionTypeEnum,
    SageMakerJobStepRetryPolicy,
    StepExceptionTypeEnum,
    StepRetryPolicy,
)


def retries() -> list[StepRetryPolicy | SageMakerJobStepRetryPolicy]:
    """Try again what the service or its capacity broke, never what our code refused."""
    return [
        *model_retries(),
        SageMakerJobStepRetryPolicy(
            exception_types=[SageMakerJobExceptionTypeEnum.RESOURCE_LIMIT],
            interval_seconds=120,
            backoff_rate=1.5,
            max_attempts=10,
        ),
        SageMakerJobStepRetryPolicy(
            failure_reason_types=[
                SageMakerJobExceptionTypeEnum.INTERNAL_ERROR,
                SageMakerJobExceptionTypeEnum.CAPACITY_ERROR,
            ],
            interval_seconds=60,
            backoff_rate=2.0,
            max_attempts=3,
        ),
    ]


def model_retries() -> list[StepRetryPolicy]:
    """Try again what the service broke: all that a step can ask for that starts no job."""
    return [
        StepRetryPolicy(
            exception_types=[
                StepExceptionTypeEnum.SERVICE_FAULT,
                StepExceptionTypeEnum.THROTTLING,
            ],
            interval_seconds=10,
            backoff_rate=2.0,
            max_attempts=5,
        )
    ]
