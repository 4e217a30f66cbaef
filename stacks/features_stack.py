"""The feature store of one use case."""

from __future__ import annotations

from typing import Any

from aws_cdk import RemovalPolicy, Stack
from constructs import Construct

from ml_constructs.feature_group import FeatureGroup
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
        names: Names,
        lock: Lock,
        foundation: FoundationStack,
        data: DataStack,
        removal_policy: RemovalPolicy,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.groups = {
            group.name: FeatureGroup(
                self,
                # The version is part of the id: a breaking change adds a group beside the old one.
                _construct_id(group.versioned_name),
                name=names.feature_group(group.versioned_name),
                record_identifier=group.key,
                event_time=group.event_time,
                features=_schema(group),
                key=foundation.data_key,
                store=data.curated,
                prefix=f"{lock.usecase}/{STORE_PREFIX}",
                removal_policy=removal_policy,
            )
            for group in lock.feature_groups
        }


def _construct_id(versioned_name: str) -> str:
    """Turn ``customers-v1`` into ``CustomersV1``."""
    return "".join(part.capitalize() for part in versioned_name.split("-"))


def _schema(group: LockedFeatureGroup) -> dict[str, str]:
    """Put the record's identity before its features: they may only be appended to."""
    return {group.key: group.key_type, group.event_time: "String", **group.features}
