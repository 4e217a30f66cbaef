"""The batch pipeline, written with the SageMaker SDK.

ResolveChampion -> CreateModel -> Transform -> WriteManifest

It always scores with the version that is approved when it runs, and the manifest says which
that was. Only `pipeline_code.definition.compile` imports this module: the SDK takes seconds to
import.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from sagemaker.core.transformer import Transformer
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.parameters import Parameter, ParameterInteger, ParameterString
from sagemaker.core.workflow.pipeline_context import PipelineSession, _ModelStepArguments
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.steps import ProcessingStep, TransformStep

from pipeline_code import contract
from pipeline_code.core.usecase import UseCase
from pipeline_code.definition.channels import input_from, input_of, output
from pipeline_code.definition.jobs import ROLE_PREFIX, SECURITY_GROUPS, SUBNETS, Jobs
from pipeline_code.definition.lock import placeholder
from pipeline_code.definition.retries import model_retries, retries

_CHAMPION = PropertyFile(
    name="Champion", output_name=contract.CHAMPION, path=contract.CHAMPION_FILE
)
_INVOCATION_SEC = 600
_INVOCATION_RETRIES = 3


class BatchPipeline:
    """Write the batch pipeline of one use case, step by step."""

    def __init__(self, usecase: UseCase, session: PipelineSession) -> None:
        self.usecase = usecase
        self.session = session
        self.parameters = _parameters(usecase)
        self.jobs = Jobs(usecase, session, self.parameters)

    def pipeline(self) -> Pipeline:
        """Wire the steps; what each one reads from another is the graph."""
        champion = self.resolve_champion()
        model = self.create_model(champion)
        transform = self.transform(model)
        return Pipeline(
            name=f"{self.usecase.name}-{contract.BATCH_FOLDER}",
            parameters=list(self.parameters.values()),
            pipeline_experiment_config=None,
            steps=[champion, model, transform, self.write_manifest(champion, transform)],
            sagemaker_session=self.session,
        )

    def resolve_champion(self) -> ProcessingStep:
        """Find the approved version; without one nothing is scored."""
        return self.jobs.processing(
            contract.RESOLVE_CHAMPION,
            role=contract.ROLE_RESOLVE_CHAMPION,
            inputs=[],
            outputs=[
                output(
                    self.usecase.name,
                    contract.RESOLVE_CHAMPION,
                    contract.CHAMPION,
                    contract.BUCKET_ARTIFACTS,
                    contract.BATCH_FOLDER,
                )
            ],
            arguments=[
                "--model-package-group",
                placeholder(contract.MODEL_PACKAGE_GROUP),
                "--required",
                "true",
            ],
            property_files=[_CHAMPION],
            isolated=False,
            cache=None,
        )

    def create_model(self, champion: ProcessingStep) -> ModelStep:
        """Make a model of the version: the package names its image by digest and its files."""
        package = JsonGet(step_name=champion.name, property_file=_CHAMPION, json_path="arn")
        # `ModelBuilder` knows models of files and images, none of a package.
        arguments = _ModelStepArguments(SimpleNamespace(sagemaker_session=self.session))
        arguments.caller_name = "create_model"
        arguments.create_model_request = {
            "PrimaryContainer": {"ModelPackageName": package},
            "ExecutionRoleArn": ROLE_PREFIX + placeholder(contract.ROLE_TRANSFORM),
            "EnableNetworkIsolation": True,
            "VpcConfig": {"Subnets": SUBNETS, "SecurityGroupIds": SECURITY_GROUPS},
        }
        return ModelStep(
            name=contract.CREATE_MODEL, step_args=arguments, retry_policies=model_retries()
        )

    def transform(self, model: ModelStep) -> TransformStep:
        """Score every file below the input, line by line, and join each line with its score."""
        transformer = Transformer(
            sagemaker_session=self.session,
            model_name=model.properties.ModelName,
            instance_type=self.parameters[contract.PARAMETER_INSTANCE_TYPE],
            instance_count=1,
            strategy=self.parameters[contract.PARAMETER_BATCH_STRATEGY],
            assemble_with="Line",
            output_path=self._scores(),
            output_kms_key=placeholder(contract.KEY_DATA),
            accept=self.parameters[contract.PARAMETER_CONTENT_TYPE],
            volume_kms_key=placeholder(contract.KEY_DATA),
        )
        return _SizedTransformStep(
            {
                contract.PARAMETER_MAX_PAYLOAD_MB: self.parameters[
                    contract.PARAMETER_MAX_PAYLOAD_MB
                ],
                contract.PARAMETER_MAX_CONCURRENT_TRANSFORMS: self.parameters[
                    contract.PARAMETER_MAX_CONCURRENT_TRANSFORMS
                ],
            },
            self.parameters[contract.PARAMETER_INSTANCE_COUNT],
            name=contract.TRANSFORM,
            step_args=transformer.transform(
                data=self.parameters[contract.PARAMETER_INPUT_DATA_URI],
                data_type="S3Prefix",
                content_type=self.parameters[contract.PARAMETER_CONTENT_TYPE],
                compression_type="None",
                split_type="Line",
                input_filter=self.parameters[contract.PARAMETER_INPUT_FILTER],
                join_source="Input",
                model_client_config={
                    "InvocationsTimeoutInSeconds": _INVOCATION_SEC,
                    "InvocationsMaxRetries": _INVOCATION_RETRIES,
                },
            ),
            retry_policies=retries(),
        )

    def write_manifest(self, champion: ProcessingStep, transform: TransformStep) -> ProcessingStep:
        """Publish the scores: count and hash what went in and came out, last of all."""
        name = self.usecase.name
        return self.jobs.processing(
            contract.WRITE_MANIFEST,
            role=contract.ROLE_WRITE_MANIFEST,
            inputs=[
                input_from(
                    self.parameters[contract.PARAMETER_INPUT_DATA_URI], contract.BATCH_INPUT
                ),
                input_from(transform.properties.TransformOutput.S3OutputPath, contract.SCORES),
                input_of(champion, contract.CHAMPION),
            ],
            outputs=[
                output(
                    name,
                    contract.WRITE_MANIFEST,
                    contract.MANIFEST,
                    contract.BUCKET_ARTIFACTS,
                    contract.BATCH_FOLDER,
                )
            ],
            arguments=[
                "--input-uri",
                self.parameters[contract.PARAMETER_INPUT_DATA_URI],
                "--scores-uri",
                transform.properties.TransformOutput.S3OutputPath,
                "--input-version",
                self.parameters[contract.PARAMETER_INPUT_DATA_VERSION],
                "--author",
                self.parameters[contract.PARAMETER_AUTHOR],
                "--execution",
                ExecutionVariables.PIPELINE_EXECUTION_ID,
            ],
            cache=None,
        )

    def _scores(self) -> Join:
        return Join(
            on="/",
            values=[
                f"s3://{placeholder(contract.BUCKET_ARTIFACTS)}"
                f"/{self.usecase.name}/{contract.BATCH_FOLDER}",
                ExecutionVariables.PIPELINE_EXECUTION_ID,
                contract.TRANSFORM,
                contract.SCORES,
            ],
        )


class _SizedTransformStep(TransformStep):  # type: ignore[misc]
    """A transform step whose numbers are parameters; `Transformer` takes plain ones only."""

    def __init__(self, limits: Mapping[str, Parameter], count: Parameter, **options: Any) -> None:
        super().__init__(**options)
        self._limits = limits
        self._count = count

    @property
    def arguments(self) -> Any:
        request = super().arguments
        resources = {**request["TransformResources"], "InstanceCount": self._count}
        return {**request, **self._limits, "TransformResources": resources}


def _parameters(usecase: UseCase) -> dict[str, Parameter]:
    """Declare what an operator may change for one execution."""
    waiting = f"s3://{placeholder(contract.BUCKET_RAW)}/{usecase.name}-{contract.BATCH_FOLDER}/"
    declared: list[Parameter] = [
        ParameterString(contract.PARAMETER_IMAGE_URI, default_value=placeholder(contract.IMAGE)),
        ParameterString(contract.PARAMETER_INPUT_DATA_URI, default_value=waiting),
        ParameterString(contract.PARAMETER_INPUT_DATA_VERSION, default_value="unversioned"),
        ParameterString(contract.PARAMETER_AUTHOR, default_value="unknown"),
        ParameterString(
            contract.PARAMETER_CONTENT_TYPE,
            default_value=contract.JSON_LINES,
            enum_values=list(contract.INPUT_FILTERS),
        ),
        ParameterString(
            contract.PARAMETER_INPUT_FILTER,
            default_value=contract.INPUT_FILTERS[contract.JSON_LINES],
        ),
        ParameterString(
            contract.PARAMETER_BATCH_STRATEGY,
            default_value="MultiRecord",
            enum_values=["MultiRecord", "SingleRecord"],
        ),
        ParameterInteger(contract.PARAMETER_MAX_PAYLOAD_MB, default_value=6),
        ParameterInteger(contract.PARAMETER_MAX_CONCURRENT_TRANSFORMS, default_value=2),
        ParameterString(contract.PARAMETER_INSTANCE_TYPE, default_value="ml.m5.large"),
        ParameterInteger(contract.PARAMETER_INSTANCE_COUNT, default_value=1),
        ParameterString(
            contract.PARAMETER_PROCESSING_INSTANCE_TYPE,
            default_value=usecase.instances.processing,
        ),
    ]
    return {parameter.name: parameter for parameter in declared}
