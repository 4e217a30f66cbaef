"""The settings of the serving: combinations that SageMaker would refuse are refused at load."""

from __future__ import annotations

import pytest

from config.schema import PlatformConfig
from config.serving import ServingConfig
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.mistakes import parse

ENVIRONMENT = """
environment: {environment}
usecase: fraud
protected: true
tags: {{data_classification: internal, owner_team: somebody, cost_center: none}}
serving: {{min_instances: 1, max_instances: 2, rollout: all_at_once}}
"""


def _serving(text: str) -> ServingConfig:
    return parse(text, ServingConfig, source="x.yaml")


def test_nothing_serves_until_a_version_is_chosen() -> None:
    """The first deployment has no approved model, and must work without one."""
    assert _serving("{}").model_version is None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("model_version: 0", "model_version"),
        ("model_version: latest", "model_version"),
        ("instance_type: m5.large", "instance_type"),
        ("instance_type: ml.m99.large", "instance_type"),
        ("instance_type: ml.m5.huge", "instance_type"),
        ("instance_type: ml.inf1.xlarge", "instance_type"),
        ("min_instances: 0", "min_instances"),
        ("{min_instances: 3, max_instances: 2}", "max_instances"),
        ("min_instances: 5", "max_instances"),
        ("{min_instances: 1, rollout: canary}", "rollout"),
        ("{min_instances: 1, rollout: linear}", "rollout"),
        ("rollout: bluegreen", "rollout"),
        ("{min_instances: 2, rollout_step_percent: 40}", "rollout_step_percent"),
        ("rollout_step_percent: 60", "rollout_step_percent"),
        ("rollout_step_percent: 5", "rollout_step_percent"),
        ("rollout_wait_min: 4", "rollout_wait_min"),
        ("rollout_wait_min: 61", "rollout_wait_min"),
        (
            "{min_instances: 10, max_instances: 10, rollout: linear, rollout_step_percent: 10,"
            " rollout_wait_min: 60}",
            "rollout_wait_min",
        ),
        ("latency_p99_ms: 0", "latency_p99_ms"),
        ("latency_p99_ms: 60001", "latency_p99_ms"),
        ("latency_p99: 500", "latency_p99"),
        ("errors_5xx_per_min: 0", "errors_5xx_per_min"),
        ("min_invocations_per_5min: 0", "min_invocations_per_5min"),
        ("capture_percent: 101", "capture_percent"),
        ("scale_in_cooldown_sec: -1", "scale_in_cooldown_sec"),
        ("challenger_version: 2", "challenger_version"),
        ("{model_version: 2, challenger_version: 2, rollout: shadow}", "challenger_version"),
        ("{model_version: 1, challenger_version: 2, rollout: rolling}", "rollout"),
        ("{model_version: 1, rollout: shadow}", "rollout"),
        (
            "{model_version: 1, challenger_version: 2, rollout: shadow, capture_percent: 0}",
            "capture_percent",
        ),
        ("{kind: serverless, capture_percent: 5}", "capture_percent"),
        ("{kind: serverless, serverless: {memory_mib: 1500}}", "serverless.memory_mib"),
        (
            "{kind: serverless, serverless: {max_concurrency: 5, provisioned_concurrency: 6}}",
            "serverless.provisioned_concurrency",
        ),
        ("serverless: {memory_mib: 1024}", "serverless"),
        ("{kind: asynchronous, min_invocations_per_5min: 5}", "min_invocations_per_5min"),
        (
            "{rollout: linear, min_instances: 20, max_instances: 20, rollout_step_percent: 5}",
            "rollout_step_percent",
        ),
        ("registry_key_arn: arn:aws:kms:eu-west-1:111122223333:key/abc", "registry_key_arn"),
        (
            "scheduled_capacity: [{name: night, schedule: 'cron(0 20 * * * *)', min_instances: 2,"
            " max_instances: 3}]",
            "scheduled_capacity.0.schedule",
        ),
        (
            "scheduled_capacity: [{name: night, schedule: 'cron(0 20 * * ? *)', min_instances: 1,"
            " max_instances: 3}]",
            "rollout",
        ),
        ("invocations_per_instance_per_min: 0", "invocations_per_instance_per_min"),
    ],
)
def test_bad_settings_are_refused_when_loading(text: str, place: str) -> None:
    """Each mistake names its place, and is the only one."""
    with pytest.raises(SettingsError) as error:
        _serving(text)
    (mistake,) = error.value.mistakes

    assert f"{place}: " in mistake


def test_a_canary_of_one_instance_says_what_to_do() -> None:
    """The default is a canary, so who sets one instance must hear of it in words."""
    with pytest.raises(SettingsError, match="raise min_instances to 2, or take all_at_once"):
        _serving("{min_instances: 1, max_instances: 1}")


@pytest.mark.parametrize(
    "text",
    [
        "{min_instances: 1, max_instances: 1, rollout: all_at_once}",
        "{min_instances: 1, max_instances: 2, rollout: all_at_once, rollout_step_percent: 10}",
        "{min_instances: 2, rollout: canary, rollout_step_percent: 50}",
        "{min_instances: 4, rollout: linear, rollout_step_percent: 25, rollout_wait_min: 60}",
    ],
)
def test_what_works_is_allowed(text: str) -> None:
    """The bounds themselves are allowed, and a step is no matter where there are none."""
    assert _serving(text)


def test_prod_has_two_instances() -> None:
    """One instance is one zone; elsewhere it is a way to save."""
    with pytest.raises(SettingsError, match="at least 2 in prod, given 1") as error:
        parse(ENVIRONMENT.format(environment="prod"), PlatformConfig, source="prod.yaml")

    assert len(error.value.mistakes) == 1
    assert parse(ENVIRONMENT.format(environment="dev"), PlatformConfig, source="dev.yaml")


def test_a_protected_environment_serves_inside_its_network() -> None:
    """Serverless has neither the VPC nor the isolation that the controls promise."""
    text = ENVIRONMENT.format(environment="staging")
    text = text.replace("min_instances: 1, max_instances: 2", "kind: serverless")

    with pytest.raises(SettingsError, match="serverless runs outside the VPC"):
        parse(text, PlatformConfig, source="staging.yaml")


def test_another_account_is_named_with_what_cannot_be_looked_up() -> None:
    """Its parameters cannot be read from here, so bucket and key are said."""
    with pytest.raises(SettingsError) as error:
        _serving("registry_account: '111122223333'")

    assert len(error.value.mistakes) == 2
