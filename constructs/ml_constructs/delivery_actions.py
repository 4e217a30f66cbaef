"""What a delivery pipeline is made of: stages of builds and approvals, in plain words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ml_constructs.alarm_topic import AlarmTopic
from ml_constructs.build_project import BuildProject
from ml_constructs.pipeline_source import ACTION

RETRY: Final = "RETRY"
ROLLBACK: Final = "ROLLBACK"
_LONGEST_VALUE: Final = 1000
"""Source: CodePipeline API Reference, ActionDeclaration, configuration."""


@dataclass(frozen=True, kw_only=True)
class BuildAction:
    """Run a project; what it exports is known as ``#{<namespace>.<variable>}`` from there on.

    ``variables`` are those of this execution, beside the project's own.
    """

    name: str
    project: BuildProject
    variables: Mapping[str, str] = field(default_factory=dict)
    namespace: str | None = None

    def declaration(self, order: int) -> dict[str, Any]:
        """Return the action as CloudFormation wants it."""
        variables = [
            {"name": name, "type": "PLAINTEXT", "value": value}
            for name, value in self.variables.items()
        ]
        configuration = {"ProjectName": self.project.name}
        if variables:
            configuration["EnvironmentVariables"] = _checked(self.name, json.dumps(variables))
        return {
            "Name": self.name,
            "RunOrder": order,
            "ActionTypeId": _type("Build", "CodeBuild"),
            "InputArtifacts": [{"Name": ACTION}],
            "Configuration": configuration,
            **({"Namespace": self.namespace} if self.namespace else {}),
        }


@dataclass(frozen=True, kw_only=True)
class ApprovalAction:
    """Ask people, through a topic, with a link and a text; who says nothing in time says no."""

    name: str
    topic: AlarmTopic
    text: str
    link: str
    timeout_min: int

    def declaration(self, order: int) -> dict[str, Any]:
        """Return the action as CloudFormation wants it."""
        return {
            "Name": self.name,
            "RunOrder": order,
            "ActionTypeId": _type("Approval", "Manual"),
            "Configuration": {
                "NotificationArn": self.topic.topic_arn,
                "CustomData": _checked(self.name, self.text),
                "ExternalEntityLink": self.link,
            },
            "TimeoutInMinutes": self.timeout_min,
        }


@dataclass(frozen=True, kw_only=True)
class Check:
    """A condition: a variable must have this value, else the stage is passed over."""

    variable: str
    value: str

    def declaration(self) -> dict[str, Any]:
        """Return the condition as CloudFormation wants it.

        Source: CodePipeline User Guide, "VariableCheck" and "Configure conditions for a stage".
        """
        rule = {
            "Name": "Check",
            "RuleTypeId": {
                "Category": "Rule",
                "Owner": "AWS",
                "Provider": "VariableCheck",
                "Version": "1",
            },
            "Configuration": {"Variable": self.variable, "Operator": "EQ", "Value": self.value},
        }
        return {"Conditions": [{"Result": "SKIP", "Rules": [rule]}]}


@dataclass(frozen=True, kw_only=True)
class DeliveryStep:
    """One stage: its actions one after the other, when it is passed over, what if it fails.

    ``on_failure``: try what failed once more (`RETRY`), or run the stage again as it was in the
    last execution that succeeded (`ROLLBACK`).
    """

    name: str
    actions: Sequence[BuildAction | ApprovalAction]
    only_if: Check | None = None
    on_failure: str | None = None

    def declaration(self) -> dict[str, Any]:
        """Return the stage as CloudFormation wants it."""
        stage: dict[str, Any] = {
            "Name": self.name,
            "Actions": [each.declaration(order) for order, each in enumerate(self.actions, 1)],
        }
        if self.only_if is not None:
            stage["BeforeEntry"] = self.only_if.declaration()
        if self.on_failure == RETRY:
            stage["OnFailure"] = {
                "Result": RETRY,
                "RetryConfiguration": {"RetryMode": "FAILED_ACTIONS"},
            }
        elif self.on_failure is not None:
            stage["OnFailure"] = {"Result": self.on_failure}
        return stage


def source_declaration(provider: str, configuration: Mapping[str, str]) -> dict[str, Any]:
    """Return the first stage as CloudFormation wants it."""
    action = {
        "Name": ACTION,
        "RunOrder": 1,
        "ActionTypeId": _type("Source", provider),
        "OutputArtifacts": [{"Name": ACTION}],
        "Configuration": dict(configuration),
        "Namespace": ACTION,
    }
    return {"Name": ACTION, "Actions": [action]}


def _type(category: str, provider: str) -> dict[str, str]:
    return {"Category": category, "Owner": "AWS", "Provider": provider, "Version": "1"}


def _checked(name: str, value: str) -> str:
    if len(value) > _LONGEST_VALUE:
        raise ValueError(
            f"{name}: a value of {len(value)} characters; CodePipeline takes {_LONGEST_VALUE}; "
            "set what does not change on the project"
        )
    return value
