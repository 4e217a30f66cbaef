"""With which keys Glue encrypts what it writes, logs and remembers."""

from __future__ import annotations

from aws_cdk import aws_glue as glue
from constructs import Construct

from ml_constructs.encryption_key import EncryptionKey


class GlueEncryption(Construct):
    """Define the security configuration of crawlers and jobs: data, logs and bookmarks.

    Stateless. It has a name because Glue puts that into the names of log groups.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        data_key: EncryptionKey,
        logs_key: EncryptionKey,
    ) -> None:
        super().__init__(scope, construct_id)
        configuration = glue.CfnSecurityConfiguration(
            self,
            "Resource",
            name=name,
            encryption_configuration={
                "s3Encryptions": [{"s3EncryptionMode": "SSE-KMS", "kmsKeyArn": data_key.key_arn}],
                "cloudWatchEncryption": {
                    "cloudWatchEncryptionMode": "SSE-KMS",
                    "kmsKeyArn": logs_key.key_arn,
                },
                "jobBookmarksEncryption": {
                    "jobBookmarksEncryptionMode": "CSE-KMS",
                    "kmsKeyArn": data_key.key_arn,
                },
            },
        )
        self.name = configuration.ref
        self.literal_name = name
