"""A DynamoDB table in the lake: described, exported and described again."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_constructs.arns import format_arn
from ml_constructs.catalog_crawler import CatalogCrawler
from ml_constructs.encrypted_bucket import EncryptedBucket
from ml_constructs.lake import Lake
from ml_constructs.landing_job import LandingJob


class TableLanding(Construct):
    """Define crawler and landing job of one DynamoDB table.

    Stateless. The job asks DynamoDB for an export to a point in time and turns that into
    Parquet: an export costs the table no read capacity, is of one moment, and the job is the
    one that also lands relational tables. It wants point-in-time recovery on the table.
    ``exports`` is where DynamoDB puts the export until the job has read it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        table_name: str,
        schedule: str | None,
        role_name: str,
        lake: Lake,
        exports: EncryptedBucket,
        exports_folder: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self._table_arn = format_arn(service="dynamodb", resource="table", resource_name=table_name)
        self.crawler = CatalogCrawler(
            self,
            "Crawler",
            description=f"Describes the table {name} and what was landed of it",
            database_name=lake.database_name,
            table_prefix=f"{name}_",
            targets={
                # A sample of the rows, at half of the table's read capacity.
                "dynamoDbTargets": [{"path": table_name, "scanAll": False, "scanRate": 0.5}],
                "s3Targets": [{"path": f"{lake.uri_of(name)}/"}],
            },
            encryption=lake.encryption,
        )
        self.job = LandingJob(
            self,
            "Job",
            source=name,
            role_name=role_name,
            lake=lake,
            arguments={
                "--kind": "dynamodb",
                "--table_arn": self._table_arn,
                "--exports": f"s3://{exports.bucket_name}/{exports_folder}/{name}",
                "--tables": name,
            },
        )
        self._grant_sample(self.crawler.role)
        self._grant_export(self.job.role)
        exports.grant_land(self.job.role, prefix=f"{exports_folder}/{name}")
        lake.bucket.grant_read(self.crawler.role, prefix=lake.folder_of(name))
        self.job.start(schedule=schedule, then=self.crawler)

    def _grant_sample(self, grantee: iam.IGrantable) -> None:
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["dynamodb:DescribeTable", "dynamodb:Scan"],
            resource_arns=[self._table_arn],
        )

    def _grant_export(self, grantee: iam.IGrantable) -> None:
        """Let the job ask for an export and wait for it; it reads no row of the table itself."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["dynamodb:DescribeTable", "dynamodb:ExportTableToPointInTime"],
            resource_arns=[self._table_arn],
        )
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["dynamodb:DescribeExport"],
            # Exports are named by the moment at which they begin.
            resource_arns=[f"{self._table_arn}/export/*"],
        )
