"""Tell people about an event, in a line that they can read."""

from __future__ import annotations

import json
import re

from aws_cdk import aws_events as events
from constructs import Construct

from ml_constructs.alarm import Metric
from ml_constructs.alarm_topic import AlarmTopic
from ml_constructs.dead_letter_queue import DeadLetterQueue
from ml_constructs.notices import Notice

_PLACEHOLDER = re.compile(r"<([A-Za-z0-9]+)>")
# Somebody who is told a day late is not told: what cannot be delivered in an hour is set aside.
_RETRY = {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 24}


class EventNotice(Construct):
    """Define a rule that sends one line to the topic for each event that matches.

    Stateless. What cannot be delivered waits in ``dead_letters``, which must be of the same
    stack. ``runbook`` ends both the line and the description of the rule.

    Raises:
        ValueError: if message and fields do not name the same placeholders, or the message has
            a quotation mark, which EventBridge would refuse at deployment.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        notice: Notice,
        topic: AlarmTopic,
        dead_letters: DeadLetterQueue,
        runbook: str,
    ) -> None:
        super().__init__(scope, construct_id)
        _check(notice)
        link = f"{runbook}#{notice.name.lower()}"
        rule = events.CfnRule(
            self,
            "Resource",
            description=f"{notice.description}. {link}",
            event_pattern=notice.pattern,
            targets=[
                {
                    "id": "Topic",
                    "arn": topic.topic_arn,
                    "inputTransformer": {
                        "inputPathsMap": dict(notice.fields),
                        # A string in JSON: EventBridge puts the values in before it is read.
                        "inputTemplate": f'"{notice.message} See {link}"',
                    },
                    "deadLetterConfig": {"arn": dead_letters.queue_arn},
                    "retryPolicy": _RETRY,
                }
            ],
        )
        self.matches = Metric("AWS/Events", "TriggeredRules", {"RuleName": rule.ref})
        """How many events matched. Source: EventBridge User Guide, "Monitoring EventBridge"."""


def _check(notice: Notice) -> None:
    used = set(_PLACEHOLDER.findall(notice.message))
    if used != set(notice.fields):
        raise ValueError(
            f"{notice.name}: the message uses {sorted(used)}, the fields are "
            f"{sorted(notice.fields)}; name the same"
        )
    if json.dumps(notice.message) != f'"{notice.message}"':
        raise ValueError(f"{notice.name}: write the message as one line of ASCII without quotes")
