"""Where an asynchronous endpoint says that an answer is there, or that there is none."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from ml_constructs.encryption_key import EncryptionKey


class AnswersTopic(Construct):
    """Define an encrypted topic that takes messages over TLS only, from who was granted it.

    Stateless. A message names the place of an answer; it does not hold one.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, key: EncryptionKey, display_name: str
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        topic = sns.CfnTopic(
            self, "Resource", kms_master_key_id=key.key_arn, display_name=display_name
        )
        self.topic_arn = topic.ref
        sns.CfnTopicPolicy(
            self,
            "Policy",
            topics=[topic.ref],
            policy_document=iam.PolicyDocument(
                statements=[
                    iam.PolicyStatement(
                        effect=iam.Effect.DENY,
                        principals=[iam.AnyPrincipal()],
                        actions=["sns:Publish"],
                        resources=[topic.ref],
                        conditions={"Bool": {"aws:SecureTransport": "false"}},
                    )
                ]
            ),
        )

    def grant_publish(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` send messages, which SNS encrypts with the key."""
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["sns:Publish"], resource_arns=[self.topic_arn]
        )
        self._key.grant_use(grantee)
