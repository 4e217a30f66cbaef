"""The settings of the audit: what AWS would refuse, or what would promise too much, is refused."""

from __future__ import annotations

import pytest

from config.audit import AuditConfig
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.mistakes import parse


def test_everything_is_recorded_unless_said_otherwise() -> None:
    """Who leaves the section out has a trail with data events."""
    settings = parse("{}", AuditConfig, source="x.yaml")

    assert settings.trail
    assert settings.data_events
    assert settings.retention_days == 365


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("trail: maybe", "trail"),
        ("trial: true", "trial"),
        ("data_events: 2", "data_events"),
        ("retention_days: 0", "retention_days"),
        ("retention_days: 3651", "retention_days"),
        ("retention_days: a year", "retention_days"),
        ("lock_days: 0", "lock_days"),
        ("{retention_days: 90, lock_days: 91}", "lock_days"),
        ("lock_days: 366", "lock_days"),
        ("denied_calls_per_5min: 0", "denied_calls_per_5min"),
        ("denied_calls_per_5min: 2.5", "denied_calls_per_5min"),
        ("failed_sign_ins_per_5min: -1", "failed_sign_ins_per_5min"),
        ("failed_sign_ins: 3", "failed_sign_ins"),
    ],
)
def test_bad_settings_are_refused_when_loading(text: str, place: str) -> None:
    """Each mistake names its place; a threshold without its unit is an unknown key."""
    with pytest.raises(SettingsError) as error:
        parse(text, AuditConfig, source="x.yaml")

    assert any(f": {place}: " in each for each in error.value.mistakes)


def test_a_lock_may_last_as_long_as_the_files() -> None:
    """The bound itself is allowed."""
    settings = parse("{retention_days: 90, lock_days: 90}", AuditConfig, source="x.yaml")

    assert settings.lock_days == settings.retention_days
