"""The endpoint that serves one approved version of the model."""

from __future__ import annotations

from functools import partial
from typing import Any

from aws_cdk import Stack
from constructs import Construct

from config import PlatformConfig
from config.serving import ServingConfig
from ml_constructs.asynchronous_answers import AsynchronousAnswers
from ml_constructs.data_capture import DataCapture
from ml_constructs.endpoint import Endpoint
from ml_constructs.endpoint_alarms import EndpointAlarms, ServiceLevel
from ml_constructs.endpoint_autoscaling import Cooldowns, EndpointAutoscaling, ScheduledLimits
from ml_constructs.endpoint_model import EndpointModel
from ml_constructs.job_role import ENDPOINTS, JobRole
from ml_constructs.model_registry import ModelRegistry
from ml_constructs.other_registry import OtherRegistry
from ml_constructs.production_variant import (
    CHALLENGER,
    CHAMPION,
    Instances,
    ProductionVariant,
    Serverless,
)
from ml_constructs.published_parameters import PublishedParameters
from ml_constructs.rollout import Rollout
from stacks.data_stack import ASYNCHRONOUS, CAPTURE, DataStack
from stacks.foundation_stack import FoundationStack
from stacks.names import Names
from stacks.network_stack import NetworkStack
from stacks.registry_stack import RegistryStack

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
        self._serving = settings.serving
        self._names = names
        self._foundation = foundation
        self._capture = self._define_capture(data)
        self._answers = self._define_answers(data)
        source = self._find_registry(registry)
        model = partial(self._define_model, source=source, network=network, data=data)
        champion, challenger = model(version=version), None
        if self._serving.challenger_version is not None:
            challenger = model("Challenger", version=self._serving.challenger_version)
        self.endpoint = self._define_endpoint(champion, challenger)
        if self._serving.is_scaled:
            self._define_scaling()
        self._publish()

    def _define_capture(self, data: DataStack) -> DataCapture | None:
        if self._serving.kind != "realtime":
            return None
        return DataCapture(
            bucket=data.artifacts,
            prefix=f"{self._names.usecase}/{CAPTURE}",
            key=self._foundation.data_key,
            percent=self._serving.capture_percent,
        )

    def _define_answers(self, data: DataStack) -> AsynchronousAnswers | None:
        asynchronous = self._serving.asynchronous
        if asynchronous is None:
            return None
        return AsynchronousAnswers(
            self,
            "Answers",
            endpoint_name=self._names.endpoint,
            bucket=data.artifacts,
            prefix=f"{self._names.usecase}/{ASYNCHRONOUS}",
            key=self._foundation.data_key,
            max_concurrent_invocations_per_instance=(
                asynchronous.max_concurrent_invocations_per_instance
            ),
        )

    def _find_registry(self, own: RegistryStack) -> ModelRegistry | OtherRegistry:
        other = _other_registry(self._serving, self._names)
        if other is None:
            # The version's name is written out, so no reference says that its group comes first.
            self.add_stack_dependency(own)
            return own.registry
        return other

    def _define_model(
        self,
        prefix: str = "",
        *,
        version: int,
        source: ModelRegistry | OtherRegistry,
        network: NetworkStack,
        data: DataStack,
    ) -> EndpointModel:
        """Make a model of a version, with a role of its own."""
        job = JobRole(
            self,
            f"{prefix}Role",
            kind=f"{ENDPOINTS}/{self._names.endpoint}",
            description=f"Runs the endpoint {self._names.endpoint}",
            images=self._foundation.images,
            key=self._foundation.data_key,
        )
        if isinstance(source, OtherRegistry):
            source.grant_fetch(job.role)
        else:
            data.artifacts.grant_read(job.role, prefix=self._names.usecase)
        if self._capture:
            self._capture.grant_write(job.role)
        if self._answers:
            self._answers.grant_answer(job.role)
        # SageMaker gives a serverless model neither a network of ours nor isolation.
        inside = None if self._serving.serverless else network.network
        if inside:
            inside.grant_join(job.role)
        return EndpointModel(
            self,
            f"{prefix}Model",
            package_arn=source.package_arn(version),
            role=job,
            network=inside,
        )

    def _define_endpoint(
        self, champion: EndpointModel, challenger: EndpointModel | None
    ) -> Endpoint:
        serving = self._serving
        return Endpoint(
            self,
            "Endpoint",
            name=self._names.endpoint,
            champion=ProductionVariant(CHAMPION, champion, _capacity(serving)),
            challenger=ProductionVariant(
                CHALLENGER,
                challenger,
                Instances(serving.instance_type, serving.challenger_instances),
                weight=serving.challenger_percent / 100,
            )
            if challenger
            else None,
            key=self._foundation.data_key,
            capture=self._capture,
            answers=self._answers,
            rollout=Rollout(
                kind=serving.rollout,
                step_percent=serving.rollout_step_percent,
                wait_sec=serving.rollout_wait_min * _SECONDS,
            ),
            alarms=EndpointAlarms(
                self,
                "Alarms",
                endpoint_name=self._names.endpoint,
                variant=CHAMPION,
                level=_level(serving),
                topic=self._foundation.alarms,
            ),
        )

    def _define_scaling(self) -> None:
        serving = self._serving
        scaling = EndpointAutoscaling(
            self,
            "Scaling",
            endpoint=self.endpoint,
            min_instances=serving.min_instances,
            max_instances=serving.max_instances,
            scheduled=[ScheduledLimits(**each.model_dump()) for each in serving.scheduled_capacity],
        )
        cooldowns = Cooldowns(serving.scale_in_cooldown_sec, serving.scale_out_cooldown_sec)
        if serving.asynchronous:
            scaling.track_backlog(
                per_instance=serving.asynchronous.backlog_per_instance, cooldowns=cooldowns
            )
            if serving.least_instances == 0:
                scaling.wake_on_backlog()
        elif serving.scaling_metric == "concurrency":
            scaling.track_concurrency(
                per_instance=serving.concurrent_requests_per_instance, cooldowns=cooldowns
            )
        else:
            scaling.track_invocations(
                per_instance_per_min=serving.invocations_per_instance_per_min, cooldowns=cooldowns
            )

    def _publish(self) -> None:
        values = {"endpoint/name": self.endpoint.name}
        if self._answers:
            values |= {
                "endpoint/requests-uri": self._answers.requests_uri,
                "endpoint/success-topic-arn": self._answers.success.topic_arn,
                "endpoint/error-topic-arn": self._answers.error.topic_arn,
            }
        PublishedParameters(self, "Published", prefix=self._names.parameters, values=values)


def _capacity(serving: ServingConfig) -> Instances | Serverless:
    if serving.serverless:
        return Serverless(**serving.serverless.model_dump())
    # An endpoint begins with an instance, also one that will sleep.
    return Instances(serving.instance_type, max(1, serving.min_instances), serving.is_scaled)


def _level(serving: ServingConfig) -> ServiceLevel:
    queue = serving.asynchronous
    return ServiceLevel(
        errors_5xx_per_min=serving.errors_5xx_per_min,
        latency_p99_ms=serving.latency_p99_ms,
        min_invocations_per_5min=serving.min_invocations_per_5min,
        max_request_age_min=queue.max_request_age_min if queue else None,
    )


def _other_registry(serving: ServingConfig, names: Names) -> OtherRegistry | None:
    """Find the registry that the settings name, unless it is the environment's own."""
    environment = serving.registry_environment or names.environment
    if serving.registry_account is None and environment == names.environment:
        return None
    other = Names(environment, names.usecase)
    return OtherRegistry(
        group=other.model_package_group,
        bucket_name=serving.registry_bucket or _published(other, "buckets/artifacts"),
        prefix=names.usecase,
        key_arn=serving.registry_key_arn or _published(other, "keys/data"),
        repository=other.platform,
        account=serving.registry_account,
    )


def _published(names: Names, path: str) -> str:
    """Refer to what another environment of this account published; read at deployment."""
    return f"{{{{resolve:ssm:{names.parameters}/{path}}}}}"
