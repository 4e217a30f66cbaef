"""Training in another image: rows are written as it wants them, its model is made one of ours.

Encode -> Train -> PackageModel take the place of Train.
"""

from __future__ import annotations

from sagemaker.core.shapes import ProcessingOutput, S3DataSource
from sagemaker.core.workflow.functions import Join
from sagemaker.mlops.workflow.steps import ProcessingStep
from sagemaker.train.configs import InputData

from pipeline_code import contract
from pipeline_code.core.foreign_algorithms import foreign_algorithm
from pipeline_code.definition.channels import file_uri, input_from, input_of, output, output_uri
from pipeline_code.definition.declared_parameters import train_settings
from pipeline_code.definition.jobs import Jobs, Trained

_PARTS = {
    contract.TRAIN_CHANNEL: contract.ENCODED_TRAIN,
    contract.VALIDATION: contract.ENCODED_VALIDATION,
}


def train_elsewhere(jobs: Jobs, prepare: ProcessingStep) -> Trained:
    """Define the three steps of a training in the image that the use case names."""
    algorithm = foreign_algorithm(jobs.usecase.training.algorithm)
    assert algorithm is not None  # noqa: S101 - who asks has looked
    hosts = jobs.usecase.instances.training_count
    rows = [input_of(prepare, channel) for channel in _PARTS]
    encode = jobs.processing(
        contract.ENCODE,
        role=contract.ROLE_ENCODE,
        inputs=rows,
        outputs=[
            _output(jobs, contract.ENCODE, encoded, contract.BUCKET_CURATED)
            for encoded in _PARTS.values()
        ],
        arguments=[*jobs.settings(["training.seed"]), "--files", str(hosts)],
    )
    train = jobs.training(
        contract.TRAIN,
        role=contract.ROLE_TRAIN,
        channels=[
            InputData(
                channel_name=channel,
                data_source=S3DataSource(
                    s3_data_type="S3Prefix",
                    s3_uri=output_uri(encode, encoded),
                    # Several hosts share the rows: each takes files that no other one has.
                    s3_data_distribution_type="ShardedByS3Key" if hosts > 1 else "FullyReplicated",
                ),
                content_type=algorithm.content_type,
            )
            for channel, encoded in _PARTS.items()
        ],
    )
    package = jobs.processing(
        contract.PACKAGE_MODEL,
        role=contract.ROLE_PACKAGE_MODEL,
        inputs=[
            *rows,
            input_from(train.properties.ModelArtifacts.S3ModelArtifacts, contract.ARTIFACT),
        ],
        outputs=[
            _output(jobs, contract.PACKAGE_MODEL, channel, contract.BUCKET_ARTIFACTS)
            for channel in (contract.MODEL, contract.TRAINING)
        ],
        arguments=jobs.settings(train_settings(jobs.usecase)),
    )
    model: Join = file_uri(package, contract.MODEL, contract.MODEL_ARCHIVE)
    return Trained((encode, train, package), model)


def _output(jobs: Jobs, step: str, channel: str, bucket: str) -> ProcessingOutput:
    return output(jobs.usecase.name, step, channel, bucket)
