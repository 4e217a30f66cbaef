"""Where sources are landed and described: what every landing needs to know."""

from __future__ import annotations

from dataclasses import dataclass

from ml_constructs.encrypted_bucket import EncryptedBucket
from ml_constructs.glue_encryption import GlueEncryption
from ml_constructs.glue_script import GlueScript


@dataclass(frozen=True)
class Lake:
    """A folder of a bucket, the database that describes it, and how Glue writes there."""

    bucket: EncryptedBucket
    folder: str
    database_name: str
    encryption: GlueEncryption
    script: GlueScript

    def folder_of(self, source: str) -> str:
        """Name the folder of one source, without slashes at its ends."""
        return f"{self.folder}/{source}"

    def uri_of(self, source: str) -> str:
        """Name the folder of one source as an S3 URI, without a slash at its end."""
        return f"s3://{self.bucket.bucket_name}/{self.folder_of(source)}"
