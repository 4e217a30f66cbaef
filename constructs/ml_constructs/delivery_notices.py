"""The events of a delivery that somebody must hear of, see `notices`.

Source: CodePipeline User Guide, "Monitoring CodePipeline events".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_constructs.notices import Notice


def delivery_notices(pipeline_name: str) -> tuple[Notice, ...]:
    """An action that failed, with its reason; and an execution that failed or was stopped.

    Approvals that wait are told by the approval itself.
    """
    return (
        Notice(
            "DeliveryActionFailed",
            "An action of the delivery failed, or nobody approved",
            _codepipeline("Action", {"pipeline": [pipeline_name], "state": ["FAILED"]}),
            {
                "pipeline": "$.detail.pipeline",
                "stage": "$.detail.stage",
                "action": "$.detail.action",
                "execution": "$.detail.execution-id",
                "reason": "$.detail.execution-result.external-execution-summary",
            },
            "<pipeline>: <action> of <stage> failed in <execution>: <reason>",
        ),
        Notice(
            "DeliveryEnded",
            "An execution of the delivery failed or was stopped",
            _codepipeline(
                "Pipeline", {"pipeline": [pipeline_name], "state": ["FAILED", "STOPPED"]}
            ),
            {
                "pipeline": "$.detail.pipeline",
                "execution": "$.detail.execution-id",
                "state": "$.detail.state",
            },
            "<pipeline>: execution <execution> is <state>.",
        ),
    )


def _codepipeline(kind: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "source": ["aws.codepipeline"],
        "detail-type": [f"CodePipeline {kind} Execution State Change"],
        "detail": dict(detail),
    }
