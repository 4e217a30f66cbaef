"""How the pipeline registers the model that it trained."""

from __future__ import annotations

from sagemaker.core.helper.pipeline_variable import PipelineVariable
from sagemaker.core.metadata_properties import MetadataProperties
from sagemaker.core.model_metrics import MetricsSource, ModelMetrics
from sagemaker.core.shapes import ModelPackageModelCard
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import JsonGet
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.steps import ProcessingStep
from sagemaker.serve.model_builder import ModelBuilder

from pipeline_code import contract
from pipeline_code.definition.channels import file_uri
from pipeline_code.definition.jobs import ROLE_PREFIX, Jobs
from pipeline_code.definition.lock import placeholder

PROFILE = PropertyFile(name="Profile", output_name=contract.PROFILE, path=contract.PROFILE_FILE)
"""What Prepare says of the data: part of it is written beside each version of the model."""

CARD = PropertyFile(
    name="ModelCard", output_name=contract.EVALUATION, path=contract.MODEL_CARD_TEXT_FILE
)
"""The model card, as text: Evaluate writes it, SageMaker shows it beside the version."""

_CARD_STATUS = "PendingReview"
_CONTENT_TYPES = ["text/csv", "application/json", "application/jsonlines"]
_RESPONSE_TYPES = ["application/json", "text/csv"]


def register(jobs: Jobs, model: PipelineVariable, evaluate: ProcessingStep) -> ModelStep:
    """Add the model to its group, to be approved by a person."""

    def from_profile(path: str) -> JsonGet:
        return JsonGet(step_name=contract.PREPARE, property_file=PROFILE, json_path=path)

    builder = ModelBuilder(
        sagemaker_session=jobs.session,
        role_arn=ROLE_PREFIX + placeholder(contract.ROLE_EVALUATE),
        image_uri=jobs.parameters[contract.PARAMETER_IMAGE_URI],
        s3_model_data_url=model,
    )
    arguments = builder.register(
        model_package_group_name=placeholder(contract.MODEL_PACKAGE_GROUP),
        content_types=_CONTENT_TYPES,
        response_types=_RESPONSE_TYPES,
        approval_status=jobs.parameters[contract.PARAMETER_APPROVAL_STATUS],
        model_metrics=ModelMetrics(
            model_statistics=MetricsSource(
                content_type="application/json",
                s3_uri=file_uri(evaluate, contract.EVALUATION, contract.EVALUATION_FILE),
            )
        ),
        metadata_properties=MetadataProperties(
            commit_id=jobs.parameters[contract.PARAMETER_CODE_COMMIT]
        ),
        model_card=ModelPackageModelCard(
            model_card_content=JsonGet(
                step_name=contract.EVALUATE, property_file=CARD, json_path="content"
            ),
            model_card_status=_CARD_STATUS,
        ),
        customer_metadata_properties={
            contract.METADATA_USECASE: jobs.usecase.name,
            contract.METADATA_AUTHOR: jobs.parameters[contract.PARAMETER_AUTHOR],
            contract.METADATA_DATA_HASH: from_profile("data_hash"),
            contract.METADATA_FEATURE_VERSIONS: from_profile("feature_versions"),
            contract.METADATA_EXECUTION: ExecutionVariables.PIPELINE_EXECUTION_ID,
            contract.METADATA_CARD: file_uri(
                evaluate, contract.EVALUATION, contract.MODEL_CARD_FILE
            ),
            contract.METADATA_REPORT: file_uri(evaluate, contract.REPORT, contract.REPORT_FILE),
        },
    )
    specification = arguments.create_model_package_request["InferenceSpecification"]
    for container in specification["Containers"]:
        # The SDK fills in its own server's variables and the session's region.
        container.pop("Environment", None)
    return ModelStep(name=contract.REGISTER, step_args=arguments)
