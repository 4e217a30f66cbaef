"""Every version of the model, and the people who may approve one."""

from __future__ import annotations

from typing import Any

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_constructs.model_registry import ModelRegistry
from stacks.names import Names


class RegistryStack(Stack):
    """Keep the model package group and the role of those who approve.

    Stateful: the audit trail of what served when.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
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
            removal_policy=removal_policy,
        )
        # Who of the account may assume it is for the account's own policies to say. It has a
        # name because people type it.
        self.approver = iam.Role(
            self,
            "Approver",
            role_name=f"{names.pipeline}-approver",
            assumed_by=iam.AccountRootPrincipal(),
            description="Approves or rejects versions of the model; cannot train or register",
        )
        self.registry.grant_approve(self.approver)
