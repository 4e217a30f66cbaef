"""As many instances as the traffic needs."""

from __future__ import annotations

from aws_cdk import aws_applicationautoscaling as autoscaling
from constructs import Construct

from ml_constructs.realtime_endpoint import VARIANT, RealtimeEndpoint

_NAMESPACE = "sagemaker"
_DIMENSION = "sagemaker:variant:DesiredInstanceCount"


class EndpointAutoscaling(Construct):
    """Define how the variant of an endpoint grows and shrinks with the requests an instance gets.

    Stateless. Application Auto Scaling acts with its own service-linked role.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        endpoint: RealtimeEndpoint,
        min_instances: int,
        max_instances: int,
        invocations_per_instance_per_min: int,
        scale_in_cooldown_sec: int,
        scale_out_cooldown_sec: int,
    ) -> None:
        super().__init__(scope, construct_id)
        target = autoscaling.CfnScalableTarget(
            self,
            "Resource",
            service_namespace=_NAMESPACE,
            scalable_dimension=_DIMENSION,
            resource_id=f"endpoint/{endpoint.name}/variant/{VARIANT}",
            min_capacity=min_instances,
            max_capacity=max_instances,
        )
        policy = autoscaling.CfnScalingPolicy
        policy(
            self,
            "Policy",
            policy_name="invocations-per-instance",
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration=(
                policy.TargetTrackingScalingPolicyConfigurationProperty(
                    predefined_metric_specification=policy.PredefinedMetricSpecificationProperty(
                        predefined_metric_type="SageMakerVariantInvocationsPerInstance"
                    ),
                    target_value=invocations_per_instance_per_min,
                    scale_in_cooldown=scale_in_cooldown_sec,
                    scale_out_cooldown=scale_out_cooldown_sec,
                )
            ),
        )
