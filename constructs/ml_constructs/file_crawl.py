"""Files in one folder of the lake, described on schedule and as they arrive."""

from __future__ import annotations

from typing import Literal

from aws_cdk import aws_glue as glue
from constructs import Construct

from ml_constructs.catalog_crawler import CatalogCrawler
from ml_constructs.crawl_on_arrival import CrawlOnArrival
from ml_constructs.dead_letter_queue import DeadLetterQueue
from ml_constructs.encrypted_bucket import EncryptedBucket
from ml_constructs.glue_encryption import GlueEncryption

FileFormat = Literal["csv", "json", "parquet"]


class FileCrawl(Construct):
    """Define the crawler of one folder.

    Stateless. Parquet and lines of JSON say what they are; of a CSV it is told that its first
    line is a header, which a crawler guesses wrong where all columns are text.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        bucket: EncryptedBucket,
        folder: str,
        file_format: FileFormat,
        database_name: str,
        encryption: GlueEncryption,
        schedule: str | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._bucket = bucket
        self._pattern = f"{folder}/*.{file_format}*"
        self.crawler = CatalogCrawler(
            self,
            "Crawler",
            description=f"Describes the {file_format} files of {name}",
            database_name=database_name,
            table_prefix=f"{name}_",
            targets={"s3Targets": [{"path": f"s3://{bucket.bucket_name}/{folder}/"}]},
            classifiers=[self._csv_classifier()] if file_format == "csv" else [],
            encryption=encryption,
            schedule=schedule,
        )
        bucket.grant_read(self.crawler.role, prefix=folder)

    def on_arrival(self, dead_letters: DeadLetterQueue) -> None:
        """Crawl when a file of the format arrives; compressed ones (``.csv.gz``) count."""
        CrawlOnArrival(
            self,
            "Arrival",
            crawler=self.crawler,
            bucket_name=self._bucket.bucket_name,
            key_pattern=self._pattern,
            dead_letters=dead_letters,
        )

    def _csv_classifier(self) -> str:
        return glue.CfnClassifier(
            self,
            "Format",
            csv_classifier={"containsHeader": "PRESENT", "delimiter": ",", "quoteSymbol": '"'},
        ).ref
