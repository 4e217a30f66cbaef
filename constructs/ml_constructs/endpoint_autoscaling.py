"""As many instances as the traffic needs, between limits that may follow the clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from ml_constructs.endpoint import Endpoint

_NAMESPACE = "sagemaker"
_DIMENSION = "sagemaker:variant:DesiredInstanceCount"
_METRICS = "AWS/SageMaker"
_WAKE_COOLDOWN_SEC = 300

_Policy = autoscaling.CfnScalingPolicy
_Target = autoscaling.CfnScalableTarget


@dataclass(frozen=True)
class ScheduledLimits:
    """Other limits from each moment of ``schedule`` on, until something else changes them."""

    name: str
    schedule: str
    timezone: str
    min_instances: int
    max_instances: int


@dataclass(frozen=True)
class Cooldowns:
    """How long after a change of size none of that direction follows."""

    scale_in_sec: int
    scale_out_sec: int


class EndpointAutoscaling(Construct):
    """Define between which limits the champion of an endpoint grows and shrinks.

    Stateless, and without a reason to grow: call one of the ``track_`` methods.
    Application Auto Scaling acts with its own service-linked role.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        endpoint: Endpoint,
        min_instances: int,
        max_instances: int,
        scheduled: Sequence[ScheduledLimits] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        self._endpoint_name = endpoint.name
        self._target = _Target(
            self,
            "Resource",
            service_namespace=_NAMESPACE,
            scalable_dimension=_DIMENSION,
            resource_id=f"endpoint/{endpoint.name}/variant/{endpoint.champion.name}",
            min_capacity=min_instances,
            max_capacity=max_instances,
            scheduled_actions=[_action(each) for each in scheduled] or None,
        )

    def track_invocations(self, *, per_instance_per_min: int, cooldowns: Cooldowns) -> None:
        """Keep the requests that an instance gets in a minute near a number."""
        self._track(
            "invocations-per-instance",
            per_instance_per_min,
            cooldowns,
            predefined_metric_specification=_Policy.PredefinedMetricSpecificationProperty(
                predefined_metric_type="SageMakerVariantInvocationsPerInstance"
            ),
        )

    def track_concurrency(self, *, per_instance: int, cooldowns: Cooldowns) -> None:
        """Keep the requests that an instance has at once near a number, looking every 10 s.

        Source: Application Auto Scaling API, `PredefinedMetricSpecification`.
        """
        self._track(
            "concurrent-requests-per-instance",
            per_instance,
            cooldowns,
            predefined_metric_specification=_Policy.PredefinedMetricSpecificationProperty(
                predefined_metric_type="SageMakerVariantConcurrentRequestsPerModelHighResolution"
            ),
        )

    def track_backlog(self, *, per_instance: int, cooldowns: Cooldowns) -> None:
        """Keep the requests that wait in the queue near a number for each instance.

        Source: SageMaker Developer Guide, "Autoscale an asynchronous endpoint".
        """
        self._track(
            "backlog-per-instance",
            per_instance,
            cooldowns,
            customized_metric_specification=_Policy.CustomizedMetricSpecificationProperty(
                namespace=_METRICS,
                metric_name="ApproximateBacklogSizePerInstance",
                dimensions=[
                    _Policy.MetricDimensionProperty(name="EndpointName", value=self._endpoint_name)
                ],
                statistic="Average",
            ),
        )

    def wake_on_backlog(self) -> None:
        """Start the first instance for the first request that waits.

        The backlog per instance is no number while there is no instance: without this the
        endpoint would sleep until the queue is longer than its target.
        Source: SageMaker Developer Guide, "Autoscale an asynchronous endpoint".
        """
        steps = _Policy.StepScalingPolicyConfigurationProperty(
            adjustment_type="ChangeInCapacity",
            metric_aggregation_type="Average",
            cooldown=_WAKE_COOLDOWN_SEC,
            step_adjustments=[
                _Policy.StepAdjustmentProperty(metric_interval_lower_bound=0, scaling_adjustment=1)
            ],
        )
        policy = _Policy(
            self,
            "Wake",
            policy_name="wake-on-backlog",
            policy_type="StepScaling",
            scaling_target_id=self._target.ref,
            step_scaling_policy_configuration=steps,
        )
        # Not one of `Alarm`, which tells people: that somebody sent a request is no news.
        cloudwatch.CfnAlarm(
            self,
            "Backlog",
            alarm_description=f"Requests to {self._endpoint_name} wait and there is no instance",
            namespace=_METRICS,
            metric_name="HasBacklogWithoutCapacity",
            dimensions=[{"name": "EndpointName", "value": self._endpoint_name}],
            statistic="Average",
            period=60,
            evaluation_periods=1,
            threshold=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=[policy.attr_arn],
        )

    def _track(self, name: str, target: int, cooldowns: Cooldowns, **metric: Any) -> None:
        _Policy(
            self,
            "Policy",
            policy_name=name,
            policy_type="TargetTrackingScaling",
            scaling_target_id=self._target.ref,
            target_tracking_scaling_policy_configuration=(
                _Policy.TargetTrackingScalingPolicyConfigurationProperty(
                    target_value=target,
                    scale_in_cooldown=cooldowns.scale_in_sec,
                    scale_out_cooldown=cooldowns.scale_out_sec,
                    **metric,
                )
            ),
        )


def _action(limits: ScheduledLimits) -> _Target.ScheduledActionProperty:
    return _Target.ScheduledActionProperty(
        scheduled_action_name=limits.name,
        schedule=limits.schedule,
        timezone=limits.timezone,
        scalable_target_action=_Target.ScalableTargetActionProperty(
            min_capacity=limits.min_instances, max_capacity=limits.max_instances
        ),
    )
