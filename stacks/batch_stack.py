"""The pipeline that scores files with the approved version of the model."""

from __future__ import annotations

from typing import Any

from aws_cdk import Stack
from constructs import Construct

from config import PlatformConfig
from config.batch import BatchConfig
from ml_constructs.dead_letter_queue import DeadLetterQueue
from ml_constructs.job_role import PROCESSING, TRANSFORM, JobRole
from ml_constructs.pipeline_alarms import PipelineAlarms
from ml_constructs.pipeline_trigger import OBJECT_VERSION, SCHEDULED_TIME, PipelineTrigger
from ml_constructs.published_parameters import PublishedParameters
from ml_constructs.training_pipeline import TrainingPipeline
from pipeline_code import contract
from pipeline_code.definition.lock import Lock
from pipeline_code.definition.parameters import with_defaults
from stacks.data_stack import DataStack
from stacks.foundation_stack import FoundationStack
from stacks.monitoring_stack import RUNBOOK
from stacks.names import Names
from stacks.network_stack import NetworkStack
from stacks.registry_stack import RegistryStack
from stacks.training_stack import NO_IMAGE

READY = "ready"
"""The folder beside the one that waits: a marker in it would be scored like any file."""
_CONTENT_TYPES = {"jsonlines": contract.JSON_LINES, "csv": contract.CSV}
_KINDS = {
    contract.ROLE_RESOLVE_CHAMPION: (contract.RESOLVE_CHAMPION, PROCESSING),
    contract.ROLE_TRANSFORM: (contract.TRANSFORM, TRANSFORM),
    contract.ROLE_WRITE_MANIFEST: (contract.WRITE_MANIFEST, PROCESSING),
}


class BatchStack(Stack):
    """Score what waits in the raw bucket, each job with a role of its own.

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
        registry: RegistryStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        # Its name is written out, so no reference tells CloudFormation that it comes first.
        self.add_stack_dependency(registry)
        self._waiting = f"{lock.usecase}-{contract.BATCH_FOLDER}"
        self._scored = f"{lock.usecase}/{contract.BATCH_FOLDER}"
        self._define_roles(lock.usecase, foundation, network, data, registry)
        image = foundation.images.uri(settings.images.digest or NO_IMAGE)
        definition = lock.resolve(
            {
                contract.IMAGE: image,
                contract.BUCKET_RAW: data.raw.bucket_name,
                contract.BUCKET_ARTIFACTS: data.artifacts.bucket_name,
                contract.KEY_DATA: foundation.data_key.key_arn,
                contract.NETWORK_SUBNETS: network.network.subnet_ids,
                contract.NETWORK_SECURITY_GROUPS: network.network.security_group_ids,
                contract.MODEL_PACKAGE_GROUP: registry.registry.name,
                **{name: job.role_arn for name, job in self.job_roles.items()},
            }
        )
        self.pipeline = TrainingPipeline(
            self,
            "Pipeline",
            name=names.batch_pipeline,
            description=f"Scores files with the approved version of the {names.usecase} model",
            definition=with_defaults(definition, _defaults(settings.batch)),
            job_roles=list(self.job_roles.values()),
            key=foundation.data_key,
            max_parallel_steps=1,
            job_kinds=("Processing", "Transform"),
        )
        self.pipeline.allow_models(registry.registry)
        foundation.images.grant_describe(self.pipeline.role)
        data.artifacts.grant_read(self.pipeline.role, prefix=self._scored)
        self.dead_letters = DeadLetterQueue(self, "DeadLetters", key=foundation.alerts_key)
        self._define_triggers(settings.batch, data)
        self._define_alarms(settings, foundation)
        self._publish(names, data)

    def _define_roles(
        self,
        usecase: str,
        foundation: FoundationStack,
        network: NetworkStack,
        data: DataStack,
        registry: RegistryStack,
    ) -> None:
        self.job_roles = {
            placeholder: JobRole(
                self,
                f"{step}Role",
                kind=kind,
                description=f"Runs the step {step} of the batch pipeline",
                images=foundation.images,
                key=foundation.data_key,
            )
            for placeholder, (step, kind) in _KINDS.items()
        }
        for job in self.job_roles.values():
            network.network.grant_join(job.role)
            data.artifacts.grant_write(job.role, prefix=self._scored)
        champion, transform, manifest = (job.role for job in self.job_roles.values())
        registry.registry.grant_describe(champion)
        for role in (champion, transform):  # the model's files
            data.artifacts.grant_read(role, prefix=usecase)
        data.artifacts.grant_read(manifest, prefix=self._scored)
        for role in (transform, manifest):
            data.raw.grant_read(role, prefix=self._waiting)

    def _define_triggers(self, batch: BatchConfig, data: DataStack) -> None:
        trigger = PipelineTrigger(
            self, "Trigger", pipeline=self.pipeline, dead_letters=self.dead_letters
        )
        trigger.on_schedule(
            "Schedule",
            expression=batch.schedule.expression,
            parameters={
                contract.PARAMETER_INPUT_DATA_VERSION: SCHEDULED_TIME,
                contract.PARAMETER_AUTHOR: "schedule",
            },
            is_enabled=batch.schedule.enabled,
        )
        trigger.on_arrival(
            "Arrival",
            bucket=data.raw,
            prefix=f"{self._waiting}-{READY}",
            suffix=batch.arrival.suffix,
            parameters={
                contract.PARAMETER_INPUT_DATA_VERSION: OBJECT_VERSION,
                contract.PARAMETER_AUTHOR: "arrival",
            },
            is_enabled=batch.arrival.enabled,
        )

    def _define_alarms(self, settings: PlatformConfig, foundation: FoundationStack) -> None:
        thresholds = settings.monitoring.alarms
        PipelineAlarms(
            self,
            "Alarms",
            pipeline_name=self.pipeline.name,
            longest_duration=thresholds.pipeline_duration,
            longest_silence=thresholds.pipeline_age,
            # What nobody starts by the clock may be silent.
            is_silence_told=thresholds.silence and settings.batch.schedule.enabled,
            topic=foundation.alarms,
            runbook=RUNBOOK,
        )

    def _publish(self, names: Names, data: DataStack) -> None:
        PublishedParameters(
            self,
            "Published",
            prefix=names.parameters,
            values={
                "batch/pipeline/name": self.pipeline.name,
                "batch/pipeline/arn": self.pipeline.pipeline_arn,
                "batch/input-uri": f"s3://{data.raw.bucket_name}/{self._waiting}/",
                "batch/output-uri": f"s3://{data.artifacts.bucket_name}/{self._scored}/",
            },
        )


def _defaults(batch: BatchConfig) -> dict[str, str | int]:
    content_type = _CONTENT_TYPES[batch.input]
    chosen: dict[str, str | int] = {
        contract.PARAMETER_CONTENT_TYPE: content_type,
        contract.PARAMETER_INPUT_FILTER: contract.INPUT_FILTERS[content_type],
        contract.PARAMETER_INSTANCE_TYPE: batch.instance_type,
        contract.PARAMETER_INSTANCE_COUNT: batch.instance_count,
        contract.PARAMETER_BATCH_STRATEGY: batch.strategy,
        contract.PARAMETER_MAX_PAYLOAD_MB: batch.max_payload_mb,
        contract.PARAMETER_MAX_CONCURRENT_TRANSFORMS: batch.max_concurrent_transforms,
    }
    if batch.processing_instance_type:
        chosen[contract.PARAMETER_PROCESSING_INSTANCE_TYPE] = batch.processing_instance_type
    return chosen
