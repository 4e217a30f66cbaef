"""What the feature store would refuse at deployment is refused when the settings are read."""

from __future__ import annotations

import pytest

import config
from config.features import FeaturesConfig
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.mistakes import parse

GOOD = """
environment: dev
usecase: fraud
protected: false
tags: {data_classification: internal, owner_team: somebody, cost_center: none}
"""


@pytest.mark.parametrize(
    ("features", "place", "said"),
    [
        ("{ttl_days: 0}", "features.ttl_days", "greater than or equal to 1"),
        ("{ttl_days: -1}", "features.ttl_days", "greater than or equal to 1"),
        ("{ttl_days: 4000}", "features.ttl_days", "less than or equal to 3650"),
        ("{ttl_days: soon}", "features.ttl_days", "integer"),
        ("{throughput: {mode: provisioned}}", "features.throughput.mode",
         "provisioned needs read_capacity_units and write_capacity_units"),
        ("{throughput: {mode: provisioned, read_capacity_units: 5}}", "features.throughput.mode",
         "provisioned needs write_capacity_units"),
        ("{throughput: {mode: provisioned, write_capacity_units: 5}}", "features.throughput.mode",
         "provisioned needs read_capacity_units"),
        ("{throughput: {read_capacity_units: 5}}", "features.throughput.mode",
         "on_demand takes no read_capacity_units"),
        ("{throughput: {mode: on_demand, read_capacity_units: 5, write_capacity_units: 5}}",
         "features.throughput.mode", "on_demand takes no read_capacity_units or write"),
        ("{throughput: {mode: provisioned, read_capacity_units: 0, write_capacity_units: 1}}",
         "features.throughput.read_capacity_units", "greater than or equal to 1"),
        ("{throughput: {mode: provisioned, write_capacity_units: 99999999, read_capacity_units: 1"
         "}}",
         "features.throughput.write_capacity_units", "less than or equal to 10000000"),
        ("{throughput: {mode: provisoned}}", "features.throughput.mode",
         "did you mean 'provisioned'?"),
        ("{online: false}", "features.online", "unknown key"),
    ],
)  # fmt: skip
def test_a_slip_is_named_with_its_remedy(features: str, place: str, said: str) -> None:
    """One slip, one line, at its own place."""
    with pytest.raises(SettingsError) as error:
        parse(f"{GOOD}features: {features}", config.PlatformConfig, source="dev.yaml")
    (mistake,) = error.value.mistakes

    assert f": {place}: " in mistake
    assert said in mistake


def test_provisioned_throughput_has_both_units() -> None:
    """The one combination that AWS takes."""
    units = {"read_capacity_units": 50, "write_capacity_units": 5}
    section = FeaturesConfig.model_validate({"throughput": {"mode": "provisioned", **units}})

    assert section.throughput.read_capacity_units == 50


def test_by_default_the_store_takes_what_comes() -> None:
    """An environment that says nothing throttles nobody and forgets nothing."""
    assert FeaturesConfig().throughput.mode == "on_demand"
    assert FeaturesConfig().ttl_days is None
