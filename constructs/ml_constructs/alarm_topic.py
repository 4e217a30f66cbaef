"""Where alarms go: one topic for each environment."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from ml_constructs.arns import ACCOUNT
from ml_constructs.encryption_key import EncryptionKey

_PUBLISHERS = ("budgets", "cloudwatch", "events")


class AlarmTopic(Construct):
    """Define the encrypted topic that tells people what needs them.

    Stateless. Alarms, event rules and the budget of this account publish; nobody else's.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: EncryptionKey,
        display_name: str,
        emails: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        for service in _PUBLISHERS:
            key.allow_service(service)
        topic = sns.CfnTopic(
            self, "Resource", kms_master_key_id=key.key_arn, display_name=display_name
        )
        self.topic_arn = topic.ref
        self.topic_name = topic.attr_topic_name
        sns.CfnTopicPolicy(
            self,
            "Policy",
            topics=[topic.ref],
            policy_document=iam.PolicyDocument(statements=self._statements()),
        )
        for number, email in enumerate(sorted(emails), start=1):
            sns.CfnSubscription(
                self, f"Email{number}", topic_arn=topic.ref, protocol="email", endpoint=email
            )

    def _statements(self) -> list[iam.PolicyStatement]:
        return [
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["sns:Publish"],
                resources=[self.topic_arn],
                conditions={"Bool": {"aws:SecureTransport": "false"}},
            ),
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(f"{name}.amazonaws.com") for name in _PUBLISHERS],
                actions=["sns:Publish"],
                resources=[self.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": ACCOUNT}},
            ),
        ]
