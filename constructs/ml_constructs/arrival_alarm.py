"""An alarm on data that do not arrive."""

from __future__ import annotations

from datetime import timedelta

from constructs import Construct

from ml_constructs.alarm import Alarm
from ml_constructs.alarm_topic import AlarmTopic
from ml_constructs.encrypted_bucket import EncryptedBucket
from ml_constructs.pipeline_alarms import hours


class ArrivalAlarm(Alarm):
    """Define an alarm on a bucket into which nothing was written for too long.

    Stateless. It counts writes with the request metrics of S3, hour by hour, since CloudWatch
    knows no age of an object and its daily storage metrics come a day late. The bucket must
    have been told to count, see `EncryptedBucket`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: EncryptedBucket,
        longest_silence: timedelta,
        is_silence_told: bool,
        topic: AlarmTopic,
        runbook: str,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description=f"No raw data arrived for {hours(longest_silence)} hours. "
            f"{runbook}#datastale",
            metric=bucket.writes(period_sec=3600),
            threshold=1,
            comparison="LessThanThreshold",
            evaluation_periods=hours(longest_silence),
            missing="breaching",
            topic=topic,
        )
        self.actions_enabled = is_silence_told
