"""Where people work with SageMaker: one Studio domain, inside the network."""

from __future__ import annotations

from typing import Any, Literal

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from ml_constructs.encryption_key import EncryptionKey
from ml_constructs.network import Network
from ml_constructs.studio_access import StudioAccess
from ml_constructs.studio_apps import StudioApps
from ml_constructs.studio_persona import StudioPersona
from ml_constructs.studio_security_group import StudioSecurityGroup


class StudioDomain(Construct):
    """Define a domain that reaches nothing but the VPC and keeps no file system of its own.

    Stateful: the disks of people's spaces go with it. Name, key and ``auth`` are create-only.
    Its default role may do nothing, so that a profile made by hand opens no door: rights come
    with a persona, see `StudioUser`, and are granted by ``access``. Output of notebooks that
    people share is encrypted, and goes to ``shared_output``.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        auth: Literal["iam", "sso"],
        network: Network,
        security_group: StudioSecurityGroup,
        apps: StudioApps,
        key: EncryptionKey,
        shared_output: str,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.apps = apps
        nobody = StudioPersona(self, "Nobody", description="Of profiles without persona: no rights")
        everyone: dict[str, Any] = {
            "executionRole": nobody.role.role_arn,
            "securityGroups": [security_group.group_id],
            "spaceStorageSettings": apps.storage,
            "jupyterLabAppSettings": apps.runtime,
        }
        domain = sagemaker.CfnDomain(
            self,
            "Resource",
            domain_name=name,
            auth_mode=auth.upper(),
            app_network_access_type="VpcOnly",
            vpc_id=network.vpc_id,
            subnet_ids=network.subnet_ids,
            kms_key_id=key.key_arn,
            home_efs_file_system_creation="Disabled",
            tag_propagation="ENABLED",
            default_user_settings={**everyone, **_private_settings(apps, key, shared_output)},
            default_space_settings=everyone,
            domain_settings={
                "executionRoleIdentityConfig": "USER_PROFILE_NAME",
                "dockerSettings": {"enableDockerAccess": "DISABLED"},
            },
        )
        domain.apply_removal_policy(removal_policy)
        self.domain_id = domain.attr_domain_id
        self.access = StudioAccess(Stack.of(self), domain_id=self.domain_id, apps=apps)


def _private_settings(apps: StudioApps, key: EncryptionKey, shared_output: str) -> dict[str, Any]:
    """Return what users have besides spaces: an editor, sharing, the portal."""
    return {
        "codeEditorAppSettings": apps.runtime,
        "sharingSettings": {
            "notebookOutputOption": "Allowed",
            "s3OutputPath": shared_output,
            "s3KmsKeyId": key.key_arn,
        },
        "studioWebPortal": "ENABLED",
        "defaultLandingUri": "studio::",
        "studioWebPortalSettings": apps.portal(is_maker=False),
    }
