"""A version of another registry: named by its ARN, and fetched with the least rights."""

from __future__ import annotations

import json
from typing import Any


def _registry(account: str | None) -> Any:
    from ml_constructs.other_registry import OtherRegistry

    return OtherRegistry(
        group="shop-staging",
        bucket_name="artifacts",
        prefix="shop",
        key_arn="arn:aws:kms:eu-west-1:111122223333:key/abc",
        repository="images",
        account=account,
    )


def test_a_version_of_another_account_is_named_by_it(site: Any) -> None:
    """And one of this account without saying which that is."""
    assert site.stack.resolve(_registry("111122223333").package_arn(4)) is not None
    assert ":111122223333:model-package/shop-staging/4" in _registry("111122223333").package_arn(4)
    assert "111122223333" not in _registry(None).package_arn(4)


def test_an_endpoint_only_reads_what_a_version_is_made_of(site: Any) -> None:
    """Files, their key and the image; it changes nothing there."""
    role = site.role("Serving")
    _registry("111122223333").grant_fetch(role)
    statements = site.statements("Serving")
    actions = {action for each in statements for action in [*_listed(each["Action"])]}

    assert {"s3:GetObject", "kms:Decrypt", "ecr:BatchGetImage"} <= actions
    assert not [each for each in actions if "Put" in each or "Encrypt" in each]
    assert ":s3:::artifacts/shop/*" in json.dumps(statements)


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
