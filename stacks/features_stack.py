"""The feature store of one use case."""

from __future__ import annotations

from typing import Any

from aws_cdk import RemovalPolicy, Stack
from constructs import Construct

from config import PlatformConfig
from ml_constructs.feature_group import FeatureGroup, FeatureSchema, OfflineStore
from ml_constructs.online_store import Capacity, OnlineStore
from pipeline_code.definition.feature_schemas import schema_of
from pipeline_code.definition.lock import Lock, LockedFeatureGroup
from stacks.data_stack import DataStack
from stacks.foundation_stack import FoundationStack
from stacks.names import Names

STORE_PREFIX = "feature-store"
"""The folder of a use case in the curated bucket in which the offline stores lie."""


class FeaturesStack(Stack):
    """Keep one feature group for each that the lock names.

    Stateful: the offline store is the only record of what a model could have known when.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: PlatformConfig,
        names: Names,
        lock: Lock,
        foundation: FoundationStack,
        data: DataStack,
        removal_policy: RemovalPolicy,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        online = _online(settings)
        offline = OfflineStore(bucket=data.curated, prefix=f"{lock.usecase}/{STORE_PREFIX}")
        self.groups = {
            group.name: FeatureGroup(
                self,
                # The version is part of the id: a breaking change adds a group beside the old one.
                _construct_id(group.versioned_name),
                name=names.feature_group(group.versioned_name),
                schema=_schema(group),
                online=online,
                offline=offline,
                key=foundation.data_key,
                removal_policy=removal_policy,
            )
            for group in lock.feature_groups
        }


def _construct_id(versioned_name: str) -> str:
    """Turn ``customers-v1`` into ``CustomersV1``."""
    return "".join(part.capitalize() for part in versioned_name.split("-"))


def _schema(group: LockedFeatureGroup) -> FeatureSchema:
    schema = schema_of(group)
    return FeatureSchema(
        record_identifier=schema.record_identifier,
        event_time=schema.event_time,
        features=schema.features,
    )


def _online(settings: PlatformConfig) -> OnlineStore:
    throughput = settings.features.throughput
    read, write = throughput.read_capacity_units, throughput.write_capacity_units
    if throughput.mode == "on_demand" or read is None or write is None:
        return OnlineStore(ttl_days=settings.features.ttl_days)
    capacity = Capacity(read_units=read, write_units=write)
    return OnlineStore(ttl_days=settings.features.ttl_days, capacity=capacity)
