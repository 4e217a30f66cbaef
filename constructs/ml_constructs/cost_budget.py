"""What a month may cost, and who is told before it costs more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aws_cdk import aws_budgets as budgets
from constructs import Construct

from ml_constructs.alarm_topic import AlarmTopic


class CostBudget(Construct):
    """Define a monthly budget over what carries one tag, and tell the topic as it is used up.

    Stateless. One tag, since a resource counts that has any of the tags a budget names. It
    counts nothing until somebody activates the tag for cost allocation in the billing console.
    Without a name of its own: a change of the notifications replaces it.

    Source: AWS Cost Management User Guide, "Creating a cost budget"; CloudFormation,
    AWS::Budgets::Budget, createOnlyProperties.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        monthly_usd: float,
        tag: tuple[str, str],
        actual_percent: Sequence[int],
        forecast_percent: Sequence[int],
        topic: AlarmTopic,
    ) -> None:
        super().__init__(scope, construct_id)
        key, value = tag

        def notification(kind: str, percent: int) -> dict[str, Any]:
            return {
                "notification": {
                    "notificationType": kind,
                    "comparisonOperator": "GREATER_THAN",
                    "threshold": percent,
                    "thresholdType": "PERCENTAGE",
                },
                "subscribers": [{"subscriptionType": "SNS", "address": topic.topic_arn}],
            }

        budgets.CfnBudget(
            self,
            "Resource",
            budget={
                "budgetType": "COST",
                "timeUnit": "MONTHLY",
                "budgetLimit": {"amount": monthly_usd, "unit": "USD"},
                "costFilters": {"TagKeyValue": [f"user:{key}${value}"]},
            },
            notifications_with_subscribers=[
                *(notification("ACTUAL", percent) for percent in actual_percent),
                *(notification("FORECASTED", percent) for percent in forecast_percent),
            ],
        )
