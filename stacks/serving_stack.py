"""The endpoint that serves one approved version of the model."""

from __future__ import annotations

from typing import Any

from aws_cdk import Stack
from constructs import Construct

from config import PlatformConfig
from config.serving import ServingConfig
from ml_constructs.data_capture import DataCapture
from ml_constructs.endpoint_alarms import EndpointAlarms, ServiceLevel
from ml_constructs.endpoint_autoscaling import EndpointAutoscaling
from ml_constructs.endpoint_model import EndpointModel
from ml_constructs.job_role import ENDPOINTS, JobRole
from ml_constructs.realtime_endpoint import VARIANT, RealtimeEndpoint
from ml_constructs.rollout import Rollout
from stacks.data_stack import DataStack
from stacks.foundation_stack import FoundationStack
from stacks.names import Names
from stacks.network_stack import NetworkStack
from stacks.registry_stack import RegistryStack

CAPTURE = "capture"
"""The folder of a use case in the artifacts bucket in which requests and answers are kept."""
_SECONDS = 60


class ServingStack(Stack):
    """Serve ``version`` of the model, and let a bad one take itself back.

    Stateless: it can be deleted and made again. It exists only once a version is chosen.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: PlatformConfig,
        names: Names,
        version: int,
        foundation: FoundationStack,
        network: NetworkStack,
        data: DataStack,
        registry: RegistryStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        # The version's name is written out, so no reference says that its group comes first.
        self.add_stack_dependency(registry)
        self._capture = DataCapture(
            bucket=data.artifacts,
            prefix=f"{names.usecase}/{CAPTURE}",
            key=foundation.data_key,
            percent=settings.serving.capture_percent,
        )
        self.role = self._define_role(names, foundation, network, data)
        model = EndpointModel(
            self,
            "Model",
            package_arn=registry.registry.package_arn(version),
            role=self.role,
            network=network.network,
        )
        self.endpoint = self._define_endpoint(settings.serving, names, foundation, model)
        if settings.serving.max_instances > settings.serving.min_instances:
            EndpointAutoscaling(
                self,
                "Scaling",
                endpoint=self.endpoint,
                min_instances=settings.serving.min_instances,
                max_instances=settings.serving.max_instances,
                invocations_per_instance_per_min=settings.serving.invocations_per_instance_per_min,
                scale_in_cooldown_sec=settings.serving.scale_in_cooldown_sec,
                scale_out_cooldown_sec=settings.serving.scale_out_cooldown_sec,
            )

    def _define_role(
        self,
        names: Names,
        foundation: FoundationStack,
        network: NetworkStack,
        data: DataStack,
    ) -> JobRole:
        job = JobRole(
            self,
            "Role",
            kind=f"{ENDPOINTS}/{names.endpoint}",
            description=f"Runs the endpoint {names.endpoint}",
            images=foundation.images,
            key=foundation.data_key,
        )
        data.artifacts.grant_read(job.role, prefix=names.usecase)
        self._capture.grant_write(job.role)
        network.network.grant_join(job.role)
        return job

    def _define_endpoint(
        self,
        serving: ServingConfig,
        names: Names,
        foundation: FoundationStack,
        model: EndpointModel,
    ) -> RealtimeEndpoint:
        alarms = EndpointAlarms(
            self,
            "Alarms",
            endpoint_name=names.endpoint,
            variant=VARIANT,
            level=ServiceLevel(
                errors_5xx_per_min=serving.errors_5xx_per_min,
                latency_p99_ms=serving.latency_p99_ms,
                min_invocations_per_5min=serving.min_invocations_per_5min,
            ),
            topic=foundation.alarms,
        )
        return RealtimeEndpoint(
            self,
            "Endpoint",
            name=names.endpoint,
            model=model,
            instance_type=serving.instance_type,
            instance_count=serving.min_instances,
            key=foundation.data_key,
            capture=self._capture,
            rollout=Rollout(
                kind=serving.rollout,
                step_percent=serving.rollout_step_percent,
                wait_sec=serving.rollout_wait_min * _SECONDS,
            ),
            alarms=alarms,
        )
