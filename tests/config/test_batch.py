"""What SageMaker would refuse of a transform job is refused when the settings are loaded."""

from __future__ import annotations

import pytest

import config
from config.batch import BatchConfig
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.mistakes import parse
from pipeline_code.entrypoints.endpoint import Limits

GOOD = """
environment: dev
usecase: fraud
protected: false
tags: {data_classification: internal, owner_team: somebody, cost_center: none}
"""


@pytest.mark.parametrize(
    ("batch", "place"),
    [
        ("{input: parquet}", "input"),
        ("{instance_type: ml.t3.medium}", "instance_type"),
        ("{instance_type: m5.large}", "instance_type"),
        ("{instance_count: 0}", "instance_count"),
        ("{instance_count: 21}", "instance_count"),
        ("{processing_instance_type: ml.x.large}", "processing_instance_type"),
        ("{strategy: multi}", "strategy"),
        ("{max_payload_mb: 0}", "max_payload_mb"),
        ("{max_payload_mb: 21}", "max_payload_mb"),
        ("{max_concurrent_transforms: 0}", "max_concurrent_transforms"),
        ("{max_payload_mb: 20, max_concurrent_transforms: 6}", "max_concurrent_transforms"),
        ("{schedule: {expression: daily}}", "schedule.expression"),
        ("{arrival: {suffix: '*'}}", "arrival.suffix"),
        ("{workers: 4}", "workers"),
    ],
)
def test_bad_settings_are_refused_when_loading(batch: str, place: str) -> None:
    """A transform job with a slip would fail at night, on the schedule."""
    with pytest.raises(SettingsError) as error:
        parse(f"{GOOD}batch: {batch}", config.PlatformConfig, source="dev.yaml")
    (mistake,) = error.value.mistakes

    assert f": batch.{place}: " in mistake


@pytest.mark.parametrize("trigger", ["schedule", "arrival"])
def test_nothing_starts_by_itself_without_an_image(trigger: str) -> None:
    """Each execution would fail."""
    with pytest.raises(SettingsError, match=r"images\.digest"):
        parse(
            f"{GOOD}batch: {{{trigger}: {{enabled: true}}}}",
            config.PlatformConfig,
            source="dev.yaml",
        )


def test_the_server_takes_the_largest_request() -> None:
    """A larger one would get a 413 from our own server."""
    with pytest.raises(ValueError, match="less than or equal to 20"):
        BatchConfig(max_payload_mb=21)
    assert Limits().body_bytes > 20 * 2**20
