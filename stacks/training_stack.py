"""The training pipeline and the roles of its jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import Stack
from constructs import Construct

from config import PlatformConfig
from ml_constructs.algorithm_image import AlgorithmImage
from ml_constructs.dead_letter_queue import DeadLetterQueue
from ml_constructs.feature_group import FeatureGroup
from ml_constructs.pipeline_trigger import OBJECT_VERSION, SCHEDULED_TIME, PipelineTrigger
from ml_constructs.published_parameters import PublishedParameters
from ml_constructs.training_pipeline import TUNING, TrainingPipeline
from pipeline_code import contract
from pipeline_code.definition.lock import Lock
from pipeline_code.definition.parameters import with_defaults
from stacks.data_stack import DataStack
from stacks.features_stack import FeaturesStack
from stacks.foundation_stack import FoundationStack
from stacks.names import Names
from stacks.network_stack import NetworkStack
from stacks.registry_stack import RegistryStack
from stacks.training_roles import define_job_roles, grant_data

NO_IMAGE = f"sha256:{'0' * 64}"
"""The digest of no image: an execution that is started without ``ImageUri`` fails at once,
instead of running an image that nobody chose."""


class TrainingStack(Stack):
    """Run the locked pipeline definition, each job with a role of its own.

    Stateless: it can be deleted and made again at any time.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: PlatformConfig,
        names: Names,
        lock: Lock,
        foundation: FoundationStack,
        network: NetworkStack,
        data: DataStack,
        features: FeaturesStack | None,
        registry: RegistryStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        # Their names are written out, so no reference tells CloudFormation that they come first.
        if features is not None:
            self.add_stack_dependency(features)
        groups = features.groups if features is not None else {}
        self.add_stack_dependency(registry)
        self._foundation = foundation
        self._prefix = lock.usecase
        self.job_roles = define_job_roles(
            self, foundation, trains_elsewhere=lock.algorithm is not None
        )
        for job in self.job_roles.values():
            network.network.grant_join(job.role)
        grant_data(self.job_roles, data, prefix=self._prefix)
        self._grant_services(groups, registry)

        image = foundation.images.uri(settings.images.digest or NO_IMAGE)
        definition = lock.resolve(
            {
                contract.IMAGE: image,
                **self._algorithm_image(lock, settings),
                contract.BUCKET_RAW: data.raw.bucket_name,
                contract.BUCKET_CURATED: data.curated.bucket_name,
                contract.BUCKET_ARTIFACTS: data.artifacts.bucket_name,
                contract.KEY_DATA: foundation.data_key.key_arn,
                contract.NETWORK_SUBNETS: network.network.subnet_ids,
                contract.NETWORK_SECURITY_GROUPS: network.network.security_group_ids,
                contract.MODEL_PACKAGE_GROUP: registry.registry.name,
                **{name: job.role_arn for name, job in self.job_roles.items()},
                **{
                    contract.feature_group_placeholder(name): group.name
                    for name, group in groups.items()
                },
            }
        )
        self.pipeline = TrainingPipeline(
            self,
            "Pipeline",
            name=names.pipeline,
            description=f"Trains, measures and registers the {names.usecase} model",
            definition=with_defaults(definition, _instance_types(settings)),
            job_roles=list(self.job_roles.values()),
            key=foundation.data_key,
            max_parallel_steps=settings.training.max_parallel_steps,
            job_kinds=_job_kinds(lock),
        )
        self.pipeline.grant_list_trials(self.job_roles[contract.ROLE_RESOLVE_CHAMPION].role)
        self._grant_pipeline(data, registry)
        self.dead_letters = DeadLetterQueue(self, "DeadLetters", key=foundation.alerts_key)
        self._define_triggers(settings, data)
        PublishedParameters(
            self,
            "Published",
            prefix=names.parameters,
            values=self._published(data, groups, registry),
        )

    def _grant_services(self, groups: Mapping[str, FeatureGroup], registry: RegistryStack) -> None:
        for group in groups.values():
            group.grant_ingest(self.job_roles[contract.ROLE_INGEST_FEATURES].role)
        registry.registry.grant_describe(self.job_roles[contract.ROLE_RESOLVE_CHAMPION].role)

    def _algorithm_image(self, lock: Lock, settings: PlatformConfig) -> dict[str, str]:
        """Say what stands for the image of another algorithm, and let the training pull it."""
        if lock.algorithm is None:
            return {}
        image = AlgorithmImage(
            self,
            "AlgorithmImage",
            name=lock.algorithm.name,
            repository=lock.algorithm.repository,
            version=lock.algorithm.version,
            registries=lock.algorithm.registries,
            region=settings.region,
        )
        image.grant_pull(self.job_roles[contract.ROLE_TRAIN].role)
        return {contract.ALGORITHM_IMAGE: image.uri}

    def _grant_pipeline(self, data: DataStack, registry: RegistryStack) -> None:
        """Let the pipeline read its property files and register what it trained."""
        for bucket in (data.curated, data.artifacts):
            bucket.grant_read(self.pipeline.role, prefix=self._prefix)
        self._foundation.images.grant_describe(self.pipeline.role)
        registry.registry.grant_register(self.pipeline.role)

    def _define_triggers(self, settings: PlatformConfig, data: DataStack) -> None:
        trigger = PipelineTrigger(
            self, "Trigger", pipeline=self.pipeline, dead_letters=self.dead_letters
        )
        schedule, arrival = settings.training.schedule, settings.training.arrival
        # Each start has a data version of its own: the step cache would else answer with the
        # rows of before, see docs/adr/0004.
        trigger.on_schedule(
            "Schedule",
            expression=schedule.expression,
            parameters={
                contract.PARAMETER_INPUT_DATA_VERSION: SCHEDULED_TIME,
                contract.PARAMETER_AUTHOR: "schedule",
            },
            is_enabled=schedule.enabled,
        )
        trigger.on_arrival(
            "Arrival",
            bucket=data.raw,
            prefix=self._prefix,
            suffix=arrival.suffix,
            parameters={
                contract.PARAMETER_INPUT_DATA_VERSION: OBJECT_VERSION,
                contract.PARAMETER_AUTHOR: "arrival",
            },
            is_enabled=arrival.enabled,
        )

    def _published(
        self, data: DataStack, groups: Mapping[str, FeatureGroup], registry: RegistryStack
    ) -> dict[str, str]:
        return {
            "pipeline/name": self.pipeline.name,
            "pipeline/arn": self.pipeline.pipeline_arn,
            "model-package-group/name": registry.registry.name,
            "model-package-group/arn": registry.registry.group_arn,
            "buckets/raw": data.raw.bucket_name,
            "buckets/curated": data.curated.bucket_name,
            "buckets/artifacts": data.artifacts.bucket_name,
            "keys/data": self._foundation.data_key.key_arn,
            "images/repository-uri": self._foundation.images.repository_uri,
            **{f"feature-groups/{name}": group.name for name, group in groups.items()},
            **{
                f"job-roles/{name.rpartition('.')[2].replace('_', '-')}": job.role_arn
                for name, job in self.job_roles.items()
            },
        }


def _job_kinds(lock: Lock) -> tuple[str, ...]:
    """Name the kinds of jobs that the pipeline starts; it may start no others."""
    kinds = {"Processing": "Processing", "Training": "Training", "Tuning": TUNING}
    found = {step["Type"] for step in lock.definition["Steps"]}
    return tuple(kind for step, kind in kinds.items() if step in found)


def _instance_types(settings: PlatformConfig) -> dict[str, str]:
    chosen = {
        contract.PARAMETER_PROCESSING_INSTANCE_TYPE: settings.training.processing_instance_type,
        contract.PARAMETER_TRAINING_INSTANCE_TYPE: settings.training.training_instance_type,
    }
    return {name: value for name, value in chosen.items() if value}
