"""What the raw data look like: a Glue database and the crawler that keeps it current."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_glue as glue
from constructs import Construct

from ml_constructs.arns import ACCOUNT
from ml_constructs.catalog_crawler import CatalogCrawler
from ml_constructs.encrypted_bucket import EncryptedBucket
from ml_constructs.encryption_key import EncryptionKey
from ml_constructs.glue_encryption import GlueEncryption


class DataCatalog(Construct):
    """Define a database, and a crawler that writes into it what it finds under one prefix.

    Stateful: the tables and their versions.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        source: EncryptedBucket,
        prefix: str,
        data_key: EncryptionKey,
        logs_key: EncryptionKey,
        schedule: str | None,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.database_name = name
        database = glue.CfnDatabase(
            self,
            "Resource",
            catalog_id=ACCOUNT,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=name, description=f"What lies under {prefix}/ in the raw bucket"
            ),
        )
        database.apply_removal_policy(removal_policy)
        self.crawler = CatalogCrawler(
            self,
            "Crawler",
            description="Reads the raw data and describes them in the catalogue",
            database_name=name,
            targets={"s3Targets": [{"path": f"s3://{source.bucket_name}/{prefix}/"}]},
            encryption=GlueEncryption(
                self, "Encryption", name=f"{name}_catalog", data_key=data_key, logs_key=logs_key
            ),
            schedule=schedule,
        )
        source.grant_read(self.crawler.role, prefix=prefix)
        self.crawler.resource.add_resource_dependency(database)
