"""SageMaker, Glue and CodeBuild would take what the templates and the pipeline ask for."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.assembly import Assembly
from tests.deployed import Deployment
from tests.proofs import api_model
from tests.proofs.conftest import PLATFORMS
from tests.proofs.pipeline_model import definition_problems, steps_of


def pipeline_definition(
    assembly: Assembly, environment: str, stack: str = "Training"
) -> dict[str, Any]:
    """Return the definition that a stack hands to SageMaker, as it would be deployed."""
    (pipeline,) = (
        each
        for each in assembly.find("AWS::SageMaker::Pipeline", environment=environment)
        if each.stack == stack
    )
    properties = Deployment(assembly, environment).properties(pipeline)
    found: dict[str, Any] = json.loads(properties["PipelineDefinition"]["PipelineDefinitionBody"])
    return found


@pytest.fixture(scope="module")
def dev(assembly: Assembly) -> dict[str, Any]:
    """The pipeline definition of dev; nobody may change it."""
    return pipeline_definition(assembly, "dev")


def test_the_services_take_every_resource(assembly: Assembly, environment: str) -> None:
    """Members, enums, patterns, lengths and ranges of the calls that make the resources."""
    assert list(api_model.resource_problems(Deployment(assembly, environment))) == []


def test_the_check_reaches_the_resources(assembly: Assembly) -> None:
    """An empty list of problems is worth something only if something was looked at."""
    types = api_model.checked_types(Deployment(assembly, "everything"))

    assert types >= {
        "AWS::Glue::Crawler",
        "AWS::Glue::Database",
        "AWS::Glue::SecurityConfiguration",
        "AWS::SageMaker::FeatureGroup",
        "AWS::SageMaker::ModelPackageGroup",
        "AWS::SageMaker::Pipeline",
    }


@pytest.mark.parametrize("environment", PLATFORMS)
@pytest.mark.parametrize("stack", ["Training", "Batch"])
def test_sagemaker_takes_the_pipeline(assembly: Assembly, environment: str, stack: str) -> None:
    """Every step's arguments, every reference, and what is around them."""
    assert definition_problems(pipeline_definition(assembly, environment, stack)) == []


FEATURE = {"FeatureName": "AMOUNT", "FeatureType": "Fractional"}
GROUP = {
    "FeatureGroupName": "customers-v1",
    "RecordIdentifierFeatureName": "CUSTOMER_ID",
    "EventTimeFeatureName": "EventTime",
    "FeatureDefinitions": [FEATURE],
}
PROJECT = {
    "Source": {"Type": "NO_SOURCE"},
    "Artifacts": {"Type": "NO_ARTIFACTS"},
    "ServiceRole": "arn:aws:iam::111122223333:role/Build",
    "Environment": {
        "Type": "LINUX_CONTAINER",
        "Image": "aws/codebuild/standard:7.0",
        "ComputeType": "BUILD_GENERAL1_SMALL",
    },
}


@pytest.mark.parametrize(
    ("kind", "properties", "problem"),
    [
        ("SageMaker::FeatureGroup", {**GROUP, "FeatureGroupName": "a" * 65}, "does not match"),
        ("SageMaker::FeatureGroup", {**GROUP, "FeatureGroupName": "customers v1"}, "not match"),
        ("SageMaker::FeatureGroup", {**GROUP, "FeatureDefinitions": []}, "allowed: 1 to 2500"),
        (
            "SageMaker::FeatureGroup",
            {**GROUP, "FeatureDefinitions": [{**FEATURE, "FeatureType": "Float"}]},
            "none of the allowed values",
        ),
        ("SageMaker::FeatureGroup", {**GROUP, "RoleArn": "Trainer"}, "does not match"),
        ("SageMaker::FeatureGroup", {**GROUP, "Descripton": ""}, "did you mean 'Description'"),
        ("SageMaker::Pipeline", {"PipelineName": "a", "PipelineDefinition": "{}"}, "RoleArn is"),
        ("Glue::Crawler", {"Targets": {"S3Targets": [{"Pth": "s3://raw/"}]}}, "Role is missing"),
        (
            "Glue::Crawler",
            {"Role": "Crawler", "Targets": {}, "RecrawlPolicy": {"RecrawlBehavior": "EVERYTHING"}},
            "none of the allowed values",
        ),
        (
            "Glue::Job",
            {"Role": "Landing", "Command": {"Name": "glueetl"}, "WorkerType": "G.3X"},
            "none of the allowed values",
        ),
        ("Glue::Job", {"Role": "Landing", "Command": {}, "Timeout": 0}, "allowed: 1 to"),
        ("Glue::Job", {"Role": "Landing", "Command": {}, "MaxRetries": "often"}, "be a number"),
        (
            "CodeBuild::Project",
            {**PROJECT, "Environment": {**PROJECT["Environment"], "ComputeType": "SMALL"}},
            "none of the allowed values",
        ),
        ("CodeBuild::Project", {**PROJECT, "TimeoutInMinutes": 3000}, "allowed: 5 to 2160"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_seeded_fault_in_a_resource_is_found(
    kind: str, properties: dict[str, Any], problem: str
) -> None:
    """What only the service's own model knows."""
    assert any(problem in found for found in api_model.create_problems(f"AWS::{kind}", properties))


@pytest.mark.parametrize(
    ("kind", "properties"),
    [("SageMaker::FeatureGroup", GROUP), ("CodeBuild::Project", PROJECT)],
    ids=["FeatureGroup", "Project"],
)
def test_the_resources_before_the_faults_are_sound(kind: str, properties: dict[str, Any]) -> None:
    """The faults above are found for what they are. CloudFormation gives a project its name."""
    assert list(api_model.create_problems(f"AWS::{kind}", properties)) == []


def _set(step: str, path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Return a fault: the value at ``path`` of a step, its keys divided by ``/``, is another."""

    def fault(definition: dict[str, Any]) -> None:
        (node,) = (each for each in steps_of(definition) if each["Name"] == step)
        *parents, last = path.split("/")
        for key in parents:
            node = node[int(key)] if key.isdigit() else node[key]  # type: ignore[call-overload]
        node[last] = value  # type: ignore[index]

    return fault


def _parameter(name: str, **values: Any) -> Callable[[dict[str, Any]], None]:
    """Return a fault: a parameter of the pipeline has other values."""

    def fault(definition: dict[str, Any]) -> None:
        (found,) = (each for each in definition["Parameters"] if each["Name"] == name)
        found.update(values)

    return fault


CLUSTER = "Arguments/ProcessingResources/ClusterConfig"
RETRY = {"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 3}


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (_parameter("TrainingInstanceType", DefaultValue="ml.m5.huge"), "'ml.m5.huge' is none of"),
        (_parameter("ProcessingInstanceType", DefaultValue="m5.xlarge"), "none of the allowed"),
        (_parameter("TrainingInstanceType", Type="Text"), "is none of String"),
        (_parameter("TrainingInstanceType", DefaultValue=4), "is no String"),
        (_parameter("ModelApprovalStatus", DefaultValue="Aproved"), "default is none of"),
        (_set("Prepare", f"{CLUSTER}/InstanceCount", 0), "supported: 1"),
        (_set("Prepare", f"{CLUSTER}/VolumeSizeInGB", 20_000), "allowed: 1 to 16384"),
        (_set("Prepare", "Arguments/RoleArn", "PrepareRole"), "does not match"),
        (_set("Prepare", "Arguments/StoppingCondition/MaxRuntimeInSeconds", "soon"), "a number"),
        (_set("Prepare", "Arguments/Environment", {"a b": "c"}), "does not match"),
        (_set("Prepare", "Arguments/AppSpecification/ContainerEntrypoint", ["x" * 257]), "256"),
        (_set("Train", "Arguments/AlgorithmSpecification/TrainingInputMode", "Disk"), "Disk"),
        (_set("Train", "Arguments/HyperParameters", {"depth": "1" * 2501}), "2500"),
        (_set("Train", "Arguments/ResourcConfig", {}), "did you mean 'ResourceConfig'"),
        (_set("Train", "DependsOn", ["Prepair"]), "did you mean 'Prepare'"),
        (_set("Prepare", "DependsOn", ["Train"]), "wait for one another"),
        (_set("Train", "Arguments/Environment", {"A": {"Get": "Steps.Nobody.Name"}}), "nothing in"),
        (_set("Train", "Arguments/Environment", {"A": {"Get": "Parameters.X"}}), "nothing in"),
        (
            _set("Train", "Arguments/Environment", {"A": {"Get": "Steps.Prepare.ModelArtifacts"}}),
            "is not in what describes",
        ),
        (_set("Train", "Name", "a" * 65), "64 letters"),
        (_set("Train", "Type", "Trainning"), "did you mean 'Training'"),
        (_set("Train", "CacheConfig", {"Enabled": True, "ExpireAfter": "30 days"}), "ISO 8601"),
        (_set("Train", "CacheConfig", {"Enabled": "yes"}), "true or false"),
        (_set("Train", "RetryPolicies", [{**RETRY, "MaxAttempts": 50}]), "within 1-20"),
        (_set("Train", "RetryPolicies", [{"ExceptionType": ["Step.THROTTLING"]}]), "ends it"),
        (_set("Train", "RetryPolicies", [{**RETRY, "ExceptionType": ["All"]}]), "is unknown"),
        (_set("Prepare", "PropertyFiles", [{"PropertyFileName": "Profile"}]), "needs FilePath"),
    ],
)
def test_a_seeded_fault_in_the_pipeline_is_found(
    dev: dict[str, Any], fault: Callable[[dict[str, Any]], None], problem: str
) -> None:
    """Instance types, enums, lengths, references, circles, retries and caches."""
    definition = copy.deepcopy(dev)
    fault(definition)

    assert any(problem in found for found in definition_problems(definition))
