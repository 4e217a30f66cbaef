"""Where a step reads and where it writes, as the SageMaker SDK wants it said."""

from __future__ import annotations

from sagemaker.core.helper.pipeline_variable import PipelineVariable
from sagemaker.core.shapes import (
    ProcessingInput,
    ProcessingOutput,
    ProcessingS3Input,
    ProcessingS3Output,
)
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join
from sagemaker.mlops.workflow.steps import ProcessingStep

from pipeline_code import contract
from pipeline_code.definition.lock import placeholder

EXECUTIONS = "executions"


def output(
    usecase: str, step: str, channel: str, bucket: str, folder: str = EXECUTIONS
) -> ProcessingOutput:
    """Name where an output lands: bucket / use case / folder / execution / step / channel."""
    return ProcessingOutput(
        output_name=channel,
        s3_output=ProcessingS3Output(
            s3_uri=Join(
                on="/",
                values=[
                    f"s3://{placeholder(bucket)}/{usecase}/{folder}",
                    ExecutionVariables.PIPELINE_EXECUTION_ID,
                    step,
                    channel,
                ],
            ),
            local_path=f"{contract.ML_ROOT}/{contract.PROCESSING_OUTPUT}/{channel}",
            s3_upload_mode="EndOfJob",
        ),
    )


def input_of(step: ProcessingStep, channel: str) -> ProcessingInput:
    """Read another step's output under the same channel name."""
    return input_from(output_uri(step, channel), channel)


def input_from(uri: PipelineVariable, channel: str) -> ProcessingInput:
    """Read what lies under a URI."""
    return ProcessingInput(
        input_name=channel,
        s3_input=ProcessingS3Input(
            s3_uri=uri,
            local_path=f"{contract.ML_ROOT}/{contract.PROCESSING_INPUT}/{channel}",
            s3_data_type="S3Prefix",
            s3_input_mode="File",
        ),
    )


def output_uri(step: ProcessingStep, channel: str) -> PipelineVariable:
    """Refer to where a step's output will lie."""
    return step.properties.ProcessingOutputConfig.Outputs[channel].S3Output.S3Uri


def file_uri(step: ProcessingStep, channel: str, file: str) -> Join:
    """Refer to one file of a step's output."""
    return Join(on="/", values=[output_uri(step, channel), file])
