"""A notice reaches the topic as one line, or waits where somebody finds it."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from ml_constructs import notices
from ml_constructs.notices import Notice

NOTICE = Notice(
    "Burst",
    "A pipe burst",
    {"source": ["example"], "detail": {"state": ["BURST"]}},
    {"pipe": "$.detail.pipe"},
    "Pipe <pipe> burst.",
)
ALL = (
    *notices.pipeline_notices("arn"),
    *notices.model_notices("group"),
    *notices.endpoint_notices("endpoint"),
    *notices.feature_group_notices(["group"]),
    *notices.data_notices("database"),
    *notices.image_notices("repository"),
    *notices.health_notices(["S3"]),
)


def _define(site: Any, notice: Notice) -> None:
    from ml_constructs.alarm_topic import AlarmTopic
    from ml_constructs.dead_letter_queue import DeadLetterQueue
    from ml_constructs.event_notice import EventNotice

    EventNotice(
        site.stack,
        notice.name,
        notice=notice,
        topic=AlarmTopic(site.stack, "Topic", key=site.key, display_name="x", emails=[]),
        dead_letters=DeadLetterQueue(site.stack, "Queue", key=site.key),
        runbook="book.md",
    )


def test_an_event_becomes_one_line_with_the_way_out(site: Any) -> None:
    """People read a sentence, not the event's JSON."""
    _define(site, NOTICE)
    ((_, rule),) = site.resources("AWS::Events::Rule").items()
    (target,) = rule["Properties"]["Targets"]
    template = target["InputTransformer"]["InputTemplate"]

    assert rule["Properties"]["EventPattern"] == NOTICE.pattern
    assert json.loads(template) == "Pipe <pipe> burst. See book.md#burst"
    assert target["InputTransformer"]["InputPathsMap"] == {"pipe": "$.detail.pipe"}


def test_what_cannot_be_delivered_is_set_aside(site: Any) -> None:
    """A topic that refuses for an hour loses nothing."""
    _define(site, NOTICE)
    ((_, rule),) = site.resources("AWS::Events::Rule").items()
    (target,) = rule["Properties"]["Targets"]
    ((queue, _),) = site.resources("AWS::SQS::Queue").items()

    assert target["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": [queue, "Arn"]}
    assert target["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": 3600,
        "MaximumRetryAttempts": 24,
    }


@pytest.mark.parametrize(
    ("message", "mistake"),
    [
        ("Pipe burst.", "name the same"),
        ("Pipe <pipe> in <place> burst.", "name the same"),
        ('Pipe "<pipe>" burst.', "without quotes"),
        ("Pipe <pipe>\nburst.", "one line"),
    ],
)
def test_a_message_that_eventbridge_would_refuse_is_refused(
    site: Any, message: str, mistake: str
) -> None:
    """A placeholder without a field, or a quotation mark, fails here and not at deployment."""
    with pytest.raises(ValueError, match=mistake):
        _define(site, dataclasses.replace(NOTICE, message=message))


@pytest.mark.parametrize("notice", ALL, ids=lambda notice: notice.name)
def test_every_notice_is_limited_and_readable(notice: Notice) -> None:
    """A pattern names source, type and a detail; the message can be filled and is short."""
    assert set(notice.pattern) == {"source", "detail-type", "detail"}
    assert notice.pattern["detail"]
    assert all(path.startswith("$.detail.") for path in notice.fields.values())
    assert len(notice.message) < 100


def test_notices_have_names_of_their_own() -> None:
    """The name is the heading in the runbook."""
    assert len({notice.name for notice in ALL}) == len(ALL)
