"""What an endpoint keeps of the requests it answers."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker

from ml_constructs.encrypted_bucket import EncryptedBucket
from ml_constructs.encryption_key import EncryptionKey

_Config = sagemaker.CfnEndpointConfig


@dataclass(frozen=True)
class DataCapture:
    """Keep a share of the requests and their answers under ``prefix/``, encrypted.

    It is what monitoring compares with the training data. Zero percent switches it off.
    """

    bucket: EncryptedBucket
    prefix: str
    key: EncryptionKey
    percent: int

    def configuration(self) -> _Config.DataCaptureConfigProperty:
        """Return the capture configuration of an endpoint."""
        return _Config.DataCaptureConfigProperty(
            enable_capture=self.percent > 0,
            initial_sampling_percentage=self.percent,
            destination_s3_uri=f"s3://{self.bucket.bucket_name}/{self.prefix}",
            kms_key_id=self.key.key_arn,
            capture_options=[
                _Config.CaptureOptionProperty(capture_mode=mode) for mode in ("Input", "Output")
            ],
            # What is of neither type is kept as base64.
            capture_content_type_header=_Config.CaptureContentTypeHeaderProperty(
                csv_content_types=["text/csv"],
                json_content_types=["application/json", "application/jsonlines"],
            ),
        )

    def grant_write(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee``, the endpoint's role, write what is captured."""
        self.bucket.grant_write(grantee, prefix=self.prefix)
