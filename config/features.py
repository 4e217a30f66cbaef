"""The settings of the features."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from config.types import Days
from pipeline_code.core.mistakes import Section

CapacityUnits = Annotated[int, Field(ge=1, le=10_000_000)]
"""What the API of SageMaker allows; zero would be a store that answers nobody."""


class ThroughputConfig(Section):
    """What the online store can take: as much as comes, or a capacity that is paid for."""

    # Before the mode: its validator looks at them.
    read_capacity_units: CapacityUnits | None = None
    write_capacity_units: CapacityUnits | None = None
    mode: Annotated[Literal["on_demand", "provisioned"], Field(validate_default=True)] = "on_demand"

    @field_validator("mode")
    @classmethod
    def _check_units(cls, value: str, info: ValidationInfo) -> str:
        units = ("read_capacity_units", "write_capacity_units")
        # A unit that is itself wrong is not in the data: it has a message of its own.
        if value == "provisioned":
            missing = [name for name in units if info.data.get(name, 1) is None]
            if missing:
                raise ValueError(f"provisioned needs {' and '.join(missing)}")
            return value
        given = [name for name in units if info.data.get(name) is not None]
        if given:
            raise ValueError(
                f"on_demand takes no {' or '.join(given)}; leave them out, or say provisioned"
            )
        return value


class FeaturesConfig(Section):
    """How the online store keeps records; the offline store keeps all of them, as Iceberg."""

    ttl_days: Days | None = None
    throughput: ThroughputConfig = ThroughputConfig()
