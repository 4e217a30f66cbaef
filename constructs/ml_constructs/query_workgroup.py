"""Where SQL is run on the lake: encrypted results, a limit on what one query reads."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import aws_athena as athena
from constructs import Construct

from ml_constructs.arns import ACCOUNT
from ml_constructs.encrypted_bucket import EncryptedBucket
from ml_constructs.encryption_key import EncryptionKey

_GIB = 1024**3


class QueryWorkgroup(Construct):
    """Define an Athena workgroup whose settings nobody can override.

    Stateless: what is under ``prefix/`` of the results can be queried again. Named, because
    people choose it by name.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        description: str,
        results: EncryptedBucket,
        prefix: str,
        key: EncryptionKey,
        scanned_limit_gib: int,
    ) -> None:
        super().__init__(scope, construct_id)
        self.name = name
        self.workgroup = athena.CfnWorkGroup(
            self,
            "Resource",
            name=name,
            description=description,
            recursive_delete_option=True,
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                bytes_scanned_cutoff_per_query=scanned_limit_gib * _GIB,
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=True,
                result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                    output_location=f"s3://{results.bucket_name}/{prefix}/",
                    expected_bucket_owner=ACCOUNT,
                    encryption_configuration=athena.CfnWorkGroup.EncryptionConfigurationProperty(
                        encryption_option="SSE_KMS", kms_key=key.key_arn
                    ),
                ),
            ),
        )

    def save(self, queries: Mapping[str, str], *, database: str) -> None:
        """Save ``queries`` in the workgroup; the first line of each, a comment, describes it."""
        for name, sql in queries.items():
            query = athena.CfnNamedQuery(
                self,
                "".join(word.capitalize() for word in name.split("_")),
                name=name,
                description=sql.partition("\n")[0].removeprefix("-- "),
                database=database,
                query_string=sql,
                work_group=self.name,
            )
            query.add_resource_dependency(self.workgroup)
