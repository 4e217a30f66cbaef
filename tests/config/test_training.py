"""When a pipeline starts by itself is checked before EventBridge sees it."""

from __future__ import annotations

import pytest

import config
from config.training import TrainingConfig
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.mistakes import parse

GOOD = """
environment: dev
usecase: fraud
protected: false
tags: {data_classification: internal, owner_team: somebody, cost_center: none}
"""


@pytest.mark.parametrize(
    ("training", "place"),
    [
        ("{schedule: {expression: daily}}", "schedule.expression"),
        ("{schedule: {expression: cron(0 3 * * *)}}", "schedule.expression"),
        ("{schedule: {expression: cron(0 3 * * * *)}}", "schedule.expression"),
        ("{schedule: {expression: 'cron(61 3 ? * MON *)'}}", "schedule.expression"),
        ("{schedule: {expression: rate(1 hours)}}", "schedule.expression"),
        ("{schedule: {expression: rate(12 hour)}}", "schedule.expression"),
        ("{schedule: {expression: rate(0 days)}}", "schedule.expression"),
        ("{schedule: {expression: rate(2 weeks)}}", "schedule.expression"),
        ("{schedule: {expression: rate(1.5 days)}}", "schedule.expression"),
        ("{schedule: {expression: ''}}", "schedule.expression"),
        ("{schedule: {enabled: often}}", "schedule.enabled"),
        ("{schedule: {cron: 'cron(0 3 ? * MON *)'}}", "schedule.cron"),
        ("{arrival: {suffix: ''}}", "arrival.suffix"),
        ("{arrival: {suffix: '*.csv'}}", "arrival.suffix"),
        ("{arrival: {suffix: 'a b'}}", "arrival.suffix"),
        ("{arrival: {enabled: 2}}", "arrival.enabled"),
        ("{max_parallel_steps: 0}", "max_parallel_steps"),
        ("{max_parallel_steps: 51}", "max_parallel_steps"),
        ("{training_instance_type: m5.large}", "training_instance_type"),
    ],
)
def test_what_aws_would_refuse_is_refused_when_loading(training: str, place: str) -> None:
    """A schedule with a slip would fail at deployment, or never start anything."""
    with pytest.raises(SettingsError) as error:
        parse(f"{GOOD}training: {training}", config.PlatformConfig, source="dev.yaml")
    (mistake,) = error.value.mistakes

    assert f": training.{place}: " in mistake


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 3 ? * MON *)",
        "cron(15 10 L * ? *)",
        "rate(1 minute)",
        "rate(1 hour)",
        "rate(2 hours)",
        "rate(1 day)",
        "rate(30 days)",
    ],
)
def test_both_kinds_of_schedule_are_accepted(expression: str) -> None:
    """EventBridge knows cron and rate."""
    section = TrainingConfig.model_validate({"schedule": {"expression": expression}})

    assert section.schedule.expression == expression


def test_nothing_starts_by_itself_unless_somebody_says_so() -> None:
    """An execution costs money."""
    assert not TrainingConfig().schedule.enabled
    assert not TrainingConfig().arrival.enabled


@pytest.mark.parametrize("trigger", ["schedule", "arrival"])
def test_what_starts_by_itself_needs_an_image(trigger: str) -> None:
    """Without one each start would fail, by night and unseen."""
    text = f"{GOOD}training: {{{trigger}: {{enabled: true}}}}"
    with pytest.raises(SettingsError, match=rf"training: {trigger}\.enabled .* images\.digest"):
        parse(text, config.PlatformConfig, source="dev.yaml")

    settings = parse(
        f"{text}\nimages: {{digest: 'sha256:{'a' * 64}'}}", config.PlatformConfig, source="dev.yaml"
    )

    assert getattr(settings.training, trigger).enabled
