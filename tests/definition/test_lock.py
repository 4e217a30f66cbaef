"""The lock is read strictly and filled in completely."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline_code import contract
from pipeline_code.definition.lock import (
    LOCK_FILE,
    Lock,
    LockedContract,
    UnreadableLockError,
    UnresolvedPlaceholderError,
    lock_source_hash,
    placeholder,
    read_lock,
)

FRAUD = contract.usecase_folder("fraud")


def lock_of(definition: dict[str, object]) -> Lock:
    """Make a lock around a definition."""
    return Lock(
        usecase="fraud",
        source_hash="sha256:0",
        sdk="sagemaker 0",
        feature_groups=(),
        contract=LockedContract({}, (), "T", "Y", "Rules = [ RowCount > 0 ]"),
        definition=definition,
    )


def test_a_whole_placeholder_takes_the_value_as_it_is() -> None:
    """A list of subnets must stay a list, and a CDK token a token."""
    lock = lock_of({"Subnets": placeholder("network.subnets")})

    assert lock.resolve({"network.subnets": ["a", "b"]}) == {"Subnets": ["a", "b"]}


def test_in_a_list_a_list_makes_way_for_its_items() -> None:
    """The lock holds a list of one name, as the SDK and the API want one; a nested list fails."""
    lock = lock_of({"Subnets": ["a", placeholder("network.subnets")]})

    assert lock.resolve({"network.subnets": ["b", "c"]}) == {"Subnets": ["a", "b", "c"]}


def test_a_placeholder_inside_a_string_is_inserted() -> None:
    """Buckets stand in the middle of URIs."""
    lock = lock_of({"Uri": [f"s3://{placeholder('buckets.raw')}/fraud/"]})

    assert lock.resolve({"buckets.raw": "b"}) == {"Uri": ["s3://b/fraud/"]}


def test_a_missing_value_is_named() -> None:
    """A placeholder left in a deployed definition would fail only when it runs."""
    lock = lock_of({"A": placeholder("keys.data"), "B": placeholder("image")})

    with pytest.raises(UnresolvedPlaceholderError, match=r"needs values for image, keys\.data"):
        lock.resolve({})


def test_resolving_leaves_the_lock_as_it_was() -> None:
    """One lock is resolved for several environments."""
    definition: dict[str, object] = {"A": {"B": placeholder("image")}}
    lock_of(definition).resolve({"image": "x"})

    assert definition == {"A": {"B": "{{image}}"}}


@pytest.mark.parametrize("content", ["", "[]", "{", '{"lock_version": 99}'])
def test_what_is_no_lock_is_refused(tmp_path: Path, content: str) -> None:
    """A merge conflict in a lock must not reach a deployment."""
    (tmp_path / LOCK_FILE).write_text(content)

    with pytest.raises(UnreadableLockError, match="acequia compile"):
        read_lock(tmp_path)


def test_a_missing_lock_says_how_to_write_it(tmp_path: Path) -> None:
    """A new use case has no lock yet."""
    with pytest.raises(UnreadableLockError, match=r"does not exist; run `acequia compile`"):
        read_lock(tmp_path)


def test_the_committed_lock_is_fresh() -> None:
    """Whoever changes the definition or the use case renews the lock: `acequia compile`."""
    assert read_lock(FRAUD).source_hash == lock_source_hash(FRAUD)


def test_the_hash_covers_the_use_case(tmp_path: Path) -> None:
    """An edit of usecase.yaml makes the lock stale."""
    (tmp_path / "usecase.yaml").write_text("name: a\n")
    before = lock_source_hash(tmp_path)
    (tmp_path / "usecase.yaml").write_text("name: b\n")

    assert lock_source_hash(tmp_path) != before


def test_the_lock_names_no_account_region_or_partition() -> None:
    """The same lock serves every account, so it must know none."""
    text = json.dumps(dict(read_lock(FRAUD).definition))

    for literal in ("us-east-1", "arn:", "amazonaws", "000000000000"):
        assert literal not in text
