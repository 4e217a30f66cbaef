"""One environment of the platform: all of its stacks, wired."""

from __future__ import annotations

from typing import Any

from aws_cdk import Environment, RemovalPolicy, Stage, Tags
from constructs import Construct

from config import PlatformConfig
from pipeline_code import contract
from pipeline_code.definition.lock import BATCH_LOCK_FILE, read_lock
from pipeline_code.definition.schema_lock import check_schemas
from stacks.audit_stack import AuditStack
from stacks.batch_stack import BatchStack
from stacks.data_stack import DataStack
from stacks.databases_stack import DatabasesStack
from stacks.features_stack import FeaturesStack
from stacks.foundation_stack import FoundationStack
from stacks.monitoring_stack import MonitoringStack
from stacks.names import Names
from stacks.network_stack import NetworkStack
from stacks.registry_stack import RegistryStack
from stacks.serving_stack import ServingStack
from stacks.sources_stack import SourcesStack
from stacks.studio_stack import StudioStack
from stacks.training_stack import TrainingStack


class PlatformStage(Stage):
    """Define every stack of one environment; the only place that knows their order.

    Stateful stacks come first and never refer to a later one. In a protected environment they
    cannot be deleted, and what they hold survives if they are.
    """

    def __init__(self, scope: Construct, *, settings: PlatformConfig) -> None:
        names = Names(settings.environment, settings.usecase)
        # Bound, `cdk deploy` refuses every other account, and the templates name this one.
        bound = Environment(account=settings.account, region=settings.region)
        super().__init__(scope, names.platform, env=bound)
        folder = contract.usecase_folder(settings.usecase)
        self._settings, self._names, self._folder = settings, names, folder
        self._lock = read_lock(folder)
        check_schemas(folder, self._lock.feature_groups)
        removal_policy = RemovalPolicy.RETAIN if settings.protected else RemovalPolicy.DESTROY
        self._stateless: dict[str, Any] = {"termination_protection": settings.protected}
        self._stateful: dict[str, Any] = {
            **self._stateless,
            "names": names,
            "removal_policy": removal_policy,
        }
        self._define_ground()
        self._define_stores()
        self._define_jobs()
        self._define_watch()
        # Static values only: tags of a feature group are create-only, and a commit hash in one
        # would replace the group at each deployment.
        for key, value in {
            "Environment": settings.environment,
            "DataClassification": settings.tags.data_classification,
            "OwnerTeam": settings.tags.owner_team,
            "CostCenter": settings.tags.cost_center,
        }.items():
            Tags.of(self).add(key, value)

    def _define_ground(self) -> None:
        """Define what everything stands on, and the record of who does what on it."""
        self.foundation = FoundationStack(
            self, "Foundation", settings=self._settings, **self._stateful
        )
        self.network = NetworkStack(
            self, "Network", settings=self._settings, foundation=self.foundation, **self._stateful
        )
        self.data = DataStack(
            self, "Data", settings=self._settings, foundation=self.foundation, **self._stateful
        )
        if self._settings.audit.trail:
            self.audit = AuditStack(
                self,
                "Audit",
                settings=self._settings,
                foundation=self.foundation,
                data=self.data,
                **self._stateful,
            )

    def _define_stores(self) -> None:
        """Define what keeps data that people and pipelines made."""
        self.databases = DatabasesStack(
            self,
            "Databases",
            settings=self._settings,
            foundation=self.foundation,
            network=self.network.network,
            **self._stateful,
        )
        self.features: FeaturesStack | None = None
        if self._lock.feature_groups:  # CloudFormation refuses a stack of nothing
            self.features = FeaturesStack(
                self,
                "Features",
                settings=self._settings,
                lock=self._lock,
                foundation=self.foundation,
                data=self.data,
                **self._stateful,
            )
        self.registry = RegistryStack(self, "Registry", settings=self._settings, **self._stateful)

    def _define_jobs(self) -> None:
        """Define what trains, scores, lands and serves."""
        self.training = TrainingStack(
            self,
            "Training",
            settings=self._settings,
            names=self._names,
            lock=self._lock,
            foundation=self.foundation,
            network=self.network,
            data=self.data,
            features=self.features,
            registry=self.registry,
            **self._stateless,
        )
        self.batch = BatchStack(
            self,
            "Batch",
            settings=self._settings,
            names=self._names,
            lock=read_lock(self._folder, BATCH_LOCK_FILE),
            foundation=self.foundation,
            network=self.network,
            data=self.data,
            registry=self.registry,
            **self._stateless,
        )
        self.sources = SourcesStack(
            self,
            "Sources",
            settings=self._settings,
            names=self._names,
            promised=self._lock.contract,
            foundation=self.foundation,
            network=self.network.network,
            data=self.data,
            databases=self.databases,
            **self._stateless,
        )
        if self._settings.serving.model_version is not None:
            self.serving = ServingStack(
                self,
                "Serving",
                settings=self._settings,
                names=self._names,
                version=self._settings.serving.model_version,
                foundation=self.foundation,
                network=self.network,
                data=self.data,
                registry=self.registry,
                **self._stateless,
            )

    def _define_watch(self) -> None:
        """Define where people work, and what tells them."""
        self.studio = StudioStack(
            self,
            "Studio",
            settings=self._settings,
            foundation=self.foundation,
            network=self.network,
            data=self.data,
            features=self.features,
            registry=self.registry,
            training=self.training,
            **self._stateful,
        )
        self.monitoring = MonitoringStack(
            self,
            "Monitoring",
            settings=self._settings,
            names=self._names,
            foundation=self.foundation,
            data=self.data,
            databases=self.databases,
            features=self.features,
            dead_letters={
                "Batch": self.batch.dead_letters,
                "Sources": self.sources.dead_letters,
                "Training": self.training.dead_letters,
            },
            **self._stateless,
        )
