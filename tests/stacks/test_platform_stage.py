"""One environment: its stacks, what protects them, what they are called."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import config
from tests.schemas import tag_property

Templates = dict[str, dict[str, dict[str, Any]]]

STATEFUL_IDS = Path(__file__).parent / "stateful_ids.json"
STATEFUL_TYPES = {
    "AWS::Backup::BackupVault",
    "AWS::DynamoDB::Table",
    "AWS::ECR::Repository",
    "AWS::Glue::Database",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::S3::Bucket",
    "AWS::SageMaker::Domain",
    "AWS::SageMaker::FeatureGroup",
    "AWS::SageMaker::MlflowApp",
    "AWS::SageMaker::ModelPackageGroup",
}
STATELESS_STACKS = {"Batch", "Monitoring", "Serving", "Sources", "Training"}


def _resources(templates: Templates, environment: str) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (stack, name, resource)
        for stack, template in templates[environment].items()
        for name, resource in template["Resources"].items()
    ]


def test_stacks_have_readable_names(platform_app: Any) -> None:
    """A person who looks at CloudFormation sees platform, environment and purpose."""
    stage = platform_app.stages["dev"]

    names = {artifact.stack_name for artifact in stage.synth().stacks}

    assert names >= {"acequia-dev-Foundation", "acequia-dev-Data", "acequia-dev-Training"}
    assert all(re.fullmatch(r"acequia-dev-[A-Z][a-z]+", name) for name in names)


def test_what_training_needs_is_deployed_before(platform_app: Any) -> None:
    """The pipeline names feature groups and a registry that must be there when it runs."""
    needed = {
        artifact.stack_name: {each.id for each in artifact.dependencies}
        for artifact in platform_app.stages["dev"].synth().stacks
    }["acequia-dev-Training"]

    for stack in ("Foundation", "Data", "Features", "Registry"):
        assert any(each.startswith(f"acequiadev{stack}") for each in needed), stack


@pytest.mark.parametrize("environment", config.ENVIRONMENTS)
def test_stateful_and_stateless_never_share_a_stack(templates: Templates, environment: str) -> None:
    """What can be made again must be deletable without touching what cannot."""
    for stack, template in templates[environment].items():
        types = {resource["Type"] for resource in template["Resources"].values()}

        assert bool(types & STATEFUL_TYPES) is (stack not in STATELESS_STACKS), stack


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_stateful_resources_survive_their_stack(templates: Templates, environment: str) -> None:
    """Deleting a stack, or a replacement by accident, keeps keys, data and models."""
    stateful = [
        (name, resource)
        for _, name, resource in _resources(templates, environment)
        if resource["Type"] in STATEFUL_TYPES
    ]

    assert stateful
    for name, resource in stateful:
        assert resource.get("DeletionPolicy") == "Retain", name
        assert resource.get("UpdateReplacePolicy") == "Retain", name


def test_dev_leaves_nothing_behind(templates: Templates) -> None:
    """An environment for trying things can be taken down without orphans."""
    kept = [
        name
        for _, name, resource in _resources(templates, "dev")
        if resource.get("DeletionPolicy") == "Retain"
    ]

    assert kept == []


def test_protected_environments_have_termination_protection(platform_app: Any) -> None:
    """No stack of prod or staging goes with one click; those of dev do."""
    protection = {
        environment: {
            artifact.termination_protection
            for artifact in platform_app.stages[environment].synth().stacks
        }
        for environment in config.ENVIRONMENTS
    }

    assert protection == {"dev": {False}, "staging": {True}, "prod": {True}}


@pytest.mark.parametrize("environment", config.ENVIRONMENTS)
def test_logical_ids_of_stateful_resources_are_locked(
    templates: Templates, environment: str
) -> None:
    """A renamed construct would make CloudFormation abandon a bucket and make an empty one.

    A line may be added to the list; changing or removing one needs a migration.
    """
    found: dict[str, dict[str, str]] = {}
    for stack, name, resource in _resources(templates, environment):
        if resource["Type"] in STATEFUL_TYPES:
            found.setdefault(stack, {})[name] = resource["Type"]

    assert found == json.loads(STATEFUL_IDS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("environment", config.ENVIRONMENTS)
def test_every_resource_carries_the_tags(templates: Templates, environment: str) -> None:
    """Whose it is, what it costs whom and how secret it is can be asked of each resource.

    Whether a type takes tags, and in which property, is what CloudFormation's schema says.
    """
    settings = config.load(environment)
    expected = {
        "Environment": environment,
        "DataClassification": settings.tags.data_classification,
        "OwnerTeam": settings.tags.owner_team,
        "CostCenter": settings.tags.cost_center,
    }
    for stack, name, resource in _resources(templates, environment):
        tag = tag_property(resource["Type"])
        if tag is not None:
            tags = resource["Properties"].get(tag, {})
            if isinstance(tags, list):
                tags = {each["Key"]: each["Value"] for each in tags}
            assert {key: tags.get(key) for key in expected} == expected, f"{stack}/{name}"


def test_most_resources_take_tags(templates: Templates) -> None:
    """The schemas are there and are read: otherwise the test above would look at nothing."""
    tagged = {
        resource["Type"]
        for _, _, resource in _resources(templates, "prod")
        if tag_property(resource["Type"]) is not None
    }

    assert tagged >= {
        "AWS::Budgets::Budget",
        "AWS::IAM::Role",
        "AWS::KMS::Key",
        "AWS::S3::Bucket",
        "AWS::SageMaker::FeatureGroup",
        "AWS::SageMaker::Pipeline",
    }


@pytest.mark.parametrize("environment", config.ENVIRONMENTS)
def test_templates_fit_any_account_region_and_partition(
    templates: Templates, environment: str
) -> None:
    """The same templates serve every account, China and GovCloud included."""
    text = json.dumps(templates[environment])

    # A number of JSON (bytes, for instance) may have twelve digits; an account is a string.
    assert re.findall(r"(?<!\": )\b\d{12}\b", text) == []
    assert re.findall(r"\b(?:af|ap|ca|eu|il|me|mx|sa|us|cn)-[a-z]+(?:-[a-z]+)?-\d\b", text) == []
    assert re.findall(r"arn:aws[a-z-]*:", text) == []


def test_environments_differ_in_values_only(templates: Templates) -> None:
    """What is tried in dev is what runs in prod: the same resources under the same ids."""
    shapes = {
        environment: {
            (stack, name, resource["Type"])
            for stack, name, resource in _resources(templates, environment)
        }
        for environment in config.ENVIRONMENTS
    }

    assert shapes["dev"] == shapes["staging"] == shapes["prod"]
