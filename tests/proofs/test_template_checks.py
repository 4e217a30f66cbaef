"""What the linters miss: schedules, encryption modes, build sizes, event patterns, limits."""

from __future__ import annotations

from typing import Any

import pytest

from tests.assembly import Assembly
from tests.proofs.template_checks import problems, resource_problems


def test_no_template_has_a_hidden_fault(assembly: Assembly, environment: str) -> None:
    """Nothing that CloudFormation lets pass and the service refuses while it deploys."""
    assert problems(assembly, environment) == []


SCHEDULE = "ScheduleExpression"
ALARM = "AWS::CloudWatch::Alarm"


@pytest.mark.parametrize(
    ("kind", "properties", "problem"),
    [
        ("AWS::Events::Rule", {SCHEDULE: "rate(5 minute)"}, "must read as"),
        ("AWS::Events::Rule", {SCHEDULE: "rate(1 hours)"}, "must read as"),
        ("AWS::Events::Rule", {SCHEDULE: "rate(0 days)"}, "must read as"),
        ("AWS::Events::Rule", {SCHEDULE: "cron(0 5 * * *)"}, "six fields"),
        ("AWS::Events::Rule", {SCHEDULE: "cron(0 25 * * ? *)"}, "hours allows 0-23"),
        ("AWS::Events::Rule", {SCHEDULE: "every day"}, "allowed here"),
        ("AWS::Events::Rule", {SCHEDULE: "at(2027-01-01T00:00:00)"}, "allowed here"),
        ("AWS::Scheduler::Schedule", {SCHEDULE: "at(2027-13-01T00:00:00)"}, "must read as"),
        (
            "AWS::Scheduler::Schedule",
            {"ScheduleExpressionTimezone": "Europe/Paradise"},
            "time zone",
        ),
        ("AWS::Glue::Crawler", {"Schedule": {SCHEDULE: "cron(0 5 * * ?)"}}, "six fields"),
        ("AWS::Glue::Crawler", {"Schedule": {SCHEDULE: "rate(1 day)"}}, "allowed here: cron"),
        ("AWS::Glue::Trigger", {"Schedule": "cron(0 5 * * * *)"}, "must be '?'"),
        ("AWS::Glue::Trigger", {"Schedule": "cron(0/2 * * * ? *)"}, "five minutes"),
        ("AWS::S3::Bucket", {"Encryption": {"SSEAlgorithm": "SSE-KMS"}}, "none of"),
        ("AWS::S3::Bucket", {"Encryption": {"SSEAlgorithm": "aws:kms"}}, "names no key"),
        ("AWS::Glue::SecurityConfiguration", {"S3EncryptionMode": "aws:kms"}, "none of"),
        ("AWS::Glue::SecurityConfiguration", {"CloudWatchEncryptionMode": "SSE-S3"}, "none of"),
        ("AWS::Athena::WorkGroup", {"EncryptionOption": "SSE-KMS"}, "none of"),
        (
            "AWS::CodeBuild::Project",
            {"Environment": {"Type": "LINUX_CONTAINER", "ComputeType": "BUILD_GENERAL_SMALL"}},
            "none of",
        ),
        (
            "AWS::CodeBuild::Project",
            {"Environment": {"Type": "LINUX_CONTAINER", "ComputeType": "BUILD_LAMBDA_1GB"}},
            "not for a machine",
        ),
        ("AWS::Glue::Job", {"WorkerType": "G.1X", "MaxCapacity": 2}, "go together"),
        (
            "AWS::Glue::Job",
            {"Command": {"Name": "glueetl"}, "WorkerType": "G.1X", "NumberOfWorkers": 1},
            "two workers",
        ),
        ("AWS::Events::Rule", {"EventPattern": {"source": "aws.s3"}}, "must be a list"),
        ("AWS::Events::Rule", {"EventPattern": {"detail": {"key": [{"begins": "a"}]}}}, "filter"),
        (ALARM, {"Period": 45, "EvaluationPeriods": 1}, "neither"),
        (ALARM, {"Period": 300, "EvaluationPeriods": 300}, "looks back more than 1 day"),
        (ALARM, {"Period": 86400, "EvaluationPeriods": 8}, "looks back more than 7 days"),
        ("AWS::IAM::Policy", {"PolicyDocument": {"Sid": "a" * 11_000}}, "characters"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_seeded_fault_is_found(kind: str, properties: dict[str, Any], problem: str) -> None:
    """Each check finds what it is for, and nothing else speaks."""
    (found,) = resource_problems(kind, properties)

    assert problem in found


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("AWS::Events::Rule", {SCHEDULE: "rate(1 hour)"}),
        ("AWS::Scheduler::Schedule", {SCHEDULE: "rate(30 days)"}),
        ("AWS::Scheduler::Schedule", {SCHEDULE: "at(2027-01-31T06:00:00)"}),
        ("AWS::Glue::Trigger", {"Schedule": "cron(0/15 * * * ? *)"}),
        ("AWS::S3::Bucket", {"Encryption": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "key"}}),
        ("AWS::Events::Rule", {"EventPattern": {"$or": [{"a": [1]}, {"b": [{"prefix": "c"}]}]}}),
        (ALARM, {"Period": 86400, "EvaluationPeriods": 7}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_right_passes(kind: str, properties: dict[str, Any]) -> None:
    """A check that cries wolf is switched off."""
    assert list(resource_problems(kind, properties)) == []
