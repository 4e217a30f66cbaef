"""The role of one kind of job: what every job needs, and nothing that only some need."""

from __future__ import annotations

from typing import Final

from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_constructs.encrypted_log_group import grant_log_streams
from ml_constructs.encryption_key import EncryptionKey
from ml_constructs.image_repository import ImageRepository
from ml_constructs.service_trust import carry_identity, trusted_service

PROCESSING: Final = "ProcessingJobs"
TRAINING: Final = "TrainingJobs"
TRANSFORM: Final = "TransformJobs"
ENDPOINTS: Final = "Endpoints"
LOG_GROUPS: Final = tuple(f"/aws/sagemaker/{kind}" for kind in (PROCESSING, TRAINING, TRANSFORM))
"""Log groups that SageMaker names itself: one of each in an account and region."""


class JobRole(Construct):
    """Define the role that one step of the pipeline runs with.

    Stateless. The data it may touch is granted by what holds the data.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        kind: str,
        description: str,
        images: ImageRepository,
        key: EncryptionKey,
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Resource",
            assumed_by=trusted_service("sagemaker"),
            description=description,
        )
        carry_identity(self.role, "sagemaker")
        self.role_arn = self.role.role_arn
        images.grant_pull(self.role)
        key.grant_use(self.role)
        grant_log_streams(self.role, f"/aws/sagemaker/{kind}")
        # The log group of an endpoint ends with its name; the namespace of the metrics does not.
        self._grant_metrics(f"/aws/sagemaker/{kind.partition('/')[0]}")

    def _grant_metrics(self, namespace: str) -> None:
        # The action takes no resource; the namespace is what can be limited.
        iam.Grant.add_to_principal(
            grantee=self.role,
            actions=["cloudwatch:PutMetricData"],
            resource_arns=["*"],
            conditions={"StringEquals": {"cloudwatch:namespace": namespace}},
        )
