"""Who is let into a bucket gets one folder, and no right to destroy."""

from __future__ import annotations

import json
from typing import Any


def _actions(statements: list[dict[str, Any]], service: str) -> set[str]:
    actions: set[str] = set()
    for statement in statements:
        given = statement["Action"]
        actions |= {given} if isinstance(given, str) else set(given)
    return {action for action in actions if action.startswith(f"{service}:")}


def test_a_reader_reads_one_folder(site: Any) -> None:
    """No object outside the prefix, and nothing is written."""
    site.bucket.grant_read(site.role("Reader"), prefix="fraud")
    statements = site.statements("Reader")

    assert _actions(statements, "s3") == {"s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"}
    (objects,) = (each for each in statements if each["Action"] == "s3:GetObject")
    assert json.dumps(objects["Resource"]).count("/fraud/*") == 1


def test_a_writer_cannot_read_or_delete(site: Any) -> None:
    """What was written before stays, whoever writes next."""
    site.bucket.grant_write(site.role("Writer"), prefix="fraud")
    actions = _actions(site.statements("Writer"), "s3")

    assert "s3:PutObject" in actions
    assert not any("Delete" in action or action == "s3:GetObject" for action in actions)


def test_a_grant_brings_the_key_along(site: Any) -> None:
    """Without the key an object is there and cannot be read: the usual first failure."""
    site.bucket.grant_write(site.role("Writer"), prefix="fraud")
    actions = _actions(site.statements("Writer"), "kms")

    assert {"kms:Decrypt", "kms:GenerateDataKey"} <= actions


def test_a_reader_decrypts_and_encrypts_nothing(site: Any) -> None:
    """Who only reads could else pass off something of their own as the platform's data."""
    site.bucket.grant_read(site.role("Reader"), prefix="fraud")

    assert _actions(site.statements("Reader"), "kms") == {"kms:Decrypt", "kms:DescribeKey"}


def test_a_reader_that_writes_may_encrypt(site: Any) -> None:
    """Both grants together are those of a writer; no right is named twice."""
    role = site.role("Both")
    site.bucket.grant_read(role, prefix="fraud")
    site.bucket.grant_write(role, prefix="fraud")
    statements = [each for each in site.statements("Both") if "kms" in json.dumps(each["Action"])]
    (statement,) = statements

    assert set(statement["Action"]) == {
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey",
    }


def test_a_grant_leaves_the_key_policy_alone(site: Any) -> None:
    """A key policy that named grantees of later stacks would make stacks depend in a circle."""
    site.bucket.grant_read(site.role("Reader"), prefix="fraud")
    (key,) = site.resources("AWS::KMS::Key").values()

    assert "Reader" not in json.dumps(key)
