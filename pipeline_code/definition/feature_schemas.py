"""Compare the schemas of feature groups: what can a deployed group follow?

It takes new features at its end and no other change of its schema: anything else would make
CloudFormation replace the group, and its records stay behind.

Source: AWS CloudFormation, ``AWS::SageMaker::FeatureGroup``, "Update requires".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline_code.definition.lock import LockedFeatureGroup


@dataclass(frozen=True)
class GroupSchema:
    """What SageMaker keeps of a group's schema; ``features`` are pairs of name and type."""

    record_identifier: str
    event_time: str
    features: tuple[tuple[str, str], ...]


def schema_of(group: LockedFeatureGroup) -> GroupSchema:
    """Return a group's schema: its identity first, for features may only be appended."""
    return GroupSchema(
        record_identifier=group.key,
        event_time=group.event_time,
        features=(
            (group.key, group.key_type),
            (group.event_time, "String"),
            *group.features.items(),
        ),
    )


def breaking_changes(before: GroupSchema, after: GroupSchema) -> list[str]:
    """Say what of a schema changed that a deployed group cannot follow; appending is nothing."""
    changes = []
    for what in ("record_identifier", "event_time"):
        was, now = getattr(before, what), getattr(after, what)
        if was != now:
            changes.append(f"the {what.replace('_', ' ')} was {was} and is {now}")
    types = dict(after.features)
    for name, kind in before.features:
        if name not in types:
            changes.append(f"{name} is gone{_renamed(before, after, name)}")
        elif types[name] != kind:
            changes.append(f"{name} was {kind} and is {types[name]}")
    changes += duplicates(after)
    return changes or list(_reordered(before, after))


def duplicates(schema: GroupSchema) -> list[str]:
    """Say which features a schema names twice."""
    names = [name for name, _ in schema.features]
    return [f"{name} is there twice" for name in sorted({*names}) if names.count(name) > 1]


def _reordered(before: GroupSchema, after: GroupSchema) -> Iterator[str]:
    for (was, _), (now, _) in zip(before.features, after.features, strict=False):
        if was != now:
            yield f"{now} stands where {was} stood"
            return


def _renamed(before: GroupSchema, after: GroupSchema, name: str) -> str:
    """Guess that a new feature in the same place is the old one under another name."""
    place = [each for each, _ in before.features].index(name)
    known = {each for each, _ in before.features}
    if place < len(after.features) and after.features[place][0] not in known:
        return f" (renamed to {after.features[place][0]}?)"
    return ""
