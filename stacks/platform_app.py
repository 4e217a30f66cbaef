"""The CDK app, with the same context whoever runs it: the CDK's command line, Python or a test."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aws_cdk import App

import config
from config import DeliveryConfig, PlatformConfig
from stacks.delivery_stage import DeliveryStage
from stacks.platform_stage import PlatformStage

CDK_JSON = Path(__file__).parents[1] / "cdk.json"


class PlatformApp(App):
    """Define one stage an environment.

    The CDK's command line alone reads the feature flags in cdk.json. They are read here as
    well, or ``python app.py`` would write other templates than ``cdk synth``.
    """

    def __init__(self, **kwargs: Any) -> None:
        context = json.loads(CDK_JSON.read_text(encoding="utf-8"))["context"]
        # Version reporting would add a resource, and conditions that list every region.
        super().__init__(context=context, analytics_reporting=False, **kwargs)
        self.stages: dict[str, PlatformStage | DeliveryStage] = {}

    def define(self, environments: Iterable[PlatformConfig]) -> None:
        """Define the platform in each of the environments."""
        for settings in environments:
            self.stages[settings.environment] = PlatformStage(self, settings=settings)

    def define_delivery(self, settings: DeliveryConfig | None) -> None:
        """Define what delivers to the environments, as their files describe them."""
        if settings is not None:
            environments = {name: config.load(name) for name in config.ENVIRONMENTS}
            self.stages[settings.name] = DeliveryStage(
                self, settings=settings, environments=environments
            )

    def check(self) -> None:
        """Let synthesis fail on each security finding that is not acknowledged."""
        # Imported here: the rules take a second to load and are seldom asked for.
        from stacks.nag import add_checks

        add_checks(self)
