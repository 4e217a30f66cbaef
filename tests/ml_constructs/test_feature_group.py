"""A feature group refuses names that SageMaker would refuse, and keeps its records."""

from __future__ import annotations

from typing import Any

import pytest


def _define(site: Any, name: str, online: Any = None) -> Any:
    from aws_cdk import RemovalPolicy

    from ml_constructs.feature_group import FeatureGroup, FeatureSchema, OfflineStore
    from ml_constructs.online_store import OnlineStore

    features = (("ID", "Integral"), ("EventTime", "String"), ("AMOUNT", "Fractional"))
    return FeatureGroup(
        site.stack,
        "Group",
        name=name,
        schema=FeatureSchema("ID", "EventTime", features),
        online=online or OnlineStore(),
        offline=OfflineStore(site.bucket, "churn/feature-store"),
        key=site.key,
        removal_policy=RemovalPolicy.RETAIN,
    )


@pytest.mark.parametrize("name", ["a" * 65, "has space", "-begins", "ends-", ""])
def test_a_name_that_sagemaker_refuses_is_refused_at_once(site: Any, name: str) -> None:
    """A name is made of three others: their sum may be too long though each is right."""
    with pytest.raises(ValueError, match="64 letters"):
        _define(site, name)


def test_the_longest_name_is_accepted(site: Any) -> None:
    """64 characters are allowed."""
    assert _define(site, "a" * 64).name == "a" * 64


def test_records_survive_their_stack(site: Any) -> None:
    """A deleted group takes its online records with it."""
    _define(site, "churn-v1")
    (group,) = site.resources("AWS::SageMaker::FeatureGroup").values()

    assert group["DeletionPolicy"] == "Retain"
    assert group["UpdateReplacePolicy"] == "Retain"


def test_ingestion_writes_this_group_only(site: Any) -> None:
    """PutRecord is held to one group by its name."""
    _define(site, "churn-v1").grant_ingest(site.role("Ingest"))
    (statement,) = (
        each for each in site.statements("Ingest") if "sagemaker:PutRecord" in each["Action"]
    )

    assert str(statement["Resource"]).endswith(":feature-group/churn-v1']]}")


def test_the_store_role_writes_its_own_table_only(site: Any) -> None:
    """The catalogue's database is shared by all groups of the account."""
    _define(site, "churn-v1")
    (statement,) = (
        each for each in site.statements("GroupStoreRole") if "glue:UpdateTable" in each["Action"]
    )

    assert "table/sagemaker_featurestore/churn_v1*" in str(statement["Resource"])
    assert "s3:DeleteObject" not in str(site.statements("GroupStoreRole"))


def test_by_default_records_stay_and_requests_are_paid_for_one_by_one(site: Any) -> None:
    """What nobody sized cannot throttle, and what nobody limited is not deleted."""
    _define(site, "churn-v1")
    (group,) = site.resources("AWS::SageMaker::FeatureGroup").values()

    assert "TtlDuration" not in group["Properties"]["OnlineStoreConfig"]
    assert group["Properties"]["ThroughputConfig"] == {"ThroughputMode": "OnDemand"}


def test_capacity_and_time_to_live_reach_the_online_store(site: Any) -> None:
    """The two things that can be changed later, besides appended features."""
    from ml_constructs.online_store import Capacity, OnlineStore

    _define(site, "churn-v1", OnlineStore(ttl_days=30, capacity=Capacity(50, 5)))
    (group,) = site.resources("AWS::SageMaker::FeatureGroup").values()

    assert group["Properties"]["OnlineStoreConfig"]["TtlDuration"] == {"Unit": "Days", "Value": 30}
    assert group["Properties"]["ThroughputConfig"] == {
        "ThroughputMode": "Provisioned",
        "ProvisionedReadCapacityUnits": 50,
        "ProvisionedWriteCapacityUnits": 5,
    }


def test_a_reader_reads_this_group_and_writes_none(site: Any) -> None:
    """An endpoint that looks features up must not be able to change them."""
    _define(site, "churn-v1").grant_read(site.role("Reader"))
    statements = site.statements("Reader")
    (statement,) = (each for each in statements if "sagemaker:GetRecord" in each["Action"])

    assert "sagemaker:BatchGetRecord" in statement["Action"]
    assert str(statement["Resource"]).endswith(":feature-group/churn-v1']]}")
    assert "Put" not in str(statements)
    assert "Delete" not in str(statements)
