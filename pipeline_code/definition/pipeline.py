"""The training pipeline, written with the SageMaker SDK.

Prepare -> (IngestFeatures | Train | ResolveChampion) -> Evaluate -> BetterThanChampion -> Register

Only `pipeline_code.definition.compile` imports this module: the SDK takes seconds to import.
Names that exist only once something is deployed are written as placeholders.
"""

from __future__ import annotations

from sagemaker.core.helper.pipeline_variable import PipelineVariable
from sagemaker.core.shapes import ProcessingOutput
from sagemaker.core.workflow.conditions import ConditionEquals
from sagemaker.core.workflow.functions import JsonGet
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.steps import CacheConfig, ProcessingStep
from sagemaker.train.configs import InputData

from pipeline_code import contract
from pipeline_code.core.usecase import UseCase
from pipeline_code.definition.channels import input_from, input_of, output, output_uri
from pipeline_code.definition.declared_parameters import declared_parameters
from pipeline_code.definition.foreign_training import train_elsewhere
from pipeline_code.definition.jobs import MODELS, Jobs, Trained
from pipeline_code.definition.lock import placeholder
from pipeline_code.definition.registration import CARD, PROFILE, register
from pipeline_code.definition.tuning import tuning


class TrainingPipeline:
    """Write the pipeline of one use case, step by step."""

    def __init__(self, usecase: UseCase, session: PipelineSession) -> None:
        self.usecase = usecase
        self.session = session
        self.parameters = declared_parameters(usecase)
        self.jobs = Jobs(usecase, session, self.parameters)

    def pipeline(self) -> Pipeline:
        """Wire the steps; what each one reads from another is the graph."""
        prepare = self.prepare()
        train = self.train(prepare)
        champion = self.resolve_champion(prepare, train)
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
            if_steps=[register(self.jobs, train.model, evaluate)],
            else_steps=[],
        )
        # Without feature groups there is nothing to ingest.
        ingest = [self.ingest_features(prepare)] if self.usecase.features.groups else []
        return Pipeline(
            name=self.usecase.name,
            parameters=list(self.parameters.values()),
            pipeline_experiment_config=None,
            steps=[prepare, *ingest, *train.steps, champion, evaluate, gate],
            sagemaker_session=self.session,
        )

    def prepare(self) -> ProcessingStep:
        """Check the source against its contract, make features, split by time."""
        source = input_from(self.parameters[contract.PARAMETER_INPUT_DATA_URI], contract.RAW)
        outputs = [
            self._output(contract.PREPARE, channel, contract.BUCKET_CURATED)
            for channel in (
                contract.TRAIN_CHANNEL,
                contract.VALIDATION,
                contract.TEST,
                *((contract.FEATURES,) if self.usecase.features.groups else ()),
                contract.PROFILE,
                contract.QUARANTINE,
            )
        ]
        return self.jobs.processing(
            contract.PREPARE,
            role=contract.ROLE_PREPARE,
            inputs=[source],
            outputs=outputs,
            arguments=[
                *self.jobs.settings(contract.PREPARE_SETTINGS),
                "--as-of",
                self.parameters[contract.PARAMETER_AS_OF],
            ],
            property_files=[PROFILE],
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
        return self.jobs.processing(
            contract.INGEST_FEATURES,
            role=contract.ROLE_INGEST_FEATURES,
            inputs=[input_of(prepare, contract.FEATURES)],
            outputs=[
                self._output(
                    contract.INGEST_FEATURES, contract.INGESTION, contract.BUCKET_ARTIFACTS
                )
            ],
            arguments=groups,
            isolated=False,
        )

    def train(self, prepare: ProcessingStep) -> Trained:
        """Fit the model on the training rows; choose its threshold on the validation rows."""
        if self.jobs.is_foreign:
            return train_elsewhere(self.jobs, prepare)
        channels = [
            InputData(channel_name=channel, data_source=output_uri(prepare, channel))
            for channel in (contract.TRAIN_CHANNEL, contract.VALIDATION)
        ]
        if self.usecase.tuning is None:
            step = self.jobs.training(contract.TRAIN, role=contract.ROLE_TRAIN, channels=channels)
            return Trained((step,), step.properties.ModelArtifacts.S3ModelArtifacts)
        step = tuning(
            self.jobs,
            self.usecase.tuning,
            contract.TUNE,
            role=contract.ROLE_TRAIN,
            channels=channels,
        )
        bucket = placeholder(contract.BUCKET_ARTIFACTS)
        best = step.get_top_model_s3_uri(0, bucket, f"{self.usecase.name}/{MODELS}")
        return Trained((step,), best, step.properties.HyperParameterTuningJobName)

    def resolve_champion(self, prepare: ProcessingStep, train: Trained) -> ProcessingStep:
        """Fetch the approved model, as late as the training allows and in parallel with it.

        A step of its own, so that Evaluate needs no network and the champion is one of its
        inputs: the step cache can tell when it has changed. After a tuning it also fetches what
        was tried, for the report.
        """
        arguments: list[str | PipelineVariable] = [
            "--model-package-group",
            placeholder(contract.MODEL_PACKAGE_GROUP),
        ]
        if train.tuning_job is not None:
            arguments += ["--tuning-job", train.tuning_job]
        return self.jobs.processing(
            contract.RESOLVE_CHAMPION,
            role=contract.ROLE_RESOLVE_CHAMPION,
            inputs=[],
            outputs=[
                self._output(
                    contract.RESOLVE_CHAMPION, contract.CHAMPION, contract.BUCKET_ARTIFACTS
                )
            ],
            arguments=arguments,
            isolated=False,
            cache=None,
            depends_on=[prepare.name],
        )

    def evaluate(
        self,
        prepare: ProcessingStep,
        train: Trained,
        champion: ProcessingStep,
        evaluation: PropertyFile,
    ) -> ProcessingStep:
        """Measure challenger and champion on the same test rows, decide, write the report."""
        model = input_from(train.model, contract.MODEL)
        return self.jobs.processing(
            contract.EVALUATE,
            role=contract.ROLE_EVALUATE,
            inputs=[
                input_of(prepare, contract.TEST),
                input_of(prepare, contract.VALIDATION),
                input_of(prepare, contract.PROFILE),
                model,
                input_of(champion, contract.CHAMPION),
            ],
            outputs=[
                self._output(contract.EVALUATE, contract.EVALUATION, contract.BUCKET_ARTIFACTS),
                self._output(contract.EVALUATE, contract.REPORT, contract.BUCKET_ARTIFACTS),
            ],
            arguments=self.jobs.settings(contract.EVALUATE_SETTINGS),
            property_files=[evaluation, CARD],
        )

    def _output(self, step: str, channel: str, bucket: str) -> ProcessingOutput:
        return output(self.usecase.name, step, channel, bucket)
