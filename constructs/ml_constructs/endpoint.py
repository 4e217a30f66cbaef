"""An endpoint: what answers requests, and how one version takes over from another."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from ml_constructs.asynchronous_answers import AsynchronousAnswers
from ml_constructs.data_capture import DataCapture
from ml_constructs.encryption_key import EncryptionKey
from ml_constructs.endpoint_alarms import EndpointAlarms
from ml_constructs.production_variant import Instances, ProductionVariant
from ml_constructs.rollout import Rollout

_Property = sagemaker.CfnEndpoint.VariantPropertyProperty


class Endpoint(Construct):
    """Define an endpoint whose ``champion`` an update replaces as ``rollout`` says.

    Stateless. The endpoint alone has a name, for consumers type it; its configuration can only
    be made anew, and SageMaker would not allow two of one name. A ``challenger`` gets a copy of
    some requests, by its weight, and answers nobody. With ``answers`` the endpoint is
    asynchronous. ``capture`` None: nothing is kept.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        champion: ProductionVariant,
        key: EncryptionKey,
        rollout: Rollout,
        alarms: EndpointAlarms,
        challenger: ProductionVariant | None = None,
        capture: DataCapture | None = None,
        answers: AsynchronousAnswers | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        has_instances = isinstance(champion.capacity, Instances)
        configuration = sagemaker.CfnEndpointConfig(
            self,
            "Configuration",
            production_variants=[champion.configuration()],
            shadow_production_variants=[challenger.configuration()] if challenger else None,
            # The volume. What an instance has of its own (NVMe) it encrypts itself; what runs
            # serverless has no volume of ours.
            kms_key_id=key.key_arn if has_instances else None,
            data_capture_config=capture.configuration() if capture else None,
            async_inference_config=answers.configuration() if answers else None,
        )
        endpoint = sagemaker.CfnEndpoint(
            self,
            "Resource",
            endpoint_name=name,
            endpoint_config_name=configuration.attr_endpoint_config_name,
            deployment_config=rollout.configuration(alarms.alarms),
            # A new configuration says how many instances there were at first, not how many the
            # traffic needs by now.
            retain_all_variant_properties=True,
            exclude_retained_variant_properties=_not_retained(champion),
        )
        self.name = endpoint.attr_endpoint_name
        self.endpoint_arn = endpoint.ref
        self.champion = champion
        self._answers = answers

    def grant_invoke(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` send requests and get answers, and change nothing."""
        action = "InvokeEndpointAsync" if self._answers else "InvokeEndpoint"
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=[f"sagemaker:{action}"],
            resource_arns=[self.endpoint_arn],
        )
        if self._answers:
            self._answers.grant_exchange(grantee)


def _not_retained(champion: ProductionVariant) -> list[_Property]:
    """Name what an update takes from the new configuration: the weights are only ever there.

    So is the number of instances that nothing scales, which would else stay as it was first.
    """
    kinds = ["DesiredWeight"] if champion.is_scaled else ["DesiredInstanceCount", "DesiredWeight"]
    return [_Property(variant_property_type=kind) for kind in kinds]
