"""Where experiments are written down: a serverless MLflow app."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from ml_constructs.encrypted_bucket import EncryptedBucket
from ml_constructs.role_policies import wait_for_policies
from ml_constructs.service_trust import trusted_service


class MlflowApp(Construct):
    """Define an MLflow app that keeps its artifacts under one prefix of a bucket.

    Stateful: runs and metrics live in it. Name and role are create-only, so the role is its
    own and stays as long. Models logged here are not registered: that is for the pipeline.
    The app takes no key of ours; its artifacts are encrypted by the bucket's.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        store: EncryptedBucket,
        prefix: str,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self._store = store
        self._prefix = prefix
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=trusted_service("sagemaker", documents_source=False),
            description=f"Keeps the artifacts of the MLflow app {name}",
        )
        self.role.apply_removal_policy(removal_policy)
        store.grant_read(self.role, prefix=prefix)
        store.grant_write(self.role, prefix=prefix)
        app = sagemaker.CfnMlflowApp(
            self,
            "Resource",
            name=name,
            artifact_store_uri=f"s3://{store.bucket_name}/{prefix}",
            role_arn=self.role.role_arn,
            model_registration_mode="AutoModelRegistrationDisabled",
        )
        app.apply_removal_policy(removal_policy)
        wait_for_policies(app, self.role)
        self.app_arn = app.attr_arn

    def grant_use(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` log, read and delete runs.

        One action covers the whole API of MLflow, so nobody can be given only a part of it.
        Source: Amazon SageMaker Developer Guide, "Set up IAM permissions for MLflow Apps".
        """
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=[
                "sagemaker:CallMlflowAppApi",
                "sagemaker:CreatePresignedMlflowAppUrl",
                "sagemaker:DescribeMlflowApp",
            ],
            resource_arns=[self.app_arn],
        )
        # Clients of MLflow write artifacts into the bucket themselves.
        self._store.grant_read(grantee, prefix=self._prefix)
        self._store.grant_write(grantee, prefix=self._prefix)
