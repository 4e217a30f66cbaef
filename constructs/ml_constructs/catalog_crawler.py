"""A crawler that describes what it finds, and changes nothing that is described already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_constructs.arns import format_arn
from ml_constructs.glue_encryption import GlueEncryption
from ml_constructs.role_policies import wait_for_policies
from ml_constructs.service_trust import trusted_service


class CatalogCrawler(Construct):
    """Define a crawler with a role of its own, and with the rights that every crawler needs.

    Stateless: the tables that it finds belong to the database. It adds tables and partitions,
    and only reports a change of a schema, for a changed column is a decision, not a discovery.
    What it may read is granted by what holds the data, to `role`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        description: str,
        database_name: str,
        targets: dict[str, Sequence[Mapping[str, Any]]],
        encryption: GlueEncryption,
        schedule: str | None = None,
        table_prefix: str | None = None,
        classifiers: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        self._database_name = database_name
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=trusted_service("glue"),
            description=description,
        )
        self._grant_describe()
        self._grant_logs()
        self.resource = glue.CfnCrawler(
            self,
            "Resource",
            description=description,
            role=self.role.role_arn,
            database_name=database_name,
            targets=targets,
            table_prefix=table_prefix,
            classifiers=list(classifiers) or None,
            schema_change_policy={"updateBehavior": "LOG", "deleteBehavior": "LOG"},
            recrawl_policy={"recrawlBehavior": "CRAWL_EVERYTHING"},
            schedule={"scheduleExpression": schedule} if schedule else None,
            crawler_security_configuration=encryption.name,
        )
        self.name = self.resource.ref
        wait_for_policies(self.resource, self.role)

    def _grant_describe(self) -> None:
        """Let it add to the one database that it fills."""
        iam.Grant.add_to_principal(
            grantee=self.role,
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
                format_arn(service="glue", resource="catalog"),
                format_arn(service="glue", resource="database", resource_name=self._database_name),
                format_arn(
                    service="glue", resource="table", resource_name=f"{self._database_name}/*"
                ),
            ],
        )
        iam.Grant.add_to_principal(
            grantee=self.role,
            actions=["glue:GetSecurityConfiguration"],
            # The action takes no resource.
            resource_arns=["*"],
        )

    def _grant_logs(self) -> None:
        """Let Glue make its encrypted log group, whose name holds the role's."""
        iam.Grant.add_to_principal(
            grantee=self.role,
            actions=[
                "logs:AssociateKmsKey",
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:PutLogEvents",
            ],
            resource_arns=[
                format_arn(
                    service="logs",
                    resource="log-group",
                    resource_name="/aws-glue/crawlers*",
                    separator=":",
                )
            ],
        )
