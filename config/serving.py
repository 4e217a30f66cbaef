"""The settings of the serving."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from config import serving_rules as rules
from config.endpoint_kinds import AsynchronousConfig, ScheduledCapacity, ServerlessConfig
from config.sources import KeyArn
from config.types import AccountId, Days, EndpointInstanceType, EnvironmentName, matching
from pipeline_code.core.mistakes import Section

_SHORTEST_BAKE_MIN = 5
"""An alarm needs three bad minutes in a row, and some time to be told of them."""

_BY_KIND: Any = None
"""The default of a setting whose default depends on the kind."""


def _by_kind(values: Mapping[str, Any], otherwise: Any = None) -> BeforeValidator:
    """Let the kind of the endpoint decide on what is not given."""

    def default(value: Any, info: ValidationInfo) -> Any:
        if value is not None:
            return value
        return values.get(info.data.get("kind", rules.REALTIME), otherwise)

    return BeforeValidator(default)


Version = Annotated[int, Field(ge=1)]
Seconds = Annotated[int, Field(ge=0, le=86_400)]
Instances = Annotated[int, Field(ge=1, le=1000)]
BucketName = Annotated[
    str,
    matching(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of a bucket, without s3://"),
]
OtherBucket = Annotated[BucketName | None, AfterValidator(rules.check_other_registry)]
OtherKeyArn = Annotated[KeyArn | None, AfterValidator(rules.check_other_registry)]
Serverless = Annotated[
    ServerlessConfig | None,
    AfterValidator(rules.check_kind_section),
    _by_kind({rules.SERVERLESS: ServerlessConfig()}),
]
Asynchronous = Annotated[
    AsynchronousConfig | None,
    AfterValidator(rules.check_kind_section),
    _by_kind({rules.ASYNCHRONOUS: AsynchronousConfig()}),
]
Challenger = Annotated[Version | None, AfterValidator(rules.check_challenger)]
InstanceType = Annotated[EndpointInstanceType, AfterValidator(rules.check_instance_type)]
MinInstances = Annotated[int, Field(ge=0, le=1000), AfterValidator(rules.check_min_instances)]
MaxInstances = Annotated[Instances, AfterValidator(rules.check_max_instances)]
Schedule = Annotated[tuple[ScheduledCapacity, ...], AfterValidator(rules.check_schedule)]
ScalingMetric = Annotated[
    Literal["invocations", "concurrency", "backlog"] | None,
    AfterValidator(rules.check_scaling_metric),
    _by_kind({rules.ASYNCHRONOUS: "backlog", rules.SERVERLESS: None}, "invocations"),
]
Rollout = Annotated[
    Literal["all_at_once", "canary", "linear", "rolling", "shadow"],
    AfterValidator(rules.check_rollout),
    _by_kind({rules.SERVERLESS: rules.ALL_AT_ONCE}, rules.CANARY),
]
StepPercent = Annotated[int, Field(ge=5, le=50), AfterValidator(rules.check_step)]
WaitMinutes = Annotated[int, Field(ge=_SHORTEST_BAKE_MIN, le=60), AfterValidator(rules.check_wait)]
Milliseconds = Annotated[int, Field(ge=1, le=3_600_000), AfterValidator(rules.check_latency)]
Traffic = Annotated[
    Annotated[int, Field(ge=1, le=10_000_000)] | None, AfterValidator(rules.check_traffic)
]
CapturePercent = Annotated[
    int,
    Field(ge=0, le=100),
    AfterValidator(rules.check_capture),
    _by_kind({rules.REALTIME: 100}, 0),
]


class ServingConfig(Section):
    """Which version of the model serves, on what, and how a change reaches it.

    Without ``model_version`` nothing serves. The order of the fields matters: a rule sees those
    above its own.
    """

    model_version: Version | None = None
    registry_environment: EnvironmentName | None = None
    registry_account: AccountId | None = None
    registry_bucket: OtherBucket = None
    registry_key_arn: OtherKeyArn = None

    kind: Literal["realtime", "serverless", "asynchronous"] = "realtime"
    serverless: Serverless = None
    asynchronous: Asynchronous = None
    challenger_version: Challenger = None
    challenger_percent: Annotated[int, Field(ge=1, le=100)] = 100
    challenger_instances: Instances = 1

    instance_type: InstanceType = "ml.m5.large"
    min_instances: MinInstances = 2
    max_instances: MaxInstances = 4
    scheduled_capacity: Schedule = ()
    scaling_metric: ScalingMetric = _BY_KIND
    invocations_per_instance_per_min: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    concurrent_requests_per_instance: Annotated[int, Field(ge=1, le=10_000)] = 8
    scale_in_cooldown_sec: Seconds = 600
    scale_out_cooldown_sec: Seconds = 60

    rollout: Rollout = _BY_KIND
    rollout_step_percent: StepPercent = 50
    rollout_wait_min: WaitMinutes = 10
    errors_5xx_per_min: Annotated[int, Field(ge=1, le=1_000_000)] = 5
    latency_p99_ms: Milliseconds = 500
    min_invocations_per_5min: Traffic = None
    capture_percent: CapturePercent = _BY_KIND
    capture_days: Days = 90
    asynchronous_days: Days = 30

    @property
    def least_instances(self) -> int:
        """Return how few instances there can be, at any hour."""
        return rules.least_instances(self.__dict__)

    @property
    def is_scaled(self) -> bool:
        """Say whether the number of instances changes by itself."""
        if self.kind == rules.SERVERLESS:
            return False
        return self.max_instances > self.min_instances or bool(self.scheduled_capacity)
