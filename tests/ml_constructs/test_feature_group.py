"""A feature group refuses names that SageMaker would refuse, and keeps its records."""

from __future__ import annotations

from typing import Any

import pytest


def _define(site: Any, name: str) -> Any:
    from aws_cdk import RemovalPolicy

    from ml_constructs.feature_group import FeatureGroup

    return FeatureGroup(
        site.stack,
        "Group",
        name=name,
        record_identifier="ID",
        event_time="EventTime",
        features={"ID": "Integral", "EventTime": "String", "AMOUNT": "Fractional"},
        key=site.key,
        store=site.bucket,
        prefix="churn/feature-store",
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
