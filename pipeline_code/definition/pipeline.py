"""The training pipeline, written with the SageMaker SDK.

Prepare -> (IngestFeatures | Train | ResolveChampion) -> Evaluate -> BetterThanChampion -> Register

Only `pipeline_code.definition.compile` imports this module: the SDK takes seconds to import.
Names that exist only once something is deployed are written as placeholders.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sagemaker.core.helper.pipeline_variable import PipelineVariable
from sagemaker.core.metadata_properties import MetadataProperties
from sagemaker.core.model_metrics import MetricsSource, ModelMetrics
from sagemaker.core.network import NetworkConfig
from sagemaker.core.processing import Processor
from sagemaker.core.shapes import (
    ProcessingInput,
    ProcessingOutput,
    ProcessingS3Input,
    ProcessingS3Output,
)
from sagemaker.core.workflow.conditions import ConditionEquals
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.parameters import (
    Parameter,
    ParameterFloat,
    ParameterInteger,
    ParameterString,
)
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.retry import (
    SageMakerJobExceptionTypeEnum,
    SageMakerJobStepRetryPolicy,
    StepExceptionTypeEnum,
    StepRetryPolicy,
)
from sagemaker.mlops.workflow.steps import CacheConfig, ProcessingStep, TrainingStep
from sagemaker.serve.model_builder import ModelBuilder
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import (
    Compute,
    InputData,
    Networking,
    OutputDataConfig,
    StoppingCondition,
)

from pipeline_code import contract
from pipeline_code.core.usecase import UseCase
from pipeline_code.definition.lock import placeholder

ROLE_PREFIX = "arn:placeholder:iam::role/"
"""The SDK looks up roles that are no ARN; `compile` takes this away again."""

_CACHE = CacheConfig(enable_caching=True, expire_after="P30D")
_CONTENT_TYPES = ["text/csv", "application/json", "application/jsonlines"]
_RESPONSE_TYPES = ["application/json", "text/csv"]


class TrainingPipeline:
    """Write the pipeline of one use case, step by step."""

    def __init__(self, usecase: UseCase, session: PipelineSession) -> None:
        self.usecase = usecase
        self.session = session
        self.parameters = _parameters(usecase)

    def pipeline(self) -> Pipeline:
        """Wire the steps; what each one reads from another is the graph."""
        prepare = self.prepare()
        train = self.train(prepare)
        champion = self.resolve_champion(prepare)
        evaluation = PropertyFile(
            name="Evaluation",
            output_name=contract.EVALUATION,
            path=contract.EVALUATION_FILE,
        )
        evaluate = self.evaluate(prepare, train, champion, evaluation)
        gate = ConditionStep(
            name=contract.BETTER_THAN_CHAMPION,
            conditions=[
                ConditionEquals(
                    left=JsonGet(
                        step_name=evaluate.name,
                        property_file=evaluation,
                        json_path="gate.decision",
                    ),
                    right=contract.REGISTER_DECISION,
                )
            ],
            if_steps=[self.register(train, evaluate)],
            else_steps=[],
        )
        return Pipeline(
            name=self.usecase.name,
            parameters=list(self.parameters.values()),
            pipeline_experiment_config=None,
            steps=[prepare, self.ingest_features(prepare), train, champion, evaluate, gate],
            sagemaker_session=self.session,
        )

    def prepare(self) -> ProcessingStep:
        """Check the source against its contract, make features, split by time."""
        source = ProcessingInput(
            input_name=contract.RAW,
            s3_input=_s3_input(
                self.parameters[contract.PARAMETER_INPUT_DATA_URI],
                contract.RAW,
            ),
        )
        outputs = [
            self._output(contract.PREPARE, channel, contract.BUCKET_CURATED)
            for channel in (
                contract.TRAIN_CHANNEL,
                contract.VALIDATION,
                contract.TEST,
                contract.FEATURES,
                contract.PROFILE,
                contract.QUARANTINE,
            )
        ]
        return self._processing(
            contract.PREPARE,
            role=contract.ROLE_PREPARE,
            inputs=[source],
            outputs=outputs,
            arguments=self._settings(contract.PREPARE_SETTINGS),
            property_files=[_profile()],
            environment={
                contract.DATA_VERSION_VARIABLE: self.parameters[
                    contract.PARAMETER_INPUT_DATA_VERSION
                ]
            },
            # A start by hand that names no version must not see last month's rows.
            cache=CacheConfig(enable_caching=True, expire_after="P1D"),
        )

    def ingest_features(self, prepare: ProcessingStep) -> ProcessingStep:
        """Write the records of every feature group to both stores."""
        groups: list[str | PipelineVariable] = []
        for group in self.usecase.features.groups:
            name = placeholder(contract.feature_group_placeholder(group.name))
            groups += [f"--feature-group.{group.name}", name]
        return self._processing(
            contract.INGEST_FEATURES,
            role=contract.ROLE_INGEST_FEATURES,
            inputs=[_from(prepare, contract.FEATURES)],
            outputs=[
                self._output(
                    contract.INGEST_FEATURES, contract.INGESTION, contract.BUCKET_ARTIFACTS
                )
            ],
            arguments=groups,
            isolated=False,
        )

    def train(self, prepare: ProcessingStep) -> TrainingStep:
        """Fit the model on the training rows; choose its threshold on the validation rows."""
        settings = {
            path.rpartition(".")[2]: self.parameters[contract.parameter_name(path)]
            for path in contract.TRAIN_SETTINGS
        }
        trainer = ModelTrainer(
            sagemaker_session=self.session,
            training_image=self.parameters[contract.PARAMETER_IMAGE_URI],
            role=ROLE_PREFIX + placeholder(contract.ROLE_TRAIN),
            base_job_name=self.usecase.name,
            compute=Compute(
                instance_type=self.parameters[contract.PARAMETER_TRAINING_INSTANCE_TYPE],
                instance_count=1,
                volume_size_in_gb=self.usecase.instances.volume_gib,
                volume_kms_key_id=placeholder(contract.KEY_DATA),
            ),
            hyperparameters={
                "usecase": self.usecase.name,
                **{name: _text(value) for name, value in settings.items()},
            },
            networking=Networking(enable_network_isolation=True),
            stopping_condition=StoppingCondition(
                max_runtime_in_seconds=self.usecase.instances.timeout_sec
            ),
            output_data_config=OutputDataConfig(
                s3_output_path=f"s3://{placeholder(contract.BUCKET_ARTIFACTS)}/{self.usecase.name}/models",
                kms_key_id=placeholder(contract.KEY_DATA),
            ),
        )
        channels = [
            InputData(channel_name=channel, data_source=_output_uri(prepare, channel))
            for channel in (contract.TRAIN_CHANNEL, contract.VALIDATION)
        ]
        return _ModuleTrainingStep(
            name=contract.TRAIN,
            step_args=trainer.train(input_data_config=channels),
            cache_config=_CACHE,
            retry_policies=_retries(),
        )

    def resolve_champion(self, prepare: ProcessingStep) -> ProcessingStep:
        """Fetch the approved model, as late as the training allows and in parallel with it.

        A step of its own, so that Evaluate needs no network and the champion is one of its
        inputs: the step cache can tell when it has changed.
        """
        return self._processing(
            contract.RESOLVE_CHAMPION,
            role=contract.ROLE_RESOLVE_CHAMPION,
            inputs=[],
            outputs=[
                self._output(
                    contract.RESOLVE_CHAMPION, contract.CHAMPION, contract.BUCKET_ARTIFACTS
                )
            ],
            arguments=["--model-package-group", placeholder(contract.MODEL_PACKAGE_GROUP)],
            isolated=False,
            cache=None,
            depends_on=[prepare.name],
        )

    def evaluate(
        self,
        prepare: ProcessingStep,
        train: TrainingStep,
        champion: ProcessingStep,
        evaluation: PropertyFile,
    ) -> ProcessingStep:
        """Measure challenger and champion on the same test rows, decide, write the report."""
        model = ProcessingInput(
            input_name=contract.MODEL,
            s3_input=_s3_input(
                train.properties.ModelArtifacts.S3ModelArtifacts,
                contract.MODEL,
            ),
        )
        return self._processing(
            contract.EVALUATE,
            role=contract.ROLE_EVALUATE,
            inputs=[
                _from(prepare, contract.TEST),
                _from(prepare, contract.VALIDATION),
                _from(prepare, contract.PROFILE),
                model,
                _from(champion, contract.CHAMPION),
            ],
            outputs=[
                self._output(contract.EVALUATE, contract.EVALUATION, contract.BUCKET_ARTIFACTS),
                self._output(contract.EVALUATE, contract.REPORT, contract.BUCKET_ARTIFACTS),
            ],
            arguments=self._settings(contract.EVALUATE_SETTINGS),
            property_files=[evaluation],
        )

    def register(self, train: TrainingStep, evaluate: ProcessingStep) -> ModelStep:
        """Add the model to its group, to be approved by a person."""
        profile = _profile()

        def from_profile(path: str) -> JsonGet:
            return JsonGet(step_name=contract.PREPARE, property_file=profile, json_path=path)

        builder = ModelBuilder(
            sagemaker_session=self.session,
            role_arn=ROLE_PREFIX + placeholder(contract.ROLE_EVALUATE),
            image_uri=self.parameters[contract.PARAMETER_IMAGE_URI],
            s3_model_data_url=train.properties.ModelArtifacts.S3ModelArtifacts,
        )
        arguments = builder.register(
            model_package_group_name=placeholder(contract.MODEL_PACKAGE_GROUP),
            content_types=_CONTENT_TYPES,
            response_types=_RESPONSE_TYPES,
            approval_status=self.parameters[contract.PARAMETER_APPROVAL_STATUS],
            model_metrics=ModelMetrics(
                model_statistics=MetricsSource(
                    content_type="application/json",
                    s3_uri=_file_uri(evaluate, contract.EVALUATION, contract.EVALUATION_FILE),
                )
            ),
            metadata_properties=MetadataProperties(
                commit_id=self.parameters[contract.PARAMETER_CODE_COMMIT]
            ),
            customer_metadata_properties={
                contract.METADATA_USECASE: self.usecase.name,
                contract.METADATA_AUTHOR: self.parameters[contract.PARAMETER_AUTHOR],
                contract.METADATA_DATA_HASH: from_profile("data_hash"),
                contract.METADATA_FEATURE_VERSIONS: from_profile("feature_versions"),
                contract.METADATA_EXECUTION: ExecutionVariables.PIPELINE_EXECUTION_ID,
                contract.METADATA_REPORT: _file_uri(
                    evaluate, contract.REPORT, contract.REPORT_FILE
                ),
            },
        )
        specification = arguments.create_model_package_request["InferenceSpecification"]
        for container in specification["Containers"]:
            # The SDK fills in its own server's variables and the session's region.
            container.pop("Environment", None)
        return ModelStep(name=contract.REGISTER, step_args=arguments)

    def _processing(
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
        cache: CacheConfig | None = _CACHE,
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
            retry_policies=_retries(),
        )

    def _output(self, step: str, channel: str, bucket: str) -> ProcessingOutput:
        """Name where an output lands: bucket / use case / execution / step / channel."""
        return ProcessingOutput(
            output_name=channel,
            s3_output=ProcessingS3Output(
                s3_uri=Join(
                    on="/",
                    values=[
                        f"s3://{placeholder(bucket)}/{self.usecase.name}/executions",
                        ExecutionVariables.PIPELINE_EXECUTION_ID,
                        step,
                        channel,
                    ],
                ),
                local_path=f"{contract.ML_ROOT}/{contract.PROCESSING_OUTPUT}/{channel}",
                s3_upload_mode="EndOfJob",
            ),
        )

    def _settings(self, paths: Iterable[str]) -> list[str | PipelineVariable]:
        arguments: list[str | PipelineVariable] = []
        for path in paths:
            arguments += [f"--{path}", _text(self.parameters[contract.parameter_name(path)])]
        return arguments


class _ModuleTrainingStep(TrainingStep):  # type: ignore[misc]
    """A training step that names its command; `ModelTrainer` has no argument for it."""

    @property
    def arguments(self) -> Any:
        request = super().arguments
        request["AlgorithmSpecification"]["ContainerEntrypoint"] = contract.job_command(self.name)
        return request


def _parameters(usecase: UseCase) -> dict[str, Parameter]:
    """Declare what an operator may change for one execution, with the use case's defaults."""
    declared: list[Parameter] = [
        ParameterString(contract.PARAMETER_IMAGE_URI, default_value=placeholder(contract.IMAGE)),
        ParameterString(
            contract.PARAMETER_INPUT_DATA_URI,
            default_value=f"s3://{placeholder(contract.BUCKET_RAW)}/{usecase.name}/",
        ),
        ParameterString(contract.PARAMETER_INPUT_DATA_VERSION, default_value="unversioned"),
        ParameterString(contract.PARAMETER_CODE_COMMIT, default_value="unknown"),
        ParameterString(contract.PARAMETER_AUTHOR, default_value="unknown"),
        ParameterString(
            contract.PARAMETER_APPROVAL_STATUS,
            default_value=contract.PENDING,
            enum_values=[contract.PENDING, contract.REJECTED],
        ),
        ParameterString(
            contract.PARAMETER_PROCESSING_INSTANCE_TYPE,
            default_value=usecase.instances.processing,
        ),
        ParameterString(
            contract.PARAMETER_TRAINING_INSTANCE_TYPE, default_value=usecase.instances.training
        ),
    ]
    document = usecase.model_dump(mode="json")
    for path in (
        *contract.PREPARE_SETTINGS,
        *contract.TRAIN_SETTINGS,
        *contract.EVALUATE_SETTINGS,
    ):
        section, _, key = path.partition(".")
        declared.append(_parameter(contract.parameter_name(path), document[section][key]))
    return {parameter.name: parameter for parameter in declared}


def _parameter(name: str, default: object) -> Parameter:
    kinds: Mapping[type, type[Parameter]] = {
        int: ParameterInteger,
        float: ParameterFloat,
        str: ParameterString,
    }
    return kinds[type(default)](name, default_value=default)


def _text(parameter: Parameter) -> Parameter | PipelineVariable:
    """Pass a number as the string that arguments and hyperparameters must be."""
    return parameter if isinstance(parameter, ParameterString) else parameter.to_string()


def _profile() -> PropertyFile:
    return PropertyFile(name="Profile", output_name=contract.PROFILE, path=contract.PROFILE_FILE)


def _from(step: ProcessingStep, channel: str) -> ProcessingInput:
    """Read another step's output under the same channel name."""
    return ProcessingInput(
        input_name=channel, s3_input=_s3_input(_output_uri(step, channel), channel)
    )


def _s3_input(uri: PipelineVariable, channel: str) -> ProcessingS3Input:
    return ProcessingS3Input(
        s3_uri=uri,
        local_path=f"{contract.ML_ROOT}/{contract.PROCESSING_INPUT}/{channel}",
        s3_data_type="S3Prefix",
        s3_input_mode="File",
    )


def _output_uri(step: ProcessingStep, channel: str) -> PipelineVariable:
    return step.properties.ProcessingOutputConfig.Outputs[channel].S3Output.S3Uri


def _file_uri(step: ProcessingStep, channel: str, file: str) -> Join:
    return Join(on="/", values=[_output_uri(step, channel), file])


def _retries() -> list[StepRetryPolicy | SageMakerJobStepRetryPolicy]:
    """Try again what the service or its capacity broke, never what our code refused."""
    return [
        StepRetryPolicy(
            exception_types=[
                StepExceptionTypeEnum.SERVICE_FAULT,
                StepExceptionTypeEnum.THROTTLING,
            ],
            interval_seconds=10,
            backoff_rate=2.0,
            max_attempts=5,
        ),
        SageMakerJobStepRetryPolicy(
            exception_types=[SageMakerJobExceptionTypeEnum.RESOURCE_LIMIT],
            interval_seconds=120,
            backoff_rate=1.5,
            max_attempts=10,
        ),
        SageMakerJobStepRetryPolicy(
            failure_reason_types=[
                SageMakerJobExceptionTypeEnum.INTERNAL_ERROR,
                SageMakerJobExceptionTypeEnum.CAPACITY_ERROR,
            ],
            interval_seconds=60,
            backoff_rate=2.0,
            max_attempts=3,
        ),
    ]
