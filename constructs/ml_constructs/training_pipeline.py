"""The SageMaker pipeline, from a definition that is already complete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from ml_constructs.arns import format_arn
from ml_constructs.encryption_key import EncryptionKey
from ml_constructs.job_role import JobRole
from ml_constructs.model_registry import ModelRegistry
from ml_constructs.role_policies import wait_for_policies
from ml_constructs.service_trust import carry_identity, trusted_service

_JOB_NAMES = "pipelines-*"
"""How SageMaker Pipelines begins the name of each job and model it makes."""
TUNING: Final = "HyperParameterTuning"
_RESOURCES = {
    "Processing": "processing-job",
    "Training": "training-job",
    "Transform": "transform-job",
    TUNING: "hyper-parameter-tuning-job",
}
# The name of a tuning job has 32 characters at most, so the prefix gives way to the name of the
# execution, then the step's; in an ARN it is in small letters.
_TUNING_NAMES = ("*-Tune-*", "*-tune-*")


class TrainingPipeline(Construct):
    """Define a pipeline and the role that starts its jobs.

    Stateless. The pipeline's own role starts jobs and passes them their roles, the named ones
    and no other; what a job may touch is in its own role. ``job_kinds``: what jobs it may start.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        description: str,
        definition: Mapping[str, Any],
        job_roles: Sequence[JobRole],
        key: EncryptionKey,
        max_parallel_steps: int,
        job_kinds: Sequence[str] = ("Processing", "Training"),
    ) -> None:
        super().__init__(scope, construct_id)
        self.name = name
        self._job_kinds = job_kinds
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=trusted_service("sagemaker"),
            description=f"Starts the jobs of {name}",
        )
        carry_identity(self.role, "sagemaker")
        self._grant_jobs()
        self._grant_pass(job_roles)
        key.grant_use(self.role)
        key.grant_volumes(self.role)
        pipeline = sagemaker.CfnPipeline(
            self,
            "Resource",
            pipeline_name=name,
            pipeline_description=description,
            pipeline_definition={
                "PipelineDefinitionBody": Stack.of(self).to_json_string(definition)
            },
            parallelism_configuration={"MaxParallelExecutionSteps": max_parallel_steps},
            role_arn=self.role.role_arn,
        )
        # By reference: what names the pipeline is made after it.
        self.pipeline_arn = format_arn(
            service="sagemaker", resource="pipeline", resource_name=pipeline.ref
        )
        # An execution that starts before the policies are there would fail for want of rights.
        wait_for_policies(pipeline, self.role, *(job.role for job in job_roles))

    def allow_models(self, registry: ModelRegistry) -> None:
        """Let the pipeline make models of the registry's versions."""
        models = format_arn(service="sagemaker", resource="model", resource_name=_JOB_NAMES)
        iam.Grant.add_to_principal(
            grantee=self.role,
            actions=["sagemaker:AddTags", "sagemaker:CreateModel", "sagemaker:DescribeModel"],
            resource_arns=[models],
        )
        registry.grant_deploy(self.role)

    def grant_trigger(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` start executions, and nothing more."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["sagemaker:StartPipelineExecution"],
            resource_arns=[self._arn()],
        )

    def grant_start(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` start, stop, resume and follow executions, with the pipeline's roles."""
        self.grant_trigger(grantee)
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["sagemaker:RetryPipelineExecution", "sagemaker:StopPipelineExecution"],
            resource_arns=[self._arn("/execution/*")],
        )
        self.grant_describe(grantee)

    def grant_describe(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` follow executions and the jobs that they start."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["sagemaker:DescribePipeline", "sagemaker:ListPipelineExecutions"],
            resource_arns=[self._arn()],
        )
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=[
                "sagemaker:DescribePipelineDefinitionForExecution",
                "sagemaker:DescribePipelineExecution",
                "sagemaker:ListPipelineExecutionSteps",
                "sagemaker:ListPipelineParametersForExecution",
            ],
            resource_arns=[self._arn("/execution/*")],
        )
        for kind, arns in self._job_arns().items():
            iam.Grant.add_to_principal(
                grantee=grantee, actions=[f"sagemaker:Describe{kind}Job"], resource_arns=arns
            )
        self.grant_list_trials(grantee)

    def grant_list_trials(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` read what the pipeline's tuning jobs tried, if it has such jobs."""
        if TUNING in self._job_kinds:
            iam.Grant.add_to_principal(
                grantee=grantee,
                actions=["sagemaker:ListTrainingJobsForHyperParameterTuningJob"],
                resource_arns=self._job_arns()[TUNING],
            )

    def _arn(self, suffix: str = "") -> str:
        return format_arn(
            service="sagemaker", resource="pipeline", resource_name=f"{self.name}{suffix}"
        )

    def _job_arns(self) -> dict[str, list[str]]:
        return {
            kind: [
                format_arn(service="sagemaker", resource=resource, resource_name=name)
                for name in (_TUNING_NAMES if kind == TUNING else (_JOB_NAMES,))
            ]
            for kind, resource in _RESOURCES.items()
            if kind in self._job_kinds
        }

    def _grant_jobs(self) -> None:
        for kind, arns in self._job_arns().items():
            iam.Grant.add_to_principal(
                grantee=self.role,
                actions=[
                    "sagemaker:AddTags",
                    f"sagemaker:Create{kind}Job",
                    f"sagemaker:Describe{kind}Job",
                    f"sagemaker:Stop{kind}Job",
                ],
                resource_arns=arns,
            )
        self.grant_list_trials(self.role)

    def _grant_pass(self, job_roles: Sequence[JobRole]) -> None:
        iam.Grant.add_to_principal(
            grantee=self.role,
            actions=["iam:PassRole"],
            resource_arns=[job.role_arn for job in job_roles],
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        )
