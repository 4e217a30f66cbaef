"""What delivers to the environments: a stage of its own, wired."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Environment, Stage, Tags
from constructs import Construct

from config import DeliveryConfig, PlatformConfig
from config.delivery_environments import check_environments
from stacks.delivery_stack import DeliveryStack
from stacks.delivery_steps import PRODUCTION, DeliverySteps
from stacks.delivery_store_stack import DeliveryStoreStack
from stacks.names import Names


class DeliveryStage(Stage):
    """Define the delivery to ``environments``, of which it knows only names and accounts.

    It lives where models are trained: images are pushed, the pipeline is started and versions
    are judged by right of its own roles. Other accounts are reached through the roles of their
    bootstrap and the role that tries their endpoint.

    Raises:
        SettingsError: if the settings of the delivery and of the environments do not go together.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        settings: DeliveryConfig,
        environments: Mapping[str, PlatformConfig],
    ) -> None:
        check_environments(settings, environments)
        names = Names(settings.name, environments[PRODUCTION].usecase)
        super().__init__(
            scope,
            names.platform,
            env=Environment(account=settings.account, region=settings.region),
        )
        steps = DeliverySteps(settings, names, environments)
        self.kept = DeliveryStoreStack(
            self,
            "Store",
            settings=settings,
            names=names,
            steps=steps.names(),
            termination_protection=True,
        )
        self.delivery = DeliveryStack(
            self, "Delivery", settings=settings, names=names, steps=steps, kept=self.kept
        )
        for key, value in {
            "Environment": settings.name,
            "DataClassification": settings.tags.data_classification,
            "OwnerTeam": settings.tags.owner_team,
            "CostCenter": settings.tags.cost_center,
        }.items():
            Tags.of(self).add(key, value)
