"""The line that a commit passes on its way to production."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_constructs.alarm_topic import AlarmTopic
from ml_constructs.arns import format_arn
from ml_constructs.artifact_store import ArtifactStore
from ml_constructs.dead_letter_queue import DeadLetterQueue
from ml_constructs.delivery_actions import (
    ApprovalAction,
    BuildAction,
    DeliveryStep,
    source_declaration,
)
from ml_constructs.pipeline_source import PipelineSource
from ml_constructs.role_policies import wait_for_policies
from ml_constructs.service_trust import trusted_service

# A commit that is told of an hour late has been followed by another, or by a person.
_RETRY = {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 24}


class DeliveryPipeline(Construct):
    """Define a pipeline of the second kind, which takes one commit after the other.

    Stateless. Its role fetches the source, starts the projects named in ``steps`` and asks for
    approval; what a project may do is in its own role.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        source: PipelineSource,
        steps: Sequence[DeliveryStep],
        store: ArtifactStore,
        dead_letters: DeadLetterQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        self.name = name
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=trusted_service("codepipeline"),
            description=f"Takes commits through {name}; may do nothing that they do",
        )
        source.grant_fetch(self.role)
        store.grant_hand_on(self.role)
        self._grant_actions(steps)
        pipeline = codepipeline.CfnPipeline(
            self,
            "Resource",
            name=name,
            pipeline_type="V2",
            # One after the other, none left out: each commit is its own record.
            execution_mode="QUEUED",
            role_arn=self.role.role_arn,
            artifact_store={
                "type": "S3",
                "location": store.bucket_name,
                "encryptionKey": {"type": "KMS", "id": store.key.key_arn},
            },
            stages=[],
            # A new definition does not deliver again what was delivered already.
            restart_execution_on_update=False,
        )
        # As they stand in the documentation: through the CDK's types each would be a call.
        pipeline.add_property_override(
            "Stages",
            [
                source_declaration(source.provider, source.configuration),
                *(each.declaration() for each in steps),
            ],
        )
        if source.triggers:
            pipeline.add_property_override("Triggers", list(source.triggers))
        wait_for_policies(pipeline, self.role)
        if source.event_pattern is not None:
            self._start_on(source.event_pattern, pipeline, dead_letters)

    def _grant_actions(self, steps: Sequence[DeliveryStep]) -> None:
        actions = [action for step in steps for action in step.actions]
        for action in actions:
            if isinstance(action, BuildAction):
                action.project.grant_start(self.role)
        topics: dict[str, AlarmTopic] = {
            each.topic.topic_arn: each.topic for each in actions if isinstance(each, ApprovalAction)
        }
        if topics:
            iam.Grant.add_to_principal(
                grantee=self.role, actions=["sns:Publish"], resource_arns=list(topics)
            )

    def _start_on(
        self,
        pattern: Mapping[str, Any],
        pipeline: codepipeline.CfnPipeline,
        dead_letters: DeadLetterQueue,
    ) -> None:
        pipeline_arn = format_arn(service="codepipeline", resource=pipeline.ref)
        role = iam.Role(
            self,
            "TriggerRole",
            assumed_by=trusted_service("events"),
            description=f"Starts {self.name}; does nothing else",
        )
        iam.Grant.add_to_principal(
            grantee=role,
            actions=["codepipeline:StartPipelineExecution"],
            resource_arns=[pipeline_arn],
        )
        events.CfnRule(
            self,
            "Trigger",
            description=f"Starts {self.name} for each new commit",
            event_pattern=pattern,
            targets=[
                {
                    "id": "Pipeline",
                    "arn": pipeline_arn,
                    "roleArn": role.role_arn,
                    "deadLetterConfig": {"arn": dead_letters.queue_arn},
                    "retryPolicy": _RETRY,
                }
            ],
        )
