"""What starts a pipeline without anybody's hand: new data, or the time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_constructs.dead_letter_queue import DeadLetterQueue
from ml_constructs.encrypted_bucket import EncryptedBucket
from ml_constructs.service_trust import trusted_service
from ml_constructs.training_pipeline import TrainingPipeline

SCHEDULED_TIME: Final = "$.time"
"""As a parameter's value: the moment for which a schedule started the pipeline."""
OBJECT_VERSION: Final = "$.detail.object.version-id"
"""As a parameter's value: the version of the object that arrived.

A value that is a path as a whole is replaced by what the event holds there.
Source: Amazon EventBridge User Guide, "Event bus targets", dynamic path parameters; Amazon S3
User Guide, "EventBridge event message structure".
"""

_LONGEST_WAIT_SEC = 6 * 3600
_MOST_ATTEMPTS = 24


class PipelineTrigger(Construct):
    """Define the rules that start a pipeline, and the one right that they need.

    Stateless. An event that could not be delivered for six hours goes to ``dead_letters``.
    ``parameters`` are those of the pipeline, each with a value or the path of one in the event.
    A rule that is not enabled is defined all the same: it can be switched on by hand.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline: TrainingPipeline,
        dead_letters: DeadLetterQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        self._pipeline = pipeline
        self._dead_letters = dead_letters
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=trusted_service("events"),
            description=f"Starts {pipeline.name}; does nothing else",
        )
        pipeline.grant_trigger(self.role)

    def on_schedule(
        self,
        construct_id: str,
        *,
        expression: str,
        parameters: Mapping[str, str],
        is_enabled: bool,
    ) -> None:
        """Start the pipeline again and again: ``cron(0 3 ? * MON *)`` in UTC, ``rate(7 days)``."""
        self._rule(
            construct_id,
            parameters,
            description=f"Starts {self._pipeline.name} on schedule",
            schedule_expression=expression,
            state=_state(is_enabled),
        )

    def on_arrival(
        self,
        construct_id: str,
        *,
        bucket: EncryptedBucket,
        prefix: str,
        suffix: str,
        parameters: Mapping[str, str],
        is_enabled: bool,
    ) -> None:
        """Start the pipeline for each new object under ``prefix/`` whose key ends in ``suffix``.

        The bucket must have been told to notify, see `EncryptedBucket`.
        """
        self._rule(
            construct_id,
            parameters,
            description=f"Starts {self._pipeline.name} when data are complete",
            event_pattern={
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {
                    "bucket": {"name": [bucket.bucket_name]},
                    "object": {"key": [{"wildcard": f"{prefix}/*{suffix}"}]},
                },
            },
            state=_state(is_enabled),
        )

    def _rule(self, construct_id: str, parameters: Mapping[str, str], **options: Any) -> None:
        values = [
            events.CfnRule.SageMakerPipelineParameterProperty(name=name, value=value)
            for name, value in parameters.items()
        ]
        target = events.CfnRule.TargetProperty(
            id="Pipeline",
            arn=self._pipeline.pipeline_arn,
            role_arn=self.role.role_arn,
            sage_maker_pipeline_parameters=events.CfnRule.SageMakerPipelineParametersProperty(
                pipeline_parameter_list=values
            ),
            dead_letter_config=events.CfnRule.DeadLetterConfigProperty(
                arn=self._dead_letters.queue_arn
            ),
            retry_policy=events.CfnRule.RetryPolicyProperty(
                maximum_event_age_in_seconds=_LONGEST_WAIT_SEC,
                maximum_retry_attempts=_MOST_ATTEMPTS,
            ),
        )
        events.CfnRule(self, construct_id, targets=[target], **options)


def _state(is_enabled: bool) -> str:
    return "ENABLED" if is_enabled else "DISABLED"
