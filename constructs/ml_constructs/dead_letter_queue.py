"""Where events wait that could not be delivered, instead of being lost."""

from __future__ import annotations

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ml_constructs.arns import ACCOUNT, format_arn
from ml_constructs.encryption_key import EncryptionKey

_LONGEST_RETENTION_SEC = 14 * 24 * 3600
"""As long as SQS keeps a message: the people who mend the cause need the time."""


class DeadLetterQueue(Construct):
    """Define an encrypted queue for the events that the rules of this stack cannot deliver.

    Stateless: what lies in it is a copy. The key must allow ``events``, see
    `EncryptionKey.allow_service`.
    """

    def __init__(self, scope: Construct, construct_id: str, *, key: EncryptionKey) -> None:
        super().__init__(scope, construct_id)
        self.queue = sqs.CfnQueue(
            self,
            "Resource",
            kms_master_key_id=key.key_arn,
            message_retention_period=_LONGEST_RETENTION_SEC,
        )
        # Said, not left to the default (cfn-lint I3011): what lies in it is a copy.
        self.queue.apply_removal_policy(RemovalPolicy.DESTROY)
        self.queue_arn = self.queue.attr_arn
        self.queue_name = self.queue.attr_queue_name
        sqs.CfnQueuePolicy(
            self,
            "Policy",
            queues=[self.queue.ref],
            policy_document=iam.PolicyDocument(
                statements=[self._only_encrypted(), *self._from_this_stack()]
            ),
        )

    def _only_encrypted(self) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=["sqs:*"],
            resources=[self.queue_arn],
            conditions={"Bool": {"aws:SecureTransport": "false"}},
        )

    def _from_this_stack(self) -> list[iam.PolicyStatement]:
        """Let EventBridge send, for rules and schedules whose name begins with the stack's."""
        stack = Stack.of(self)
        rules = format_arn(service="events", resource="rule", resource_name=f"{stack.stack_name}-*")
        return [
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[self.queue_arn],
                conditions={
                    "StringEquals": {"aws:SourceAccount": ACCOUNT},
                    "ArnLike": {"aws:SourceArn": rules},
                },
            )
        ]

    def grant_send(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` put a message aside: a scheduler's role, for instance."""
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["sqs:SendMessage"], resource_arns=[self.queue_arn]
        )
