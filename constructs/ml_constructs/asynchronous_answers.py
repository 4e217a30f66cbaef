"""How an asynchronous endpoint takes requests and hands answers out."""

from __future__ import annotations

from typing import Final

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from ml_constructs.answers_topic import AnswersTopic
from ml_constructs.encrypted_bucket import EncryptedBucket
from ml_constructs.encryption_key import EncryptionKey

REQUESTS: Final = "requests"
_ANSWERS = "answers"
_FAILURES = "failures"

_Config = sagemaker.CfnEndpointConfig


class AsynchronousAnswers(Construct):
    """Keep answers and failures under ``prefix/``, encrypted, and tell a topic of each.

    Stateless: topics only, the bucket is another's. Clients put requests under
    ``prefix/requests/``. ``max_concurrent_invocations_per_instance`` None: SageMaker chooses.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        endpoint_name: str,
        bucket: EncryptedBucket,
        prefix: str,
        key: EncryptionKey,
        max_concurrent_invocations_per_instance: int | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._bucket = bucket
        self._prefix = prefix
        self._key = key
        self._concurrency = max_concurrent_invocations_per_instance
        self.success = AnswersTopic(
            self, "Success", key=key, display_name=f"Answers of {endpoint_name}"
        )
        self.error = AnswersTopic(
            self, "Error", key=key, display_name=f"Failures of {endpoint_name}"
        )

    def configuration(self) -> _Config.AsyncInferenceConfigProperty:
        """Return what makes an endpoint asynchronous."""
        return _Config.AsyncInferenceConfigProperty(
            client_config=_Config.AsyncInferenceClientConfigProperty(
                max_concurrent_invocations_per_instance=self._concurrency
            )
            if self._concurrency
            else None,
            output_config=_Config.AsyncInferenceOutputConfigProperty(
                kms_key_id=self._key.key_arn,
                s3_output_path=self._place(_ANSWERS),
                s3_failure_path=self._place(_FAILURES),
                notification_config=_Config.AsyncInferenceNotificationConfigProperty(
                    success_topic=self.success.topic_arn, error_topic=self.error.topic_arn
                ),
            ),
        )

    def grant_answer(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee``, the endpoint's role, read requests, write answers and tell of them."""
        self._bucket.grant_read(grantee, prefix=f"{self._prefix}/{REQUESTS}")
        for folder in (_ANSWERS, _FAILURES):
            self._bucket.grant_write(grantee, prefix=f"{self._prefix}/{folder}")
        for topic in (self.success, self.error):
            topic.grant_publish(grantee)

    def grant_exchange(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee``, a client, write requests and read what became of them."""
        self._bucket.grant_write(grantee, prefix=f"{self._prefix}/{REQUESTS}")
        for folder in (_ANSWERS, _FAILURES):
            self._bucket.grant_read(grantee, prefix=f"{self._prefix}/{folder}")

    @property
    def requests_uri(self) -> str:
        """Name the place for requests."""
        return self._place(REQUESTS)

    def _place(self, folder: str) -> str:
        return f"s3://{self._bucket.bucket_name}/{self._prefix}/{folder}"
