"""What everyone of one persona may do in Studio."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_constructs.encrypted_log_group import grant_log_streams
from ml_constructs.service_trust import carry_identity, trusted_service

LOG_GROUP = "/aws/sagemaker/studio"
"""Where SageMaker writes what apps of Studio say: one in an account and region."""


class StudioPersona(Construct):
    """Define the execution role of one kind of user, that may write logs and nothing else yet.

    Stateless. What it may touch is granted by what holds it. The session carries the user's
    name, so people who share the role are told apart in the trail.
    """

    def __init__(self, scope: Construct, construct_id: str, *, description: str) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=trusted_service("sagemaker"),
            description=description,
        )
        carry_identity(self.role, "sagemaker")

    def grant_logs(self) -> None:
        """Let apps write their logs."""
        grant_log_streams(self.role, LOG_GROUP)
