"""Every way to serve that the settings allow is one that AWS takes; every other is refused.

All legal combinations of kind, rollout and scaling are synthesised once, as environments of
their own, and each is checked like the stacks of the real ones.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

import config
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.mistakes import parse
from tests.assembly import Assembly
from tests.controls.checks.delivery import endpoint_availability, rollback
from tests.deployed import Deployment
from tests.proofs.api_model import resource_problems
from tests.proofs.lint import lint

KINDS = ("realtime", "asynchronous", "serverless")
ROLLOUTS = ("all_at_once", "canary", "linear", "rolling", "shadow")
SCALINGS = {
    "none": "min_instances: 3, max_instances: 3",
    "invocations": "min_instances: 2, max_instances: 4, scaling_metric: invocations",
    "concurrency": "min_instances: 2, max_instances: 4, scaling_metric: concurrency",
    "backlog": "min_instances: 2, max_instances: 4, scaling_metric: backlog",
    "clock": "min_instances: 2, max_instances: 2, scheduled_capacity: [{name: night,"
    " schedule: 'cron(0 20 * * ? *)', min_instances: 2, max_instances: 3}]",
    "zero": "min_instances: 0, max_instances: 4",
    "warm": "serverless: {provisioned_concurrency: 4}",
    "cold": "serverless: {memory_mib: 4096, max_concurrency: 50}",
}
STEPWISE = {"canary", "linear", "rolling"}
ENVIRONMENT = """
environment: {environment}
usecase: fraud
protected: {protected}
tags: {{data_classification: internal, owner_team: somebody, cost_center: none}}
serving: {{model_version: 1, kind: {kind}, rollout: {rollout}, {more}}}
"""
ALL = tuple(itertools.product(KINDS, ROLLOUTS, SCALINGS))


def _is_legal(kind: str, rollout: str, scaling: str) -> bool:
    """Say by the documentation of SageMaker whether a combination can exist."""
    if kind == "serverless":
        return rollout == "all_at_once" and scaling in {"none", "warm", "cold"}
    if scaling in {"warm", "cold"}:
        return False
    if kind == "realtime":
        return scaling not in {"backlog", "zero"}
    if rollout == "shadow" or scaling in {"invocations", "concurrency"}:
        return False
    return scaling != "zero" or rollout not in STEPWISE


def _settings(kind: str, rollout: str, scaling: str) -> config.PlatformConfig:
    more = SCALINGS[scaling]
    if rollout == "shadow":
        more += ", challenger_version: 2"
    # What prod refuses on top of that is in tests/config/test_serving.py.
    is_prod = kind != "serverless" and scaling != "zero"
    text = ENVIRONMENT.format(
        environment="prod" if is_prod else "dev",
        protected="true" if is_prod else "false",
        kind=kind,
        rollout=rollout,
        more=more,
    )
    return parse(text, config.PlatformConfig, source="x.yaml")


LEGAL = {f"{'-'.join(each)}": each for each in ALL if _is_legal(*each)}
ILLEGAL = [each for each in ALL if not _is_legal(*each)]


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """The serving stack of every legal combination, beside one of each that it needs."""
    from aws_cdk import RemovalPolicy, Stage

    from stacks.data_stack import DataStack
    from stacks.foundation_stack import FoundationStack
    from stacks.names import Names
    from stacks.network_stack import NetworkStack
    from stacks.platform_app import PlatformApp
    from stacks.registry_stack import RegistryStack
    from stacks.serving_stack import ServingStack

    app = PlatformApp(
        outdir=str(tmp_path_factory.mktemp("cdk.out")), builtin_cloud_formation_validation=False
    )
    stage = Stage(app, "combinations")
    settings = _settings("realtime", "canary", "none")
    names = Names("prod", "fraud")
    kept: dict[str, Any] = {"settings": settings, "removal_policy": RemovalPolicy.RETAIN}
    named = {**kept, "names": names}
    foundation = FoundationStack(stage, "Foundation", **named)
    network = NetworkStack(stage, "Network", foundation=foundation, **named)
    data = DataStack(stage, "Data", foundation=foundation, **named)
    registry = RegistryStack(stage, "Registry", **named)
    for number, combination in enumerate(LEGAL.values()):
        ServingStack(
            stage,
            f"Serving{number}",
            settings=_settings(*combination),
            names=names,
            version=1,
            foundation=foundation,
            network=network,
            data=data,
            registry=registry,
        )
    found = {
        each.stack_name.rpartition("-")[2]: json.loads(
            Path(each.template_full_path).read_text(encoding="utf-8")
        )
        for each in stage.synth().stacks
    }
    return Assembly({"prod": found})


def _serving(assembly: Assembly, combination: str) -> dict[str, Any]:
    template = assembly.templates["prod"][f"Serving{list(LEGAL).index(combination)}"]
    return dict(template)


def _resources(template: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each for each in template["Resources"].values() if each["Type"] == kind]


@pytest.mark.parametrize("combination", LEGAL)
def test_cloudformation_takes_every_legal_combination(assembly: Assembly, combination: str) -> None:
    """Zero errors, zero warnings, zero hints."""
    assert lint(_serving(assembly, combination)) == []


def test_the_services_take_every_legal_combination(assembly: Assembly) -> None:
    """Members, enums, patterns, lengths and ranges of the calls that make the endpoints."""
    assert list(resource_problems(Deployment(assembly, "prod"))) == []


def test_every_endpoint_can_go_back(assembly: Assembly) -> None:
    """Control C16: alarms of the app, which tell somebody and know what silence means."""
    faults = [f"{each.where}: {each.fault}" for each in rollback(assembly, "prod") if each.fault]

    assert faults == []


def test_every_combination_of_prod_has_two_instances(assembly: Assembly) -> None:
    """Control C07; what sleeps is refused in prod by its settings."""
    asleep = {f"Serving{n}" for n, each in enumerate(LEGAL.values()) if each[2] == "zero"}
    faults = [
        each.where
        for each in endpoint_availability(assembly, "prod")
        if each.fault and not any(f"{name}/" in each.where for name in asleep)
    ]

    assert faults == []


@pytest.mark.parametrize("combination", LEGAL)
def test_an_update_keeps_what_the_traffic_made_of_the_endpoint(
    assembly: Assembly, combination: str
) -> None:
    """Unless nothing but the settings says how many instances there are."""
    template = _serving(assembly, combination)
    (endpoint,) = _resources(template, "AWS::SageMaker::Endpoint")
    excluded = [
        each["VariantPropertyType"]
        for each in endpoint["Properties"]["ExcludeRetainedVariantProperties"]
    ]
    is_scaled = bool(_resources(template, "AWS::ApplicationAutoScaling::ScalableTarget"))

    assert endpoint["Properties"]["RetainAllVariantProperties"] is True
    assert ("DesiredInstanceCount" in excluded) is not is_scaled


@pytest.mark.parametrize("combination", LEGAL)
def test_only_what_the_kind_has_is_in_its_configuration(
    assembly: Assembly, combination: str
) -> None:
    """Serverless has neither volume, capture nor network; a queue has answers and topics."""
    kind = LEGAL[combination][0]
    template = _serving(assembly, combination)
    (configuration,) = _resources(template, "AWS::SageMaker::EndpointConfig")
    (model, *_) = _resources(template, "AWS::SageMaker::Model")
    properties = configuration["Properties"]

    assert ("KmsKeyId" in properties) is (kind != "serverless")
    assert ("VpcConfig" in model["Properties"]) is (kind != "serverless")
    assert ("DataCaptureConfig" in properties) is (kind == "realtime")
    assert ("AsyncInferenceConfig" in properties) is (kind == "asynchronous")
    assert len(_resources(template, "AWS::SNS::Topic")) == (2 if kind == "asynchronous" else 0)


@pytest.mark.parametrize("combination", [name for name, each in LEGAL.items() if each[2] == "zero"])
def test_what_sleeps_wakes_for_the_first_request(assembly: Assembly, combination: str) -> None:
    """The backlog per instance is no number without an instance: another policy starts one."""
    template = _serving(assembly, combination)
    (target,) = _resources(template, "AWS::ApplicationAutoScaling::ScalableTarget")
    (configuration,) = _resources(template, "AWS::SageMaker::EndpointConfig")
    (variant,) = configuration["Properties"]["ProductionVariants"]
    alarms = [
        each["Properties"]
        for each in _resources(template, "AWS::CloudWatch::Alarm")
        if each["Properties"]["MetricName"] == "HasBacklogWithoutCapacity"
    ]

    assert target["Properties"]["MinCapacity"] == 0
    assert variant["InitialInstanceCount"] == 1
    assert len(alarms) == 1
    assert alarms[0]["AlarmActions"]


@pytest.mark.parametrize("combination", ILLEGAL, ids="-".join)
def test_every_other_combination_is_refused_when_loading(
    combination: tuple[str, str, str],
) -> None:
    """With the way out, and before anything is deployed."""
    with pytest.raises(SettingsError) as error:
        _settings(*combination)

    for mistake in error.value.mistakes:
        assert "serving." in mistake
        assert any(way_out in mistake for way_out in ("take ", "leave it out", "set "))
