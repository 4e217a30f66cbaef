"""What serves behind an endpoint: a model, and what it runs on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aws_cdk import aws_sagemaker as sagemaker

from ml_constructs.endpoint_model import EndpointModel

CHAMPION: Final = "champion"
"""The variant that answers. It keeps its name for good: a renamed variant is a new one."""
CHALLENGER: Final = "challenger"
"""The variant that gets a share of the same requests and answers nobody."""
_DOWNLOAD_SEC = 900
_STARTUP_SEC = 300

_Config = sagemaker.CfnEndpointConfig


@dataclass(frozen=True)
class Instances:
    """Run on machines that are there until something removes them.

    ``count`` is how many start at first. ``is_scaled``: something else says how many there are
    by now, and an update leaves that alone.
    """

    instance_type: str
    count: int
    is_scaled: bool = False


@dataclass(frozen=True)
class Serverless:
    """Run on what SageMaker starts for the requests, and no longer.

    ``provisioned_concurrency`` is kept warm; None: the first request waits for a start.
    """

    memory_mib: int
    max_concurrency: int
    provisioned_concurrency: int | None = None


@dataclass(frozen=True)
class ProductionVariant:
    """One model of an endpoint; ``weight`` is its share of the requests, beside the others'."""

    name: str
    model: EndpointModel
    capacity: Instances | Serverless
    weight: float = 1

    @property
    def is_scaled(self) -> bool:
        """Say whether the number of its instances is somebody else's to decide."""
        return isinstance(self.capacity, Instances) and self.capacity.is_scaled

    def configuration(self) -> _Config.ProductionVariantProperty:
        """Return the variant as an endpoint's configuration has it."""
        if isinstance(self.capacity, Serverless):
            return _Config.ProductionVariantProperty(
                variant_name=self.name,
                model_name=self.model.name,
                initial_variant_weight=self.weight,
                serverless_config=_Config.ServerlessConfigProperty(
                    memory_size_in_mb=self.capacity.memory_mib,
                    max_concurrency=self.capacity.max_concurrency,
                    provisioned_concurrency=self.capacity.provisioned_concurrency,
                ),
            )
        return _Config.ProductionVariantProperty(
            variant_name=self.name,
            model_name=self.model.name,
            initial_variant_weight=self.weight,
            instance_type=self.capacity.instance_type,
            initial_instance_count=self.capacity.count,
            model_data_download_timeout_in_seconds=_DOWNLOAD_SEC,
            container_startup_health_check_timeout_in_seconds=_STARTUP_SEC,
        )
