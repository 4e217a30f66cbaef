"""An alarm on events that nobody got."""

from __future__ import annotations

from constructs import Construct

from ml_constructs.alarm import Alarm, Metric
from ml_constructs.alarm_topic import AlarmTopic
from ml_constructs.dead_letter_queue import DeadLetterQueue


def queue_depth(queue: DeadLetterQueue) -> Metric:
    """Return how many messages wait in a queue.

    Source: Amazon SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS".
    """
    return Metric(
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        {"QueueName": queue.queue_name},
        statistic="Maximum",
    )


class QueueAlarm(Alarm):
    """Define an alarm that stays on as long as a message waits in a dead-letter queue.

    Stateless. A queue that was empty for six hours sends no metric, which is fine.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        queue: DeadLetterQueue,
        owner: str,
        topic: AlarmTopic,
        runbook: str,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description=f"An event of {owner} could not be delivered and waits in the dead-letter "
            f"queue. {runbook}#undelivered",
            metric=queue_depth(queue),
            threshold=1,
            missing="notBreaching",
            topic=topic,
        )
