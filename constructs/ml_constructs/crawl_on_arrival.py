"""Start a crawler when files arrive."""

from __future__ import annotations

from aws_cdk import aws_events as events
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_constructs.arns import format_arn
from ml_constructs.catalog_crawler import CatalogCrawler
from ml_constructs.dead_letter_queue import DeadLetterQueue
from ml_constructs.service_trust import trusted_service

_FILES = 100
_WINDOW_SEC = 900
_RETRY_FOR_SEC = 3600
_RETRIES = 20


class CrawlOnArrival(Construct):
    """Define the way from a new object to a crawl: rule, workflow, trigger.

    Stateless. A workflow collects events for a quarter of an hour or until there are a hundred,
    so that a delivery of many files is one crawl. The crawler's own event mode would need a
    queue to which the bucket writes: a bucket that knows a later stack.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        crawler: CatalogCrawler,
        bucket_name: str,
        key_pattern: str,
        dead_letters: DeadLetterQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        workflow = glue.CfnWorkflow(
            self,
            "Workflow",
            description=f"Crawls when {key_pattern} arrives",
            max_concurrent_runs=1,
        )
        glue.CfnTrigger(
            self,
            "Trigger",
            type="EVENT",
            workflow_name=workflow.ref,
            actions=[{"crawlerName": crawler.name}],
            event_batching_condition={"batchSize": _FILES, "batchWindow": _WINDOW_SEC},
        )
        workflow_arn = format_arn(service="glue", resource="workflow", resource_name=workflow.ref)
        events.CfnRule(
            self,
            "Rule",
            description=f"{key_pattern} arrived",
            event_pattern={
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {
                    "bucket": {"name": [bucket_name]},
                    "object": {"key": [{"wildcard": key_pattern}]},
                },
            },
            targets=[
                {
                    "id": "Workflow",
                    "arn": workflow_arn,
                    "roleArn": self._starter(workflow_arn),
                    "deadLetterConfig": {"arn": dead_letters.queue_arn},
                    "retryPolicy": {
                        "maximumEventAgeInSeconds": _RETRY_FOR_SEC,
                        "maximumRetryAttempts": _RETRIES,
                    },
                }
            ],
        )

    def _starter(self, workflow_arn: str) -> str:
        role = iam.Role(
            self,
            "Role",
            assumed_by=trusted_service("events"),
            description="Tells one workflow that files arrived",
        )
        iam.Grant.add_to_principal(
            grantee=role, actions=["glue:NotifyEvent"], resource_arns=[workflow_arn]
        )
        return role.role_arn
