"""The settings of the monitoring."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from config.quantities import Dollars, Duration, between, in_whole, usd
from config.types import EmailAddress
from pipeline_code.core.mistakes import Section

# CloudWatch looks back at most seven days, in steps of an hour.
# Source: CloudWatch API Reference, PutMetricAlarm, Period.
Silence = Annotated[Duration, between("1h", "7d"), in_whole("1h")]
BudgetPercent = Annotated[int, Field(ge=1, le=1000)]
MOST_NOTIFICATIONS = 5
"""As many as AWS Budgets sends for one budget. Source: Budgets API Reference, CreateBudget."""


class AlarmsConfig(Section):
    """From where on a measurement is an alarm. Each threshold says its unit.

    Those of the endpoint are beside what else decides whether it is rolled back, in `serving`.
    """

    silence: bool = True
    data_age: Silence = timedelta(hours=26)
    pipeline_age: Silence = timedelta(days=7)
    pipeline_duration: Annotated[Duration, between("1min", "5d")] = timedelta(hours=3)


class BudgetConfig(Section):
    """What a month may cost, and at which shares of it somebody is told."""

    monthly: Dollars = usd(500)
    actual_percent: tuple[BudgetPercent, ...] = (50, 80, 100)
    forecast_percent: tuple[BudgetPercent, ...] = (100,)

    @field_validator("actual_percent", "forecast_percent")
    @classmethod
    def _check_repetition(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(value)) != len(value):
            raise ValueError(f"names a percentage twice: {list(value)}; name each once")
        return value

    @field_validator("forecast_percent")
    @classmethod
    def _check_count(cls, value: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        count = len(value) + len(info.data.get("actual_percent", ()))
        if not 1 <= count <= MOST_NOTIFICATIONS:
            raise ValueError(
                f"with actual_percent there are {count} notifications; allowed: 1 to "
                f"{MOST_NOTIFICATIONS} for one budget"
            )
        return value


class MonitoringConfig(Section):
    """Who hears of what, when; and what the month may cost."""

    emails: tuple[EmailAddress, ...] = ()
    alarms: AlarmsConfig = AlarmsConfig()
    budget: BudgetConfig = BudgetConfig()

    @field_validator("emails")
    @classmethod
    def _check_repetition(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value):
            raise ValueError("names an address twice; name each once")
        return value
