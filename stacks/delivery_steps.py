"""The steps of a delivery: which script runs, what it is told, and the few things it may do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from aws_cdk import aws_iam as iam

from config import DeliveryConfig, PlatformConfig
from delivery import contract
from ml_constructs.arns import ACCOUNT, REGION
from ml_constructs.artifact_store import ArtifactStore
from ml_constructs.delivered_environment import DeliveredEnvironment
from stacks.names import Names

STAGING: Final = "staging"
PRODUCTION: Final = "prod"
_APPROVER: Final = "approver"
_TESTER: Final = "tester"
_SAY_HOW_IT_ENDED_MIN: Final = 15


@dataclass(frozen=True, kw_only=True)
class Step:
    """One project or job: ``project`` names its script, ``environment`` what it is about.

    ``variables`` are the same in each execution. ``grant`` lets a role do what the script does.
    """

    name: str
    project: contract.Project
    environment: str
    timeout_min: int
    variables: Mapping[str, str] = field(default_factory=dict)
    grant: Callable[[iam.IGrantable], None] = lambda _: None
    is_privileged: bool = False


def minutes(duration: timedelta) -> int:
    """Return a duration in whole minutes."""
    return round(duration.total_seconds() / 60)


class DeliverySteps:
    """List the steps from the settings of the delivery and of the environments.

    The names of the environments' things are written out, see `DeliveredEnvironment`.
    """

    def __init__(
        self, settings: DeliveryConfig, names: Names, environments: Mapping[str, PlatformConfig]
    ) -> None:
        self._settings = settings
        self._names = names
        self._environments = environments
        self._training = settings.training_environment

    def names(self) -> tuple[str, ...]:
        """Return the names of the steps, in the order in which a commit passes them."""
        staging = () if self._training == STAGING else ("StagingPlatform",)
        return (
            *("Verify", "Image", "Platform", "Train"),
            *(*staging, "StagingServing", "StagingSmoke"),
            *("Approve", "ProductionPlatform", "ProductionServing", "ProductionSmoke"),
        )

    def steps(self, store: ArtifactStore) -> dict[str, Step]:
        """Return every step by its name; what is kept goes into ``store``."""
        found = [
            Step(
                name="Verify",
                project=contract.VERIFY,
                environment=self._training,
                timeout_min=minutes(self._settings.timeouts.build),
            ),
            self._image(store),
            self._platform("Platform", self._training),
            self._train(),
            self._platform("StagingPlatform", STAGING),
            self._serving("StagingServing", STAGING),
            self._smoke("StagingSmoke", STAGING),
            self._approve(),
            self._platform("ProductionPlatform", PRODUCTION),
            self._serving("ProductionServing", PRODUCTION),
            self._smoke("ProductionSmoke", PRODUCTION),
        ]
        return {each.name: each for each in found if each.name in self.names()}

    def _at(self, environment: str) -> DeliveredEnvironment:
        settings = self._environments[environment]
        names = Names(environment, settings.usecase)
        home = (self._settings.account, self._settings.region)
        is_here = settings.account is None or (settings.account, settings.region) == home
        return DeliveredEnvironment(
            platform=names.platform,
            pipeline=names.pipeline,
            parameters=names.parameters,
            usecase=names.usecase,
            bootstrap_qualifier=self._settings.bootstrap_qualifier,
            account=ACCOUNT if is_here else str(settings.account),
            region=REGION if is_here else str(settings.region),
        )

    def _image(self, store: ArtifactStore) -> Step:
        place = self._at(self._training)

        def grant(grantee: iam.IGrantable) -> None:
            place.grant_push_images(grantee)
            store.grant_keep(grantee, prefix=contract.SBOM_PREFIX)

        return Step(
            name="Image",
            project=contract.IMAGE,
            environment=self._training,
            timeout_min=minutes(self._settings.timeouts.build),
            variables={
                contract.REPOSITORY_URI: place.repository_uri,
                contract.REPOSITORY_NAME: place.platform,
                contract.STOP_AT_SEVERITY: self._settings.build.stop_at_severity,
                contract.ARTIFACTS_BUCKET: store.bucket_name,
                contract.BASE_IMAGE: self._settings.build.base_image,
            },
            grant=grant,
            is_privileged=True,
        )

    def _platform(self, name: str, environment: str) -> Step:
        return Step(
            name=name,
            project=contract.PLATFORM,
            environment=environment,
            timeout_min=minutes(self._settings.timeouts.deploy),
            variables={contract.ENVIRONMENT: environment},
            grant=self._at(environment).grant_deploy,
        )

    def _train(self) -> Step:
        timeout_min = minutes(self._settings.timeouts.train)
        place = self._at(self._training)
        return Step(
            name="Train",
            project=contract.TRAIN,
            environment=self._training,
            timeout_min=timeout_min + _SAY_HOW_IT_ENDED_MIN,
            variables={
                contract.PIPELINE_NAME: place.pipeline,
                contract.AUTHOR: self._names.platform,
                **self._waiting(timeout_min),
            },
            grant=place.grant_train,
        )

    def _serving(self, name: str, environment: str) -> Step:
        timeout_min = minutes(self._settings.timeouts.deploy)
        place = self._at(environment)

        def grant(grantee: iam.IGrantable) -> None:
            place.grant_deploy(grantee)
            place.grant_act_as(grantee, _TESTER)

        return Step(
            name=name,
            project=contract.SERVING,
            environment=environment,
            timeout_min=timeout_min + _SAY_HOW_IT_ENDED_MIN,
            variables={
                contract.ENVIRONMENT: environment,
                contract.ROLE_ARN: place.role_arn(_TESTER),
                **self._waiting(timeout_min),
            },
            grant=grant,
        )

    def _smoke(self, name: str, environment: str) -> Step:
        place, smoke = self._at(environment), self._settings.smoke
        return Step(
            name=name,
            project=contract.SMOKE,
            environment=environment,
            timeout_min=minutes(self._settings.timeouts.smoke),
            variables={
                contract.MAX_P99_MS: str(round(smoke.max_p99.total_seconds() * 1000)),
                contract.LOAD_SEC: str(round(smoke.load.total_seconds())),
                contract.CONNECTIONS: str(smoke.connections),
                contract.ROLE_ARN: place.role_arn(_TESTER),
            },
            grant=lambda grantee: place.grant_act_as(grantee, _TESTER),
        )

    def _approve(self) -> Step:
        place = self._at(self._training)
        return Step(
            name="Approve",
            project=contract.APPROVE,
            # What it opens is production, wherever the registry is.
            environment=PRODUCTION,
            timeout_min=minutes(self._settings.timeouts.build),
            variables={contract.APPROVER_ROLE_ARN: place.role_arn(_APPROVER)},
            grant=lambda grantee: place.grant_act_as(grantee, _APPROVER),
        )

    def _waiting(self, timeout_min: int) -> dict[str, Any]:
        return {
            contract.POLL_SEC: str(round(self._settings.poll.total_seconds())),
            contract.TIMEOUT_MIN: str(timeout_min),
        }
