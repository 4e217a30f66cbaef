"""The checks against our own templates with what they look for taken out, everywhere at once.

The seeds show that a check can fail; this shows that it fails for each place that it looks at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pytest

from tests.assembly import Assembly, Document, Resource
from tests.controls.matrix import CHECKS

ENVIRONMENT = "everything"

TAKEN_OUT = {
    "C01": r"\w*(Kms|KMS)\w*Key\w*|KmsKey|AWSKMSKeyARN|\w*SecurityConfiguration",
    "C02": r"Statement|JDBC_ENFORCE_SSL",
    "C04": r"EnableNetworkIsolation",
    "C06": r"VpcConfig|SubnetIds?|AppNetworkAccessType",
    "C07": r"InitialInstanceCount|MinCapacity",
    "C09": r"Condition",
    "C12": r"IsLogging|(Advanced)?EventSelectors|RetentionInDays|LoggingConfiguration|TrafficType",
    "C13": r"KeyPolicy|EnableKeyRotation",
    "C14": r"ScanOnPush",
    "C16": r"AlarmActions|AutoRollbackConfiguration",
    "C20": r"Tags|ResourceTags|FileSystemTags|Backup(Plan|Vault)Tags",
    "C21": r"StoppingCondition|RetryPolicies|Timeout|TimeoutInMinutes|TimeoutSeconds",
    "C23": r"DeadLetterConfig|RedrivePolicy",
}
"""By row: the names of the properties without which nothing that it looks at is in order."""


@dataclass(frozen=True, eq=False)
class Without(Assembly):
    """An assembly in which some properties were never set."""

    names: re.Pattern[str]

    def resolved_properties(self, resource: Resource) -> Any:
        """Return the properties without them."""
        return _drop(super().resolved_properties(resource), self.names)

    @cached_property
    def documents(self) -> tuple[Document, ...]:
        """Return the documents without them."""
        documents = Assembly(self.templates).documents
        return tuple(replace(each, content=_drop(each.content, self.names)) for each in documents)


@dataclass(frozen=True, eq=False)
class With(Assembly):
    """An assembly in which every resource, and every document, has one more property."""

    more: Mapping[str, str]

    def resolved_properties(self, resource: Resource) -> Any:
        """Return the properties with it."""
        return {**super().resolved_properties(resource), **self.more}

    @cached_property
    def documents(self) -> tuple[Document, ...]:
        """Return the documents with it."""
        documents = Assembly(self.templates).documents
        return tuple(replace(each, content={**each.content, **self.more}) for each in documents)


def _drop(value: Any, names: re.Pattern[str]) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _drop(item, names) for key, item in value.items() if not names.fullmatch(str(key))
        }
    return [_drop(each, names) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("row", TAKEN_OUT)
def test_every_place_is_found_wrong(assembly: Assembly, row: str) -> None:
    """Each place that was in order is a violation once the property is gone."""
    templates = {ENVIRONMENT: assembly.templates[ENVIRONMENT]}
    before = list(CHECKS[row](Assembly(templates), ENVIRONMENT))
    mutated = Without(templates, re.compile(TAKEN_OUT[row]))
    after = list(CHECKS[row](mutated, ENVIRONMENT))

    assert any(not each.fault for each in before)
    assert after
    assert [each.where for each in after if not each.fault] == []


@pytest.mark.parametrize(
    ("row", "more"),
    [
        ("C18", {"MasterUserPassword": "hunter2-hunter2"}),
        ("C18", {"Command": "export SERVICE_TOKEN=hunter2-hunter2"}),
        ("C22", {"Image": "nowhere.dkr.ecr.example/model:latest"}),
        ("C25", {"Note": "in 123123123123"}),
        ("C25", {"Note": "in us-gov-west-1"}),
        ("C25", {"Note": "arn:aws-cn:s3:::bucket"}),
    ],
)
def test_every_resource_is_read(assembly: Assembly, row: str, more: dict[str, str]) -> None:
    """What must not be written is found in whichever resource or document somebody writes it."""
    templates = {ENVIRONMENT: assembly.templates[ENVIRONMENT]}
    found = list(CHECKS[row](With(templates, more), ENVIRONMENT))
    faulty = {each.where for each in found if each.fault}

    assert len(faulty) >= sum(len(stack["Resources"]) for stack in templates[ENVIRONMENT].values())


def test_every_survivor_is_looked_at(assembly: Assembly) -> None:
    """The templates of dev, which keep nothing, would fail in prod for each resource (C17)."""
    pretended = Assembly({"prod": assembly.templates["dev"]})
    found = list(CHECKS["C17"](pretended, "prod"))

    assert len(found) == len(list(CHECKS["C17"](assembly, "prod"))) > 0
    assert all(each.fault for each in found)


def test_every_image_is_looked_at(assembly: Assembly) -> None:
    """The same images by tag instead of digest are all found (C22)."""
    templates = {ENVIRONMENT: _tagged(assembly.templates[ENVIRONMENT])}
    before = list(CHECKS["C22"](assembly, ENVIRONMENT))
    after = list(CHECKS["C22"](Assembly(templates), ENVIRONMENT))

    assert len(after) == len(before) > 0
    assert all(each.fault for each in after)


def _tagged(value: Any) -> Any:
    if isinstance(value, str):
        return re.sub(r"@sha256:[0-9a-f]{64}", ":latest", value)
    if isinstance(value, Mapping):
        return {key: _tagged(item) for key, item in value.items()}
    return [_tagged(each) for each in value] if isinstance(value, list) else value
