"""Alarms on a database server."""

from __future__ import annotations

from collections.abc import Sequence

from constructs import Construct

from ml_constructs.alarm import Alarm, Metric
from ml_constructs.alarm_topic import AlarmTopic

_MOST_CONNECTIONS = 150
"""Four fifths of the 189 that Aurora allows with one capacity unit, the least that we bring.

Source: Amazon Aurora User Guide, "Maximum connections for Aurora Serverless v2".
"""


class ClusterAlarms(Construct):
    """Define alarms on an Aurora cluster that is full, or whose clients block each other.

    Stateless. A cluster that has paused sends nothing, which is fine.
    Source: Amazon Aurora User Guide, "Amazon CloudWatch metrics for Amazon Aurora".
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster_name: str,
        topic: AlarmTopic,
        runbook: str,
    ) -> None:
        super().__init__(scope, construct_id)

        def alarm(name: str, metric: str, threshold: float, periods: int, text: str) -> Alarm:
            return Alarm(
                self,
                name,
                description=f"{construct_id}: {text}. {runbook}#database{name.lower()}",
                metric=Metric(
                    "AWS/RDS",
                    metric,
                    {"DBClusterIdentifier": cluster_name},
                    statistic="Maximum",
                ),
                threshold=threshold,
                evaluation_periods=periods,
                missing="notBreaching",
                topic=topic,
            )

        self.alarms: Sequence[Alarm] = (
            alarm("Capacity", "ACUUtilization", 90, 3, "the server is as large as it may be"),
            alarm("Connections", "DatabaseConnections", _MOST_CONNECTIONS, 3, "too many clients"),
            alarm("Deadlocks", "Deadlocks", 0.01, 2, "transactions block each other for good"),
        )
