"""The jobs of the pipeline: our image in our network, encrypted, bounded in time, retried.

What every job has in common is said here once; `pipeline_code.definition.pipeline` says what
each reads and writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sagemaker.core.helper.pipeline_variable import PipelineVariable
from sagemaker.core.network import NetworkConfig
from sagemaker.core.processing import Processor
from sagemaker.core.shapes import ProcessingInput, ProcessingOutput
from sagemaker.core.workflow.parameters import Parameter
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.steps import CacheConfig, ProcessingStep, Step, TrainingStep
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import (
    CheckpointConfig,
    Compute,
    InputData,
    Networking,
    OutputDataConfig,
    StoppingCondition,
)

from pipeline_code import contract
from pipeline_code.core.foreign_algorithms import (
    fixed_hyperparameters,
    foreign_algorithm,
    tunable_settings,
)
from pipeline_code.core.usecase import UseCase
from pipeline_code.definition.declared_parameters import as_text, train_settings
from pipeline_code.definition.lock import placeholder
from pipeline_code.definition.retries import retries
from pipeline_code.steps.train_stopping import stopping_metric

ROLE_PREFIX = "arn:placeholder:iam::role/"
"""The SDK looks up roles that are no ARN; `compile` takes this away again."""

MODELS = "models"

CACHE = CacheConfig(enable_caching=True, expire_after="P30D")

# Each is one name for a list: what resolves the lock puts all of its items in its place.
SUBNETS = [placeholder(contract.NETWORK_SUBNETS)]
SECURITY_GROUPS = [placeholder(contract.NETWORK_SECURITY_GROUPS)]


@dataclass(frozen=True)
class Trained:
    """The steps that train, where the model lies, and the name of the tuning job if one is."""

    steps: tuple[Step, ...]
    model: PipelineVariable
    tuning_job: PipelineVariable | None = None


@dataclass(frozen=True)
class Jobs:
    """Define the jobs of one use case."""

    usecase: UseCase
    session: PipelineSession
    parameters: Mapping[str, Parameter]

    def processing(
        self,
        name: str,
        *,
        role: str,
        inputs: list[ProcessingInput],
        outputs: list[ProcessingOutput],
        arguments: Sequence[str | PipelineVariable],
        property_files: Iterable[PropertyFile] = (),
        environment: dict[str, PipelineVariable] | None = None,
        isolated: bool = True,
        cache: CacheConfig | None = CACHE,
        depends_on: list[str] | None = None,
    ) -> ProcessingStep:
        """Define one processing job: a module of `pipeline_code.entrypoints` in our image."""
        processor = Processor(
            sagemaker_session=self.session,
            role=ROLE_PREFIX + placeholder(role),
            image_uri=self.parameters[contract.PARAMETER_IMAGE_URI],
            instance_count=1,
            instance_type=self.parameters[contract.PARAMETER_PROCESSING_INSTANCE_TYPE],
            entrypoint=contract.job_command(name),
            volume_size_in_gb=self.usecase.instances.volume_gib,
            volume_kms_key=placeholder(contract.KEY_DATA),
            output_kms_key=placeholder(contract.KEY_DATA),
            max_runtime_in_seconds=self.usecase.instances.timeout_sec,
            env=environment,
            network_config=NetworkConfig(
                enable_network_isolation=isolated,
                encrypt_inter_container_traffic=True,
                subnets=SUBNETS,
                security_group_ids=SECURITY_GROUPS,
            ),
        )
        return ProcessingStep(
            name=name,
            step_args=processor.run(
                inputs=inputs,
                outputs=outputs,
                arguments=["--usecase", self.usecase.name, *arguments],
            ),
            property_files=list(property_files),
            cache_config=cache,
            depends_on=depends_on,
            retry_policies=retries(),
        )

    def training(self, name: str, *, role: str, channels: Sequence[InputData]) -> TrainingStep:
        """Define the training job: in our image, or in the one that the use case names."""
        kind = TrainingStep if self.is_foreign else _ModuleTrainingStep
        return kind(
            name=name,
            step_args=self.trainer(role).train(input_data_config=list(channels)),
            cache_config=CACHE,
            retry_policies=retries(),
        )

    @property
    def is_foreign(self) -> bool:
        """Whether another image than ours trains."""
        return foreign_algorithm(self.usecase.training.algorithm) is not None

    def settings(self, paths: Iterable[str]) -> list[str | PipelineVariable]:
        """Hand settings of an execution to a job, as arguments."""
        arguments: list[str | PipelineVariable] = []
        for path in paths:
            arguments += [f"--{path}", as_text(self.parameters[contract.parameter_name(path)])]
        return arguments

    def trainer(self, role: str) -> ModelTrainer:
        """Say how a model is trained; the settings that training reads become hyperparameters."""
        instances = self.usecase.instances
        return ModelTrainer(
            sagemaker_session=self.session,
            training_image=placeholder(contract.ALGORITHM_IMAGE)
            if self.is_foreign
            else self.parameters[contract.PARAMETER_IMAGE_URI],
            role=ROLE_PREFIX + placeholder(role),
            base_job_name=self.usecase.name,
            compute=Compute(
                instance_type=self.parameters[contract.PARAMETER_TRAINING_INSTANCE_TYPE],
                instance_count=instances.training_count,
                # Left out where it is false, so that other locks stay as they are.
                enable_managed_spot_training=instances.spot or None,
                volume_size_in_gb=instances.volume_gib,
                volume_kms_key_id=placeholder(contract.KEY_DATA),
            ),
            hyperparameters=self._hyperparameters(),
            networking=Networking(
                enable_network_isolation=True,
                enable_inter_container_traffic_encryption=True,
                subnets=SUBNETS,
                security_group_ids=SECURITY_GROUPS,
            ),
            stopping_condition=StoppingCondition(
                max_runtime_in_seconds=instances.timeout_sec,
                max_wait_time_in_seconds=instances.longest_wait_sec if instances.spot else None,
            ),
            checkpoint_config=self._checkpoints(),
            output_data_config=OutputDataConfig(
                s3_output_path=self.models_uri, kms_key_id=placeholder(contract.KEY_DATA)
            ),
        )

    def _checkpoints(self) -> CheckpointConfig | None:
        """Say where the state of a training is kept: in one place, whatever the execution."""
        if not self.usecase.keeps_checkpoints:
            return None
        bucket = placeholder(contract.BUCKET_ARTIFACTS)
        return CheckpointConfig(
            s3_uri=f"s3://{bucket}/{self.usecase.name}/{contract.CHECKPOINTS}",
            local_path=f"{contract.ML_ROOT}/{contract.CHECKPOINTS}",
        )

    def _hyperparameters(self) -> dict[str, str | PipelineVariable]:
        paths = train_settings(self.usecase)
        given = {
            path.rpartition(".")[2]: as_text(self.parameters[contract.parameter_name(path)])
            for path in paths
        }
        if not self.is_foreign:
            return {"usecase": self.usecase.name, **given}
        names = tunable_settings(self.usecase)
        return {
            **fixed_hyperparameters(self.usecase, stopping_metric(self.usecase, "xgboost")),
            **{names[setting]: value for setting, value in given.items() if setting in names},
        }

    @property
    def models_uri(self) -> str:
        """Where training jobs leave their models: each in a folder of its own name."""
        return f"s3://{placeholder(contract.BUCKET_ARTIFACTS)}/{self.usecase.name}/{MODELS}"


class _ModuleTrainingStep(TrainingStep):  # type: ignore[misc]
    """A training step that names its command; `ModelTrainer` has no argument for it."""

    @property
    def arguments(self) -> Any:
        request = super().arguments
        request["AlgorithmSpecification"]["ContainerEntrypoint"] = contract.job_command(self.name)
        return request
