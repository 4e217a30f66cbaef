"""Monitoring: every alarm reaches somebody, says what silence means and is explained."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import config
from tests.assembly import Assembly, Resource

Templates = dict[str, dict[str, dict[str, Any]]]

ROOT = Path(__file__).parents[2]
RUNBOOKS = ROOT / "docs" / "runbooks"
_LINK = re.compile(r"docs/runbooks/(?P<page>[a-z-]+\.md)#(?P<anchor>[a-z]+)")
_HEADING = re.compile(r"^#+ (?P<title>\w+)$", flags=re.MULTILINE)


def _headings(page: str) -> set[str]:
    return set(_HEADING.findall((RUNBOOKS / page).read_text(encoding="utf-8")))


def _of_type(templates: Templates, environment: str, kind: str) -> dict[str, dict[str, Any]]:
    return {
        name: resource["Properties"]
        for name, resource in templates[environment]["Monitoring"]["Resources"].items()
        if resource["Type"] == kind
    }


def _alarm(templates: Templates, environment: str, name: str) -> dict[str, Any]:
    (found,) = (
        alarm
        for key, alarm in _of_type(templates, environment, "AWS::CloudWatch::Alarm").items()
        if name in key
    )
    return found


def _explained(resource: Resource) -> bool:
    """Say whether a runbook explains it: by a link, a heading of its name, or its own name."""
    properties = resource.properties
    link = _LINK.search(properties.get("AlarmDescription") or properties["Description"])
    if link:
        return link["anchor"] in {heading.lower() for heading in _headings(link["page"])}
    if "AlarmName" in properties:
        name = properties["AlarmName"].replace(
            f"acequia-{resource.environment}-fraud", "<endpoint>"
        )
        return any(f"`{name}`" in page.read_text("utf-8") for page in RUNBOOKS.glob("*.md"))
    pages = (_headings(path.name) for path in RUNBOOKS.glob("*.md"))
    return any(heading in resource.logical_id for page in pages for heading in page)


def test_every_alarm_and_notice_is_explained(assembly: Assembly) -> None:
    """Whoever is woken finds what it means and what to do, in every stack."""
    alarms = assembly.find("AWS::CloudWatch::Alarm")
    notices = [rule for rule in assembly.find("AWS::Events::Rule") if rule.stack in {"Monitoring"}]

    assert alarms
    assert notices
    assert [each.address for each in (*alarms, *notices) if not _explained(each)] == []


def test_the_runbook_explains_nothing_that_does_not_exist(assembly: Assembly) -> None:
    """A heading without an alarm is advice that nobody can need."""
    linked = {
        match["anchor"]
        for each in assembly.find("AWS::CloudWatch::Alarm", "AWS::Events::Rule")
        for match in _LINK.finditer(
            json.dumps(each.properties.get("AlarmDescription", ""))
            + str(each.properties.get("Description", ""))
        )
        if match["page"] == "alarms.md"
    }

    assert {each.lower() for each in _headings("alarms.md")} - {"budget", "data"} == linked


def test_every_alarm_tells_the_topic_and_says_what_silence_means(assembly: Assembly) -> None:
    """An alarm without action or with a gap in its data is a picture on a page."""
    for alarm in assembly.find("AWS::CloudWatch::Alarm"):
        actions = [assembly.target(alarm, arn) for arn in alarm.properties["AlarmActions"]]

        assert any(each is not None and each.type == "AWS::SNS::Topic" for each in actions), (
            alarm.address
        )
        assert alarm.properties["TreatMissingData"] in {"breaching", "notBreaching", "ignore"}


@pytest.mark.parametrize("environment", config.ENVIRONMENTS)
def test_every_dead_letter_queue_has_an_alarm(assembly: Assembly, environment: str) -> None:
    """What is set aside is lost as well, if nobody hears of it."""
    queues = {each.address for each in assembly.find("AWS::SQS::Queue", environment=environment)}
    watched = {
        target.address
        for alarm in assembly.find("AWS::CloudWatch::Alarm", environment=environment)
        for dimension in alarm.properties.get("Dimensions", [])
        if dimension["Name"] == "QueueName"
        and (target := assembly.target(alarm, dimension["Value"])) is not None
    }

    assert queues
    assert watched == queues


def test_thresholds_are_those_of_the_settings(templates: Templates) -> None:
    """Hours, milliseconds and counts arrive in the units of CloudWatch."""
    slow = _alarm(templates, "prod", "PipelineSlow")
    silent = _alarm(templates, "prod", "PipelineSilent")
    stale = _alarm(templates, "prod", "DataStale")

    assert slow["Threshold"] == 3 * 3600 * 1000
    assert (silent["Period"], silent["EvaluationPeriods"]) == (3600, 7 * 24)
    assert (stale["Period"], stale["EvaluationPeriods"]) == (3600, 26)


@pytest.mark.parametrize("name", ["PipelineSilent", "DataStale"])
def test_silence_is_an_alarm(templates: Templates, name: str) -> None:
    """No data point at all is the fault that these two look for."""
    alarm = _alarm(templates, "prod", name)

    assert alarm["ComparisonOperator"] == "LessThanThreshold"
    assert alarm["Threshold"] == 1
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["ActionsEnabled"] is True


def test_dev_may_be_silent(templates: Templates) -> None:
    """Where nothing has to run, the alarm is there and tells nobody."""
    assert _alarm(templates, "dev", "DataStale")["ActionsEnabled"] is False
    assert _alarm(templates, "dev", "PipelineSilent")["ActionsEnabled"] is False


def test_cloudwatch_looks_back_no_further_than_it_can(assembly: Assembly) -> None:
    """Seven days at most, a day where the period is under an hour; else deployment fails.

    Source: CloudWatch API Reference, PutMetricAlarm.
    """
    for alarm in assembly.find("AWS::CloudWatch::Alarm"):
        period = alarm.properties.get("Period")
        if period is not None:
            longest = 604_800 if period >= 3600 else 86_400
            assert period * alarm.properties["EvaluationPeriods"] <= longest, alarm.address


def test_the_bucket_counts_what_the_alarm_watches(assembly: Assembly) -> None:
    """A filter of another name would leave the alarm without data, on for ever."""
    (alarm,) = (
        each
        for each in assembly.find("AWS::CloudWatch::Alarm", environment="prod")
        if "DataStale" in each.logical_id
    )
    dimensions = {each["Name"]: each["Value"] for each in alarm.properties["Dimensions"]}
    bucket = assembly.target(alarm, dimensions["BucketName"])

    assert bucket is not None
    assert bucket.properties["MetricsConfigurations"] == [
        {"Id": dimensions["FilterId"], "Prefix": "fraud/"}
    ]


def test_notices_are_about_our_own_things(templates: Templates) -> None:
    """Only Glue's events and those of AWS Health do not say whose they are."""
    unlimited = {
        name
        for name, rule in _of_type(templates, "prod", "AWS::Events::Rule").items()
        if "acequia" not in json.dumps(rule["EventPattern"])
    }

    assert {re.sub("[0-9A-F]{8}$", "", name) for name in unlimited} == {
        "CrawlerFailed",
        "GlueJobFailed",
        "AwsHealth",
    }


def test_the_dashboard_shows_every_part(templates: Templates) -> None:
    """One page: alarms, pipeline, endpoint, data, features, cost."""
    ((_, dashboard),) = _of_type(templates, "prod", "AWS::CloudWatch::Dashboard").items()
    parts = dashboard["DashboardBody"]["Fn::Join"][1]
    body = json.loads("".join(part if isinstance(part, str) else "x" for part in parts))
    titles = [
        each["properties"]["markdown"].split("\n")[0]
        for each in body["widgets"]
        if each["type"] == "text"
    ]

    assert dashboard["DashboardName"] == "acequia-prod-fraud"
    assert titles == [
        "## Alarms",
        "## Training pipeline",
        "## Endpoint",
        "## Data",
        "## Feature store",
        "## Cost",
    ]


def test_the_dashboard_draws_the_thresholds(templates: Templates) -> None:
    """Those of the endpoint's alarms, latency in microseconds as the metric is."""
    serving = config.load("prod").serving
    ((_, dashboard),) = _of_type(templates, "prod", "AWS::CloudWatch::Dashboard").items()
    text = json.dumps(dashboard["DashboardBody"]).replace("\\", "")

    assert f'"value":{serving.latency_p99_ms * 1000}}}' in text
    assert f'"value":{serving.errors_5xx_per_min}}}' in text


def test_the_budget_is_that_of_the_environment(templates: Templates) -> None:
    """Another environment's cost is not counted."""
    ((_, budget),) = _of_type(templates, "prod", "AWS::Budgets::Budget").items()

    assert budget["Budget"]["BudgetLimit"] == {"Amount": 3000, "Unit": "USD"}
    assert budget["Budget"]["CostFilters"] == {"TagKeyValue": ["user:Environment$prod"]}


@pytest.mark.parametrize("environment", config.ENVIRONMENTS)
def test_every_database_and_table_is_watched(assembly: Assembly, environment: str) -> None:
    """Full, blocked or refusing: each is told, for each that the platform brings."""
    watched: dict[str, set[str]] = {}
    for alarm in assembly.find("AWS::CloudWatch::Alarm", environment=environment):
        for dimension in alarm.properties.get("Dimensions", []):
            if dimension["Name"] in {"DBClusterIdentifier", "TableName"}:
                target = assembly.target(alarm, dimension["Value"])
                assert target is not None
                watched.setdefault(target.type, set()).add(alarm.properties["MetricName"])

    assert watched == {
        "AWS::RDS::DBCluster": {"ACUUtilization", "DatabaseConnections", "Deadlocks"},
        "AWS::DynamoDB::Table": {"ReadThrottleEvents", "SystemErrors", "WriteThrottleEvents"},
    }
