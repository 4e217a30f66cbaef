"""One user of Studio."""

from __future__ import annotations

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from ml_constructs.studio_domain import StudioDomain
from ml_constructs.studio_persona import StudioPersona


class StudioUser(Construct):
    """Define a user profile that works with the role of its persona.

    Stateless: what the user keeps is in spaces, which are not of this stack. They have to be
    deleted first, or the profile cannot be. Never retained: who is taken out of the settings
    must be out. ``is_maker`` shows the tools that make models; ``sso_name`` is the identity of
    IAM Identity Center that the profile belongs to.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        domain: StudioDomain,
        persona: StudioPersona,
        is_maker: bool,
        sso_name: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        sagemaker.CfnUserProfile(
            self,
            "Resource",
            domain_id=domain.domain_id,
            user_profile_name=name,
            single_sign_on_user_identifier="UserName" if sso_name else None,
            single_sign_on_user_value=sso_name,
            user_settings={
                "executionRole": persona.role.role_arn,
                # Instead of the domain's as a whole, so all of it.
                "studioWebPortalSettings": domain.apps.portal(is_maker=is_maker),
            },
        )
