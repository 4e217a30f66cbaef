"""The endpoint: isolated, encrypted, and able to take a bad version back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import config
from pipeline_code.core.mistakes import parse

Templates = dict[str, dict[str, dict[str, Any]]]
EVERYTHING = "everything"
ONE_INSTANCE = """
environment: dev
usecase: fraud
protected: false
tags: {data_classification: internal, owner_team: somebody, cost_center: none}
serving: {model_version: 1, min_instances: 1, max_instances: 1, rollout: all_at_once}
"""


def _all(assembly: Any, kind: str) -> list[Any]:
    return [each for each in assembly.find(kind, environment=EVERYTHING) if each.stack == "Serving"]


def _one(assembly: Any, kind: str) -> Any:
    (found,) = _all(assembly, kind)
    return found


def _variants(assembly: Any) -> tuple[Any, Any]:
    configuration = _one(assembly, "AWS::SageMaker::EndpointConfig").properties
    (champion,) = configuration["ProductionVariants"]
    (challenger,) = configuration["ShadowProductionVariants"]
    return champion, challenger


def _package(assembly: Any, variant: Any) -> str:
    configuration = _one(assembly, "AWS::SageMaker::EndpointConfig")
    model = assembly.target(configuration, variant["ModelName"])
    (container,) = model.properties["Containers"]
    assert set(container) == {"ModelPackageName"}
    return str(assembly.text(model, container["ModelPackageName"]))


@pytest.mark.parametrize("environment", config.ENVIRONMENTS)
def test_nothing_serves_before_a_version_is_chosen(templates: Templates, environment: str) -> None:
    """A first deployment has no model, and its other stacks do not wait for one."""
    assert "Serving" not in templates[environment]


def test_the_chosen_versions_of_the_group_serve(assembly: Any) -> None:
    """The models are versions of the registry, by number, and nothing put in by hand."""
    champion, challenger = _variants(assembly)

    assert _package(assembly, champion).endswith(":model-package/acequia-everything-fraud/7")
    assert _package(assembly, challenger).endswith(":model-package/acequia-everything-fraud/8")


def test_the_challenger_answers_nobody(assembly: Any) -> None:
    """It is a shadow: it gets a quarter of the requests, and its share changes with settings."""
    champion, challenger = _variants(assembly)
    endpoint = _one(assembly, "AWS::SageMaker::Endpoint").properties
    excluded = {
        each["VariantPropertyType"] for each in endpoint["ExcludeRetainedVariantProperties"]
    }

    assert (champion["VariantName"], champion["InitialVariantWeight"]) == ("champion", 1)
    assert (challenger["VariantName"], challenger["InitialVariantWeight"]) == ("challenger", 0.25)
    assert challenger["InitialInstanceCount"] == 2
    assert excluded == {"DesiredWeight"}


def test_the_models_are_isolated_and_in_the_network(assembly: Any) -> None:
    """SageMaker.4 and SageMaker.5 of Security Hub: the container reaches nothing."""
    models = _all(assembly, "AWS::SageMaker::Model")

    assert len(models) == 2
    for model in models:
        network = model.properties["VpcConfig"]
        assert model.properties["EnableNetworkIsolation"] is True
        assert len(network["Subnets"]) >= 2
        assert assembly.target(model, network["SecurityGroupIds"][0]).stack == "Network"


@pytest.mark.parametrize("kind", ["AWS::SageMaker::Model", "AWS::SageMaker::EndpointConfig"])
def test_what_can_only_be_made_anew_has_no_name(assembly: Any, kind: str) -> None:
    """A named one could not be replaced, for its name would be taken."""
    for each in _all(assembly, kind):
        assert not {"ModelName", "EndpointConfigName"} & set(each.properties)


def test_the_endpoint_rolls_back_on_alarms_that_are_there(assembly: Any) -> None:
    """Errors, latency and silence; by reference, so that they exist before the endpoint."""
    endpoint = _one(assembly, "AWS::SageMaker::Endpoint")
    rollback = endpoint.properties["DeploymentConfig"]["AutoRollbackConfiguration"]
    alarms = [assembly.target(endpoint, each["AlarmName"]) for each in rollback["Alarms"]]

    assert {each.properties["MetricName"] for each in alarms} == {
        "Invocation5XXErrors",
        "ModelLatency",
        "Invocations",
    }
    for alarm in alarms:
        assert alarm.properties["AlarmActions"]
        assert alarm.properties["TreatMissingData"] in {"breaching", "notBreaching"}


def test_alarms_watch_this_endpoint_and_its_variant(assembly: Any) -> None:
    """Names that are written twice must be the same ones."""
    endpoint = _one(assembly, "AWS::SageMaker::Endpoint")
    variant, _ = _variants(assembly)
    alarms = [
        each
        for each in assembly.find("AWS::CloudWatch::Alarm", environment=EVERYTHING)
        if each.stack == "Serving"
    ]

    assert len(alarms) == 3
    for alarm in alarms:
        watched = {each["Name"]: each["Value"] for each in alarm.properties["Dimensions"]}
        assert watched == {
            "EndpointName": endpoint.properties["EndpointName"],
            "VariantName": variant["VariantName"],
        }


def test_a_new_version_starts_with_the_instances_that_are_needed(assembly: Any) -> None:
    """Without it an update in the rush hour would begin with as few as at night."""
    endpoint = _one(assembly, "AWS::SageMaker::Endpoint")

    assert endpoint.properties["RetainAllVariantProperties"] is True


def test_a_champion_beside_a_challenger_is_replaced_at_once_and_watched(assembly: Any) -> None:
    """Shadow says what the challenger does; an update still waits for alarms before it ends."""
    endpoint = _one(assembly, "AWS::SageMaker::Endpoint")
    policy = endpoint.properties["DeploymentConfig"]["BlueGreenUpdatePolicy"]

    assert policy["TrafficRoutingConfiguration"] == {
        "Type": "ALL_AT_ONCE",
        "WaitIntervalInSeconds": 900,
    }
    assert policy["TerminationWaitInSeconds"] == 900


def test_volumes_and_captured_requests_are_encrypted_with_our_key(assembly: Any) -> None:
    """Captured requests hold what customers sent."""
    configuration = _one(assembly, "AWS::SageMaker::EndpointConfig")
    capture = configuration.properties["DataCaptureConfig"]

    for value in (configuration.properties["KmsKeyId"], capture["KmsKeyId"]):
        assert assembly.target(configuration, value).logical_id.startswith("DataKey")
    assert capture["EnableCapture"] is True
    assert capture["InitialSamplingPercentage"] == 50
    assert "/fraud/capture" in assembly.text(configuration, capture["DestinationS3Uri"])


def test_the_role_writes_captures_and_nothing_else(statements: list[Any]) -> None:
    """Who serves can neither change a model nor approve one."""
    found = [
        each
        for each in statements
        if each.environment == EVERYTHING
        and each.stack == "Serving"
        and each.kind == "identity"
        and each.resource.startswith("RoleDefaultPolicy")
    ]
    writes = [each for each in found if "s3:PutObject" in each.actions]

    assert [json.dumps(each.resources).count("/fraud/capture/*") for each in writes] == [1]
    assert not [
        action for each in found for action in each.actions if action.startswith("sagemaker:")
    ]


def test_the_endpoint_scales_between_its_limits(assembly: Any) -> None:
    """On requests at once per instance, and only once the endpoint is there."""
    target = _one(assembly, "AWS::ApplicationAutoScaling::ScalableTarget")
    policy = _one(assembly, "AWS::ApplicationAutoScaling::ScalingPolicy")
    tracking = policy.properties["TargetTrackingScalingPolicyConfiguration"]

    assert (target.properties["MinCapacity"], target.properties["MaxCapacity"]) == (3, 9)
    assert "EndpointName}/variant/champion" in assembly.text(
        target, target.properties["ResourceId"]
    )
    assert tracking["PredefinedMetricSpecification"] == {
        "PredefinedMetricType": "SageMakerVariantConcurrentRequestsPerModelHighResolution"
    }
    assert tracking["TargetValue"] == 12


def test_the_limits_follow_the_clock(assembly: Any) -> None:
    """More before the rush hour than the traffic asks for yet, fewer at night."""
    target = _one(assembly, "AWS::ApplicationAutoScaling::ScalableTarget")
    actions = {each["ScheduledActionName"]: each for each in target.properties["ScheduledActions"]}

    assert set(actions) == {"workdays", "nights"}
    assert actions["workdays"]["Timezone"] == "Europe/Berlin"
    assert actions["nights"]["ScalableTargetAction"] == {"MinCapacity": 2, "MaxCapacity": 4}


def test_consumers_find_the_name_of_the_endpoint(assembly: Any) -> None:
    """Beside what else is published for the use case."""
    parameter = _one(assembly, "AWS::SSM::Parameter")

    assert parameter.properties["Name"] == "/acequia/everything/fraud/endpoint/name"
    assert "EndpointName" in assembly.text(parameter, parameter.properties["Value"])


def test_requests_and_answers_are_forgotten_in_time(assembly: Any) -> None:
    """They hold what customers sent; how long they stay is a setting, and not for ever."""
    (bucket,) = (
        each
        for each in assembly.find("AWS::S3::Bucket", environment=EVERYTHING)
        if each.logical_id.startswith("Artifacts")
    )
    rules = bucket.properties["LifecycleConfiguration"]["Rules"]
    days = {each["Prefix"]: each["ExpirationInDays"] for each in rules if "Prefix" in each}

    assert days.items() >= {"fraud/capture/": 120, "fraud/asynchronous/": 14}.items()


def test_equal_limits_take_the_scaling_off(tmp_path: Path) -> None:
    """The way to another instance type: what does not scale may change it."""
    from stacks.platform_app import PlatformApp

    app = PlatformApp(outdir=str(tmp_path), builtin_cloud_formation_validation=False)
    app.define([parse(ONE_INSTANCE, config.PlatformConfig, source="dev.yaml")])
    (stack,) = (
        each for each in app.stages["dev"].synth().stacks if each.stack_name.endswith("-Serving")
    )
    template = json.loads(Path(stack.template_full_path).read_text(encoding="utf-8"))
    types = {each["Type"] for each in template["Resources"].values()}

    assert "AWS::SageMaker::Endpoint" in types
    assert not any(each.startswith("AWS::ApplicationAutoScaling") for each in types)


def test_the_log_group_is_there_before_sagemaker_makes_it(assembly: Any) -> None:
    """With our key and a retention, in a stack that outlives the endpoint."""
    endpoint = _one(assembly, "AWS::SageMaker::Endpoint")
    (group,) = (
        each
        for each in assembly.find("AWS::Logs::LogGroup", environment=EVERYTHING)
        if each.properties.get("LogGroupName", "").startswith("/aws/sagemaker/Endpoints/")
    )

    assert group.properties["LogGroupName"].endswith(f"/{endpoint.properties['EndpointName']}")
    assert group.properties["KmsKeyId"]
    assert group.stack == "Foundation"
