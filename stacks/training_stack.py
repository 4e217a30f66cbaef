"""The training pipeline and the roles of its jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import Stack
from constructs import Construct

from config import PlatformConfig
from ml_constructs.job_role import PROCESSING, TRAINING, JobRole
from ml_constructs.training_pipeline import TrainingPipeline
from pipeline_code import contract
from pipeline_code.definition.lock import Lock
from stacks.data_stack import DataStack
from stacks.features_stack import FeaturesStack
from stacks.foundation_stack import FoundationStack
from stacks.names import Names
from stacks.network_stack import NetworkStack
from stacks.registry_stack import RegistryStack

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
        features: FeaturesStack,
        registry: RegistryStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        # Their names are written out, so no reference tells CloudFormation that they come first.
        self.add_stack_dependency(features)
        self.add_stack_dependency(registry)
        self._foundation = foundation
        self._prefix = lock.usecase
        self.job_roles = self._define_roles()
        for job in self.job_roles.values():
            network.network.grant_join(job.role)
        self._grant_data(data)
        self._grant_services(features, registry)

        image = foundation.images.uri(settings.images.digest or NO_IMAGE)
        definition = lock.resolve(
            {
                contract.IMAGE: image,
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
                    for name, group in features.groups.items()
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
        )
        self._grant_pipeline(data, registry)

    def _define_roles(self) -> dict[str, JobRole]:
        kinds = {
            contract.ROLE_PREPARE: (contract.PREPARE, PROCESSING),
            contract.ROLE_INGEST_FEATURES: (contract.INGEST_FEATURES, PROCESSING),
            contract.ROLE_TRAIN: (contract.TRAIN, TRAINING),
            contract.ROLE_RESOLVE_CHAMPION: (contract.RESOLVE_CHAMPION, PROCESSING),
            contract.ROLE_EVALUATE: (contract.EVALUATE, PROCESSING),
        }
        return {
            placeholder: JobRole(
                self,
                f"{step}Role",
                kind=kind,
                description=f"Runs the step {step} of the training pipeline",
                images=self._foundation.images,
                key=self._foundation.data_key,
            )
            for placeholder, (step, kind) in kinds.items()
        }

    def _grant_data(self, data: DataStack) -> None:
        """Say which job reads and writes which bucket; all of it below the use case's folder."""
        reads = {
            contract.ROLE_PREPARE: [data.raw],
            contract.ROLE_INGEST_FEATURES: [data.curated],
            contract.ROLE_TRAIN: [data.curated],
            contract.ROLE_RESOLVE_CHAMPION: [data.artifacts],
            contract.ROLE_EVALUATE: [data.curated, data.artifacts],
        }
        writes = {
            contract.ROLE_PREPARE: data.curated,
            contract.ROLE_INGEST_FEATURES: data.artifacts,
            contract.ROLE_TRAIN: data.artifacts,
            contract.ROLE_RESOLVE_CHAMPION: data.artifacts,
            contract.ROLE_EVALUATE: data.artifacts,
        }
        for name, job in self.job_roles.items():
            for bucket in reads[name]:
                bucket.grant_read(job.role, prefix=self._prefix)
            writes[name].grant_write(job.role, prefix=self._prefix)

    def _grant_services(self, features: FeaturesStack, registry: RegistryStack) -> None:
        for group in features.groups.values():
            group.grant_ingest(self.job_roles[contract.ROLE_INGEST_FEATURES].role)
        registry.registry.grant_describe(self.job_roles[contract.ROLE_RESOLVE_CHAMPION].role)

    def _grant_pipeline(self, data: DataStack, registry: RegistryStack) -> None:
        """Let the pipeline read its property files and register what it trained."""
        for bucket in (data.curated, data.artifacts):
            bucket.grant_read(self.pipeline.role, prefix=self._prefix)
        self._foundation.images.grant_describe(self.pipeline.role)
        registry.registry.grant_register(self.pipeline.role)


def with_defaults(definition: Mapping[str, Any], defaults: Mapping[str, str]) -> dict[str, Any]:
    """Return the definition with other default values for some of its parameters."""
    return {
        **definition,
        "Parameters": [
            {**parameter, "DefaultValue": defaults[parameter["Name"]]}
            if parameter["Name"] in defaults
            else parameter
            for parameter in definition["Parameters"]
        ],
    }


def _instance_types(settings: PlatformConfig) -> dict[str, str]:
    chosen = {
        contract.PARAMETER_PROCESSING_INSTANCE_TYPE: settings.training.processing_instance_type,
        contract.PARAMETER_TRAINING_INSTANCE_TYPE: settings.training.training_instance_type,
    }
    return {name: value for name, value in chosen.items() if value}
