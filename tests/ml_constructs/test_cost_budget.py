"""The budget counts one environment and tells in time."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def budget(site: Any) -> dict[str, Any]:
    """The properties of a budget of 300 dollars."""
    from ml_constructs.alarm_topic import AlarmTopic
    from ml_constructs.cost_budget import CostBudget

    CostBudget(
        site.stack,
        "Budget",
        monthly_usd=300,
        tag=("Environment", "dev"),
        actual_percent=[80, 100],
        forecast_percent=[100],
        topic=AlarmTopic(site.stack, "Topic", key=site.key, display_name="x", emails=[]),
    )
    ((_, found),) = site.resources("AWS::Budgets::Budget").items()
    properties: dict[str, Any] = found["Properties"]
    return properties


def test_it_counts_one_tag_a_month(budget: dict[str, Any]) -> None:
    """A second tag would be counted as well, not instead: AWS joins them with "or"."""
    assert budget["Budget"] == {
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": 300, "Unit": "USD"},
        "CostFilters": {"TagKeyValue": ["user:Environment$dev"]},
    }


def test_it_tells_what_is_spent_and_what_will_be(budget: dict[str, Any]) -> None:
    """The forecast comes while something can still be stopped."""
    told = [
        (each["Notification"]["NotificationType"], each["Notification"]["Threshold"])
        for each in budget["NotificationsWithSubscribers"]
    ]

    assert told == [("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]
    for each in budget["NotificationsWithSubscribers"]:
        (subscriber,) = each["Subscribers"]
        assert subscriber["SubscriptionType"] == "SNS"
        assert "Ref" in subscriber["Address"]
        assert each["Notification"]["ThresholdType"] == "PERCENTAGE"


def test_it_has_no_name(budget: dict[str, Any]) -> None:
    """Its notifications are create-only: with a fixed name a change could not be deployed."""
    assert "BudgetName" not in budget["Budget"]
