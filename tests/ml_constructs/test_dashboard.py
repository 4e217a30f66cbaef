"""Widgets lie beside each other in rows and are what CloudWatch reads."""

from __future__ import annotations

import json
from typing import Any

from ml_constructs.alarm import Metric
from ml_constructs.dashboard import Dashboard, Expression, Graph, Row, search

GRAPH = Graph("Trains", [Metric("Rail", "Late", {"Line": "S3"})], {"alarm": 3})


def _widgets(site: Any, *rows: Row) -> list[dict[str, Any]]:
    Dashboard(site.stack, "Dashboard", name="trains", rows=rows)
    ((_, found),) = site.resources("AWS::CloudWatch::Dashboard").items()
    parts = found["Properties"]["DashboardBody"]["Fn::Join"][1]
    body = json.loads("".join(part if isinstance(part, str) else "here" for part in parts))
    widgets: list[dict[str, Any]] = body["widgets"]
    return widgets


def test_rows_follow_each_other_and_fill_the_width(site: Any) -> None:
    """Nothing overlaps: a heading, its widgets side by side, the next heading."""
    widgets = _widgets(site, Row("A", "a", [GRAPH, GRAPH, GRAPH]), Row("B", "b", [GRAPH]))
    places = [(each["x"], each["y"], each["width"], each["height"]) for each in widgets]

    assert places == [
        (0, 0, 24, 2),
        (0, 2, 8, 6),
        (8, 2, 8, 6),
        (16, 2, 8, 6),
        (0, 8, 24, 2),
        (0, 10, 24, 6),
    ]


def test_a_graph_names_its_metric_and_region(site: Any) -> None:
    """Without the region a dashboard shows that of whoever looks."""
    _, graph = _widgets(site, Row("A", "a", [GRAPH]))

    assert graph["properties"]["metrics"] == [
        ["Rail", "Late", "Line", "S3", {"stat": "Sum", "period": 300}]
    ]
    assert graph["properties"]["region"] == "here"
    assert graph["properties"]["annotations"] == {"horizontal": [{"label": "alarm", "value": 3}]}


def test_a_search_is_an_expression() -> None:
    """Metrics whose dimensions nobody knows before are found by those that are known."""
    text = search("Rail,Line,Train", 'Line="S3"', "p99")

    assert text == "SEARCH('{Rail,Line,Train} Line=\"S3\"', 'p99', 300)"
    assert Expression(f"SUM({text})", "all").widget == [
        {"expression": f"SUM({text})", "label": "all"}
    ]


def test_a_row_may_be_text_only(site: Any) -> None:
    """An explanation needs no graph."""
    (text,) = _widgets(site, Row("A", "a", [GRAPH]), Row("B", "b"))[2:]

    assert text["properties"]["markdown"] == "## B\nb"
