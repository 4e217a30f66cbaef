"""A CloudWatch dashboard, laid out in rows.

Source: CloudWatch API Reference, "Dashboard body structure and syntax".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from ml_constructs.alarm import Alarm, Metric
from ml_constructs.arns import REGION

_COLUMNS = 24
_HEADER_HEIGHT = 2
_WIDGET_HEIGHT = 6


@dataclass(frozen=True)
class Expression:
    """A line that CloudWatch computes; see `search` for what to compute it from."""

    text: str
    label: str = ""

    @property
    def widget(self) -> list[object]:
        """The row of a dashboard's widget that draws it."""
        return [{"expression": self.text, **({"label": self.label} if self.label else {})}]


def search(schema: str, terms: str, statistic: str, *, period_sec: int = 300) -> str:
    """Find every metric of some dimensions that matches, whatever else it is called.

    Source: CloudWatch User Guide, "CloudWatch search expression syntax".
    """
    return f"SEARCH('{{{schema}}} {terms}', '{statistic}', {period_sec})"


@dataclass(frozen=True)
class Graph:
    """Lines over time; ``thresholds`` maps the label of a level line to its height."""

    title: str
    metrics: Sequence[Metric | Expression]
    thresholds: dict[str, float] = field(default_factory=dict)

    def body(self, region: str) -> dict[str, Any]:
        """Describe the widget."""
        lines = [{"label": name, "value": value} for name, value in self.thresholds.items()]
        return {
            "type": "metric",
            "properties": {
                "title": self.title,
                "view": "timeSeries",
                "region": region,
                "metrics": [metric.widget for metric in self.metrics],
                "yAxis": {"left": {"min": 0}},
                **({"annotations": {"horizontal": lines}} if lines else {}),
            },
        }


@dataclass(frozen=True)
class AlarmStates:
    """A coloured field for each alarm."""

    title: str
    alarms: Sequence[Alarm]

    def body(self, _region: str) -> dict[str, Any]:
        """Describe the widget; alarms know their own region."""
        arns = [alarm.attr_arn for alarm in self.alarms]
        return {"type": "alarm", "properties": {"title": self.title, "alarms": arns}}


@dataclass(frozen=True)
class Row:
    """A heading, a line that says what to look for, and widgets side by side."""

    title: str
    explanation: str
    widgets: Sequence[Graph | AlarmStates] = ()


class Dashboard(Construct):
    """Define a dashboard of rows, each as wide as the screen.

    Stateless. It has a name because people open it by its name.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, name: str, rows: Sequence[Row]
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        cloudwatch.CfnDashboard(
            self,
            "Resource",
            dashboard_name=name,
            dashboard_body=stack.to_json_string({"widgets": _lay_out(rows, REGION)}),
        )


def _lay_out(rows: Sequence[Row], region: str) -> list[dict[str, Any]]:
    placed: list[dict[str, Any]] = []
    top = 0
    for row in rows:
        text = f"## {row.title}\n{row.explanation}"
        placed.append(
            {
                **_place(0, top, _COLUMNS, _HEADER_HEIGHT),
                "type": "text",
                "properties": {"markdown": text},
            }
        )
        top += _HEADER_HEIGHT
        width = _COLUMNS // len(row.widgets) if row.widgets else 0
        for number, widget in enumerate(row.widgets):
            place = _place(number * width, top, width, _WIDGET_HEIGHT)
            placed.append({**place, **widget.body(region)})
        top += _WIDGET_HEIGHT if row.widgets else 0
    return placed


def _place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "width": width, "height": height}
