"""Every version of the model, and the people who may judge or read one."""

from __future__ import annotations

from typing import Any

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from config import PlatformConfig
from ml_constructs.endpoint_tester import EndpointTester
from ml_constructs.model_registry import ModelRegistry
from stacks.names import Names


class RegistryStack(Stack):
    """Keep the model package group and the roles of those who approve, look, or try.

    Stateful: the audit trail of what served when.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: PlatformConfig,
        names: Names,
        removal_policy: RemovalPolicy,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.registry = ModelRegistry(
            self,
            "Models",
            name=names.model_package_group,
            description=f"Every version of the {names.usecase} model in {names.environment}",
            reader_accounts=settings.registry.reader_accounts,
            removal_policy=removal_policy,
        )
        self.approver = self._person(
            "Approver",
            name=f"{names.pipeline}-approver",
            description="Approves or rejects versions of the model; cannot train or register",
        )
        self.registry.grant_approve(self.approver)
        self.reader = self._person(
            "Reader",
            name=f"{names.pipeline}-reader",
            description="Reads the versions of the model and their metadata; changes nothing",
        )
        self.registry.grant_read(self.reader)
        # Here, not with the endpoint: the delivery waits for that with this very role.
        EndpointTester(
            self,
            "Tester",
            name=f"{names.pipeline}-tester",
            endpoint_name=names.endpoint,
            account=settings.registry.delivery_account,
        )

    def _person(self, construct_id: str, *, name: str, description: str) -> iam.Role:
        # Who of the account may assume it is for the account's own policies to say. It has a
        # name because people type it.
        return iam.Role(
            self,
            construct_id,
            role_name=name,
            assumed_by=iam.AccountRootPrincipal(),
            description=description,
        )
