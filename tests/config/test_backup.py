"""Backups that AWS would refuse, or that would fail each night, are refused at load."""

from __future__ import annotations

import pytest

import config
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.mistakes import parse

GOOD = """
environment: dev
usecase: fraud
protected: false
tags: {data_classification: internal, owner_team: somebody, cost_center: none}
"""


def _load(backup: str) -> config.PlatformConfig:
    return parse(f"{GOOD}backup: {{{backup}}}", config.PlatformConfig, source="x.yaml")


@pytest.mark.parametrize(
    ("backup", "place", "says"),
    [
        ("schedule: rate(1 day)", "backup.schedule", "six fields"),
        ("schedule: cron(0 4 * * *)", "backup.schedule", "six fields"),
        ("schedule: 'cron(0/5 * * * ? *)'", "backup.schedule", "once an hour at most"),
        ("schedule: 'cron(* 4 * * ? *)'", "backup.schedule", "once an hour at most"),
        ("keep_days: 0", "backup.keep_days", "greater than or equal to 1"),
        ("keep_days: 4000", "backup.keep_days", "less than or equal to 3650"),
        ("keep_days: forever", "backup.keep_days", "integer"),
        ("cold_after_days: 0", "backup.cold_after_days", "greater than or equal to 1"),
        ("keep_days: 100, cold_after_days: 30", "backup.cold_after_days", "120 or more"),
        ("cold_after_days: 7", "backup.cold_after_days", "97 or more"),
        ("lock_days: 36", "backup.lock_days", "at most keep_days (35)"),
        ("lock_days: 0", "backup.lock_days", "greater than or equal to 1"),
        ("lock_changeable_days: 2", "backup.lock_changeable_days", "greater than or equal to 3"),
        ("keep: 3", "backup.keep", "unknown key"),
    ],
)
def test_a_wrong_backup_is_refused(backup: str, place: str, says: str) -> None:
    """Each would fail at deployment, or every night from then on."""
    with pytest.raises(SettingsError) as error:
        _load(backup)
    (mistake,) = error.value.mistakes

    assert f": {place}" in mistake
    assert says in mistake


def test_ninety_days_in_cold_storage_are_enough() -> None:
    """The limit itself is allowed, and so is a lock as long as the backups."""
    backup = _load("keep_days: 120, cold_after_days: 30, lock_days: 120").backup

    assert (backup.keep_days, backup.cold_after_days, backup.lock_days) == (120, 30, 120)
