"""Thresholds carry their unit, and a budget is one that AWS accepts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from config.monitoring import MonitoringConfig
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.mistakes import parse


def _mistakes(text: str) -> list[str]:
    with pytest.raises(SettingsError) as error:
        parse(text, MonitoringConfig, source="x.yaml")
    return list(error.value.mistakes)


def test_quantities_are_read_with_their_unit() -> None:
    """What people write is what the alarms get."""
    settings = parse(
        "alarms: {data_age: 2d, pipeline_duration: 1.5 h}\nbudget: {monthly: 1200.50 USD}",
        MonitoringConfig,
        source="x.yaml",
    )

    assert settings.alarms.data_age == timedelta(days=2)
    assert settings.alarms.pipeline_duration == timedelta(minutes=90)
    assert settings.budget.monthly == 1200.5


def test_a_section_that_is_left_out_has_thresholds() -> None:
    """Defaults pass the same checks as what is written."""
    settings = parse("{}", MonitoringConfig, source="x.yaml")

    assert settings.alarms.data_age == timedelta(hours=26)
    assert settings.budget.monthly == 500


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        ("alarms: {data_age: 26}", "alarms.data_age", "write a number and its unit"),
        ("alarms: {data_age: '26'}", "alarms.data_age", "as in '26h'"),
        ("alarms: {data_age: 26 hours}", "alarms.data_age", "ms, s, min, h, d"),
        (f"alarms: {{data_age: {'9' * 20}d}}", "alarms.data_age", "write a number"),
        ("alarms: {data_age: 90min}", "alarms.data_age", "multiple of 1h"),
        ("alarms: {data_age: 8d}", "alarms.data_age", "from 1h to 7d"),
        ("alarms: {data_age: -1h}", "alarms.data_age", "write a number"),
        ("alarms: {pipeline_age: 30min}", "alarms.pipeline_age", "from 1h to 7d"),
        ("alarms: {pipeline_duration: 3}", "alarms.pipeline_duration", "as in '26h'"),
        ("alarms: {pipeline_duration: 6d}", "alarms.pipeline_duration", "from 1min to 5d"),
        ("alarms: {pipeline_duration: 500ms}", "alarms.pipeline_duration", "from 1min to 5d"),
        ("alarms: {silence: seldom}", "alarms.silence", "boolean"),
        ("alarms: {data_ages: 1d}", "alarms.data_ages", "did you mean 'data_age'?"),
        ("budget: {monthly: 500}", "budget.monthly", "as in '500 USD'"),
        ("budget: {monthly: 500 EUR}", "budget.monthly", "as in '500 USD'"),
        ("budget: {monthly: 0 USD}", "budget.monthly", "as in '500 USD'"),
        ("budget: {actual_percent: [0]}", "budget.actual_percent.0", "greater than"),
        ("budget: {actual_percent: [80, 80]}", "budget.actual_percent", "name each once"),
        ("budget: {forecast_percent: [90, 100, 110]}", "budget.forecast_percent", "1 to 5"),
        ("budget: {actual_percent: [], forecast_percent: []}", "budget.forecast_percent", "1 to 5"),
        ("emails: [nobody]", "emails.0", "team@example.com"),
        ("emails: [a@b.ch, a@b.ch]", "emails", "name each once"),
    ],
)
def test_what_would_alarm_wrongly_is_refused(text: str, place: str, remedy: str) -> None:
    """A threshold without unit, a period that CloudWatch does not know, a sixth notification."""
    (mistake,) = _mistakes(text)

    assert f" {place}: " in mistake
    assert remedy in mistake


def test_all_mistakes_show_at_once() -> None:
    """One run, every line that is wrong."""
    text = "alarms: {data_age: 26, pipeline_age: 2}\nbudget: {monthly: 5}\nemails: [x]"

    assert len(_mistakes(text)) == 4
