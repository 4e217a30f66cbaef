"""An endpoint that answers at once, on instances that are always there."""

from __future__ import annotations

from typing import Final

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from ml_constructs.data_capture import DataCapture
from ml_constructs.encryption_key import EncryptionKey
from ml_constructs.endpoint_alarms import EndpointAlarms
from ml_constructs.endpoint_model import EndpointModel
from ml_constructs.rollout import Rollout

VARIANT: Final = "champion"
"""The one production variant. It keeps its name for good: a renamed variant is a new one."""
_DOWNLOAD_SEC = 900
_STARTUP_SEC = 300


class RealtimeEndpoint(Construct):
    """Define an endpoint with one variant, which an update replaces step by step.

    Stateless. The endpoint alone has a name, for consumers type it; its configuration can only
    be made anew, and SageMaker would not allow two of one name.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        model: EndpointModel,
        instance_type: str,
        instance_count: int,
        key: EncryptionKey,
        capture: DataCapture,
        rollout: Rollout,
        alarms: EndpointAlarms,
    ) -> None:
        super().__init__(scope, construct_id)
        configuration = sagemaker.CfnEndpointConfig(
            self,
            "Configuration",
            production_variants=[
                sagemaker.CfnEndpointConfig.ProductionVariantProperty(
                    variant_name=VARIANT,
                    model_name=model.name,
                    instance_type=instance_type,
                    initial_instance_count=instance_count,
                    initial_variant_weight=1,
                    model_data_download_timeout_in_seconds=_DOWNLOAD_SEC,
                    container_startup_health_check_timeout_in_seconds=_STARTUP_SEC,
                )
            ],
            # The volume. What an instance has of its own (NVMe) it encrypts itself.
            kms_key_id=key.key_arn,
            data_capture_config=capture.configuration(),
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
        )
        self.name = endpoint.attr_endpoint_name
