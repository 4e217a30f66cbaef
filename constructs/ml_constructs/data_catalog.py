"""What the raw data look like: a Glue database and the crawler that keeps it current."""

from __future__ import annotations

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_constructs.encrypted_bucket import EncryptedBucket
from ml_constructs.encryption_key import EncryptionKey
from ml_constructs.role_policies import wait_for_policies
from ml_constructs.service_trust import trusted_service


class DataCatalog(Construct):
    """Define a database, and a crawler that writes into it what it finds under one prefix.

    Stateful: the tables and their versions. The crawler reports changes of a schema and never
    applies them, for a changed column is a decision, not a discovery.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        source: EncryptedBucket,
        prefix: str,
        logs_key: EncryptionKey,
        schedule: str | None,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.database_name = name
        self._logs_key = logs_key
        database = glue.CfnDatabase(
            self,
            "Resource",
            catalog_id=Stack.of(self).account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=name, description=f"What lies under {prefix}/ in the raw bucket"
            ),
        )
        database.apply_removal_policy(removal_policy)
        self.crawler_role = iam.Role(
            self,
            "CrawlerRole",
            assumed_by=trusted_service(self, "glue"),
            description="Reads the raw data and describes them in the catalogue",
        )
        source.grant_read(self.crawler_role, prefix=prefix)
        self._grant_describe()
        self._grant_logs()
        crawler = self._crawler(f"s3://{source.bucket_name}/{prefix}/", schedule)
        crawler.add_resource_dependency(database)
        wait_for_policies(crawler, self.crawler_role)

    def _crawler(self, path: str, schedule: str | None) -> glue.CfnCrawler:
        return glue.CfnCrawler(
            self,
            "Crawler",
            role=self.crawler_role.role_arn,
            database_name=self.database_name,
            targets=glue.CfnCrawler.TargetsProperty(
                s3_targets=[glue.CfnCrawler.S3TargetProperty(path=path)]
            ),
            schema_change_policy=glue.CfnCrawler.SchemaChangePolicyProperty(
                update_behavior="LOG", delete_behavior="LOG"
            ),
            schedule=glue.CfnCrawler.ScheduleProperty(schedule_expression=schedule)
            if schedule
            else None,
            crawler_security_configuration=self._security_configuration().ref,
        )

    def _security_configuration(self) -> glue.CfnSecurityConfiguration:
        encryption = glue.CfnSecurityConfiguration
        return encryption(
            self,
            "Encryption",
            name=f"{self.database_name}_crawler",
            encryption_configuration=encryption.EncryptionConfigurationProperty(
                cloud_watch_encryption=encryption.CloudWatchEncryptionProperty(
                    cloud_watch_encryption_mode="SSE-KMS", kms_key_arn=self._logs_key.key_arn
                ),
            ),
        )

    def _grant_describe(self) -> None:
        stack = Stack.of(self)
        iam.Grant.add_to_principal(
            grantee=self.crawler_role,
            actions=[
                "glue:BatchCreatePartition",
                "glue:BatchGetPartition",
                "glue:CreateTable",
                "glue:GetDatabase",
                "glue:GetPartitions",
                "glue:GetTable",
                "glue:GetTables",
                "glue:UpdatePartition",
                "glue:UpdateTable",
            ],
            resource_arns=[
                stack.format_arn(service="glue", resource="catalog"),
                stack.format_arn(
                    service="glue", resource="database", resource_name=self.database_name
                ),
                stack.format_arn(
                    service="glue", resource="table", resource_name=f"{self.database_name}/*"
                ),
            ],
        )
        iam.Grant.add_to_principal(
            grantee=self.crawler_role,
            actions=["glue:GetSecurityConfiguration"],
            # The action takes no resource.
            resource_arns=["*"],
        )

    def _grant_logs(self) -> None:
        """Let Glue make its encrypted log group, whose name holds the role's."""
        iam.Grant.add_to_principal(
            grantee=self.crawler_role,
            actions=[
                "logs:AssociateKmsKey",
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:PutLogEvents",
            ],
            resource_arns=[
                Stack.of(self).format_arn(
                    service="logs",
                    resource="log-group",
                    resource_name="/aws-glue/crawlers*",
                    arn_format=ArnFormat.COLON_RESOURCE_NAME,
                )
            ],
        )
