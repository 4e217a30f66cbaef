"""A stack for each test file, with the key and the buckets that most constructs ask for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CDK_JSON = Path(__file__).parents[2] / "cdk.json"


@dataclass(frozen=True)
class Site:
    """Somewhere to put a construct."""

    stack: Any
    key: Any
    bucket: Any

    def role(self, name: str) -> Any:
        """Define a role to grant something to."""
        from aws_cdk import aws_iam as iam

        return iam.Role(self.stack, name, assumed_by=iam.AccountRootPrincipal())

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """Synthesise what was defined so far and return the resources of one type."""
        from aws_cdk.assertions import Template

        found: dict[str, dict[str, Any]] = Template.from_stack(self.stack).find_resources(kind)
        return found

    def statements(self, role: str) -> list[dict[str, Any]]:
        """Return what one role may do."""
        for name, policy in self.resources("AWS::IAM::Policy").items():
            if name.startswith(f"{role}DefaultPolicy"):
                found: list[dict[str, Any]] = policy["Properties"]["PolicyDocument"]["Statement"]
                return found
        return []


@pytest.fixture
def site() -> Site:
    """A fresh stack with a key and an encrypted bucket."""
    from aws_cdk import App, RemovalPolicy, Stack

    from ml_constructs.access_log_bucket import AccessLogBucket
    from ml_constructs.encrypted_bucket import EncryptedBucket
    from ml_constructs.encryption_key import EncryptionKey

    flags = json.loads(CDK_JSON.read_text(encoding="utf-8"))["context"]
    stack = Stack(App(analytics_reporting=False, context=flags), "Site")
    kept = RemovalPolicy.RETAIN
    key = EncryptionKey(
        stack, "Key", alias="site", description="x", deletion_window_days=7, removal_policy=kept
    )
    logs = AccessLogBucket(stack, "Logs", expiry_days=30, removal_policy=kept)
    bucket = EncryptedBucket(
        stack,
        "Bucket",
        key=key,
        access_logs=logs,
        noncurrent_version_days=30,
        removal_policy=kept,
    )
    return Site(stack, key, bucket)
