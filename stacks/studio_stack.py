"""Where people look at data, try things and see what the pipeline made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import RemovalPolicy, Stack
from constructs import Construct

from config import PlatformConfig
from config.studio import StudioConfig
from ml_constructs.encrypted_log_group import EncryptedLogGroup
from ml_constructs.feature_group import FeatureGroup
from ml_constructs.mlflow_app import MlflowApp
from ml_constructs.studio_apps import StudioApps
from ml_constructs.studio_domain import StudioDomain
from ml_constructs.studio_persona import LOG_GROUP, StudioPersona
from ml_constructs.studio_security_group import StudioSecurityGroup
from ml_constructs.studio_user import StudioUser
from stacks.data_stack import DataStack
from stacks.features_stack import FeaturesStack
from stacks.foundation_stack import FoundationStack
from stacks.names import Names
from stacks.network_stack import NetworkStack
from stacks.registry_stack import RegistryStack
from stacks.training_stack import TrainingStack

SANDBOX = "sandbox"
"""The folder of a use case in the artifacts bucket that data scientists write into."""
MLFLOW = "mlflow"
"""The folder in which MLflow keeps what is logged to it."""


class StudioStack(Stack):
    """Keep the domain, the people in it, and their experiments.

    Stateful: the disks of spaces go with the domain, the runs with the MLflow app.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: PlatformConfig,
        names: Names,
        foundation: FoundationStack,
        network: NetworkStack,
        data: DataStack,
        features: FeaturesStack | None,
        registry: RegistryStack,
        training: TrainingStack,
        removal_policy: RemovalPolicy,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._prefix = settings.usecase
        if settings.logs.sagemaker_log_groups:
            EncryptedLogGroup(
                self,
                "Logs",
                name=LOG_GROUP,
                key=foundation.logs_key,
                retention_days=settings.logs.retention_days,
                removal_policy=removal_policy,
            )
        self.domain = StudioDomain(
            self,
            "Domain",
            name=names.pipeline,
            auth=settings.studio.auth,
            network=network.network,
            security_group=StudioSecurityGroup(
                self,
                "Group",
                vpc_id=network.network.vpc_id,
                https_destinations=settings.network.https_destinations,
            ),
            apps=_apps(settings.studio),
            key=foundation.data_key,
            shared_output=f"s3://{data.artifacts.bucket_name}/{self._prefix}/{SANDBOX}/shared",
            removal_policy=removal_policy,
        )
        self.data_scientist = self._define_data_scientist(
            data, features.groups if features is not None else {}
        )
        self.reviewer = self._define_reviewer(data)
        foundation.data_key.grant_volumes(self.data_scientist.role)
        training.pipeline.grant_start(self.data_scientist.role)
        for persona in (self.data_scientist, self.reviewer):
            registry.registry.grant_describe(persona.role)
        training.pipeline.grant_describe(self.reviewer.role)
        if settings.studio.mlflow:
            self.mlflow = MlflowApp(
                self,
                "Mlflow",
                name=names.pipeline,
                store=data.artifacts,
                prefix=f"{self._prefix}/{MLFLOW}",
                removal_policy=removal_policy,
            )
            self.mlflow.grant_use(self.data_scientist.role)
        self._define_users(settings.studio)

    def _define_data_scientist(
        self, data: DataStack, groups: Mapping[str, FeatureGroup]
    ) -> StudioPersona:
        persona = StudioPersona(
            self,
            "DataScientist",
            description="Reads data, tries things in a sandbox, starts the training pipeline",
        )
        persona.grant_logs()
        self.domain.access.grant_open(persona.role)
        self.domain.access.grant_spaces(persona.role)
        for bucket in (data.raw, data.curated, data.artifacts):
            bucket.grant_read(persona.role, prefix=self._prefix)
        data.artifacts.grant_write(persona.role, prefix=f"{self._prefix}/{SANDBOX}")
        for group in groups.values():
            group.grant_read(persona.role)
        return persona

    def _define_reviewer(self, data: DataStack) -> StudioPersona:
        """No spaces: who judges a model needs its report, not a machine beside the data."""
        persona = StudioPersona(
            self, "Reviewer", description="Reads reports, executions and versions of the model"
        )
        self.domain.access.grant_open(persona.role)
        data.artifacts.grant_read(persona.role, prefix=self._prefix)
        return persona

    def _define_users(self, studio: StudioConfig) -> None:
        personas = {"data_scientist": self.data_scientist, "reviewer": self.reviewer}
        users = Construct(self, "Users")
        for user in studio.users:
            StudioUser(
                users,
                user.name,
                name=user.name,
                domain=self.domain,
                persona=personas[user.persona],
                is_maker=user.persona == "data_scientist",
                sso_name=user.sso_name,
            )


def _apps(studio: StudioConfig) -> StudioApps:
    return StudioApps(
        instance_types=studio.instance_types,
        idle_timeout_min=studio.idle_timeout_minutes,
        volume_gib=studio.volume_gib,
        max_volume_gib=studio.max_volume_gib,
        code_editor=studio.code_editor,
        canvas=studio.canvas,
    )
