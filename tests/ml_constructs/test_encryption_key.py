"""The key: who may use it, and for what."""

from __future__ import annotations

from typing import Any


def test_the_key_rotates_and_survives(site: Any) -> None:
    """What it encrypted is lost with it."""
    (key,) = site.resources("AWS::KMS::Key").values()

    assert key["Properties"]["EnableKeyRotation"] is True
    assert key["DeletionPolicy"] == "Retain"


def test_a_user_of_the_key_cannot_hand_it_on(site: Any) -> None:
    """A grant is a right that outlives the role: only volumes need one, and only for AWS."""
    site.key.grant_use(site.role("Reader"))
    site.key.grant_volumes(site.role("Starter"))
    (statement,) = site.statements("Starter")

    assert "kms:CreateGrant" not in str(site.statements("Reader"))
    assert statement["Action"] == "kms:CreateGrant"
    assert statement["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_logs_are_allowed_by_the_name_of_their_group(site: Any) -> None:
    """A log group of another name, or of another account, cannot use the key."""
    site.key.allow_logs(["/aws/sagemaker/*"])
    (key,) = site.resources("AWS::KMS::Key").values()
    (statement,) = (
        each
        for each in key["Properties"]["KeyPolicy"]["Statement"]
        if "ArnLike" in each.get("Condition", {})
    )

    assert ":log-group:/aws/sagemaker/*" in str(statement["Condition"])
    assert "AWS::AccountId" in str(statement["Condition"])
