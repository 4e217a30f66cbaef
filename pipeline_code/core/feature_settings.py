"""How features are made, kept and joined."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from pipeline_code.contract import EVENT_TIME
from pipeline_code.core.data_contract import Contract
from pipeline_code.core.mistakes import Section

_FEATURE_NAME = r"(?!.{65})[a-zA-Z0-9]([-_]*[a-zA-Z0-9])*"
_RESERVED_FEATURES = ("api_invocation_time", "is_deleted", "write_time")
"""Columns that SageMaker adds itself. Source: Amazon SageMaker API, FeatureDefinition."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
FeatureType = Literal["Integral", "Fractional", "String"]


class FeatureGroup(Section):
    """One feature group: the record of an entity at a moment."""

    name: Name
    version: Annotated[int, Field(ge=1)] = 1
    key: str
    features: dict[str, FeatureType]

    @field_validator("features")
    @classmethod
    def _check_names(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        taken = {*_RESERVED_FEATURES, EVENT_TIME, info.data.get("key")}
        wrong = [name for name in value if name in taken or not re.fullmatch(_FEATURE_NAME, name)]
        if wrong:
            raise ValueError(
                f"SageMaker would refuse {', '.join(map(repr, wrong))}; allowed: up to 64 letters, "
                "digits, - and _, a letter or digit first and last, and neither the key nor "
                f"{', '.join(sorted({*_RESERVED_FEATURES, EVENT_TIME}))}"
            )
        return value

    @property
    def versioned_name(self) -> str:
        """The name with its schema version: a breaking change is a new group."""
        return f"{self.name}-v{self.version}"


class Join(Section):
    """A second source, joined as it was known at the time of each row.

    Its files lie in a folder of its own, ``name``, below the source. A row gets the latest record
    of its ``key`` whose ``event_time`` is not after the row's own; its columns are called
    ``<name>_<column>``.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
    key: str
    event_time: str
    contract: Contract


class Features(Section):
    """How features are made and which the model sees, in its order.

    Without ``sql`` the inputs are columns of the source (and of joined sources). A category that
    fewer than ``category_rows`` training rows have, or that is not among the ``categories`` most
    frequent ones, counts as one of the others.
    """

    sql: str | None = None
    inputs: tuple[str, ...] = Field(min_length=1)
    groups: tuple[FeatureGroup, ...] = ()
    history_days: Annotated[int, Field(ge=1)] = 7
    joins: tuple[Join, ...] = ()
    categories: Annotated[int, Field(ge=1, le=1_000)] = 100
    category_rows: Annotated[int, Field(ge=1)] = 10

    @field_validator("inputs")
    @classmethod
    def _check_inputs(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({name for name in value if value.count(name) > 1})
        if twice:
            raise ValueError(f"inputs names {', '.join(twice)} twice")
        return value
