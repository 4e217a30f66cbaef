"""Buckets and catalogue: private, encrypted, watched, and only as curious as they must be."""

from __future__ import annotations

import json
from typing import Any

import pytest

Templates = dict[str, dict[str, dict[str, Any]]]


@pytest.fixture(scope="session")
def resources(templates: Templates) -> dict[str, dict[str, Any]]:
    """The resources of the data stack in prod."""
    found: dict[str, dict[str, Any]] = templates["prod"]["Data"]["Resources"]
    return found


@pytest.fixture(scope="session")
def buckets(resources: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The buckets by their construct's name (``Raw``)."""
    return {
        name[:-8]: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::S3::Bucket"
    }


def _one(resources: dict[str, dict[str, Any]], kind: str) -> dict[str, Any]:
    (found,) = (each["Properties"] for each in resources.values() if each["Type"] == kind)
    properties: dict[str, Any] = found
    return properties


def test_there_are_four_buckets(buckets: dict[str, Any]) -> None:
    """Raw, curated and artifacts are apart, so that a role can be held to one of them."""
    assert set(buckets) == {"Raw", "Curated", "Artifacts", "AccessLogs"}


@pytest.mark.parametrize("name", ["Raw", "Curated", "Artifacts", "AccessLogs"])
def test_buckets_are_private_and_keep_old_versions(buckets: dict[str, Any], name: str) -> None:
    """No access list and no bucket policy can make an object public."""
    bucket = buckets[name]

    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "BucketName" not in bucket


@pytest.mark.parametrize("name", ["Raw", "Curated", "Artifacts"])
def test_data_are_encrypted_with_our_key_and_watched(buckets: dict[str, Any], name: str) -> None:
    """Who reads data needs the key as well as the bucket, and leaves a trace."""
    bucket = buckets[name]
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]

    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert "DataKey" in json.dumps(rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"])
    assert rule["BucketKeyEnabled"] is True
    assert bucket["LoggingConfiguration"]["LogFilePrefix"] == f"{name.lower()}/"


def test_access_logs_are_encrypted_by_s3_itself(buckets: dict[str, Any]) -> None:
    """S3 delivers no access logs to a bucket that encrypts with a KMS key."""
    (rule,) = buckets["AccessLogs"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]

    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


@pytest.mark.parametrize("name", ["Raw", "Curated", "Artifacts", "AccessLogs"])
def test_buckets_refuse_plain_http_and_old_tls(statements: list[Any], name: str) -> None:
    """Both are denied to everyone, whatever another policy allows."""
    denied = [
        each.text["Condition"]
        for each in statements
        if each.environment == "prod"
        and each.kind == "resource"
        and each.resource.startswith(f"{name}Policy")
        and each.text["Effect"] == "Deny"
        and each.text["Principal"] == {"AWS": "*"}
    ]

    assert {"Bool": {"aws:SecureTransport": "false"}} in denied
    assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in denied


def test_only_what_is_made_again_or_was_sent_expires(buckets: dict[str, Any]) -> None:
    """What can be made again goes, and what customers sent; raw data, models, features stay."""
    expiring = {
        (name, rule.get("Prefix"), rule["ExpirationInDays"])
        for name, bucket in buckets.items()
        for rule in bucket["LifecycleConfiguration"]["Rules"]
        if "ExpirationInDays" in rule
    }

    assert expiring == {
        ("Artifacts", "fraud/checkpoints/", 7),
        ("Artifacts", "fraud/capture/", 90),
        ("Artifacts", "fraud/asynchronous/", 30),
        ("Curated", "fraud/executions/", 180),
        ("Curated", "exports/", 180),
        ("Curated", "queries/", 30),
        ("AccessLogs", None, 365),
    }


def test_crawler_reports_changes_and_applies_none(resources: dict[str, dict[str, Any]]) -> None:
    """A changed column is a decision, not a discovery."""
    crawler = _one(resources, "AWS::Glue::Crawler")

    assert crawler["SchemaChangePolicy"] == {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
    assert crawler["Schedule"] == {"ScheduleExpression": "cron(0 4 * * ? *)"}


def test_crawler_of_dev_runs_when_asked(templates: Templates) -> None:
    """Without a schedule in the settings nothing starts by itself, and nothing is billed."""
    crawler = _one(templates["dev"]["Data"]["Resources"], "AWS::Glue::Crawler")

    assert "Schedule" not in crawler


def test_crawler_logs_are_encrypted(resources: dict[str, dict[str, Any]]) -> None:
    """The crawler's log lines quote data."""
    crawler = _one(resources, "AWS::Glue::Crawler")
    configuration = resources[crawler["CrawlerSecurityConfiguration"]["Ref"]]["Properties"]
    encryption = configuration["EncryptionConfiguration"]

    assert encryption["CloudWatchEncryption"]["CloudWatchEncryptionMode"] == "SSE-KMS"
    assert "LogsKey" in json.dumps(encryption["CloudWatchEncryption"]["KmsKeyArn"])
    assert encryption["S3Encryptions"][0]["S3EncryptionMode"] == "SSE-KMS"
    assert encryption["JobBookmarksEncryption"]["JobBookmarksEncryptionMode"] == "CSE-KMS"


def test_the_raw_bucket_tells_what_arrives(buckets: dict[str, Any]) -> None:
    """Crawlers and the pipeline start on arrival; a Lambda function is not needed for that."""
    assert buckets["Raw"]["NotificationConfiguration"] == {
        "EventBridgeConfiguration": {"EventBridgeEnabled": True}
    }


def test_crawler_reads_raw_data_and_writes_none(statements: list[Any]) -> None:
    """Its role may read one folder of one bucket and put no object anywhere."""
    actions = {
        action
        for each in statements
        if each.environment == "prod" and each.resource.startswith("CatalogCrawlerRoleDefault")
        for action in each.actions
        if action.startswith("s3:")
    }

    assert actions == {"s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation"}
