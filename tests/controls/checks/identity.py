"""Who may do what: least privilege, no confused deputy, separate duties."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from tests.assembly import Assembly, Resource
from tests.controls.evidence import (
    Checked,
    Statement,
    bodies,
    jobs,
    listed,
    place,
    referred,
    resolved,
    role_statements,
    statements,
)

_SOURCES = ("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths")
# Services that send no source: what they send instead names the account.
_STAND_INS = {
    "logs": ("kms:encryptioncontext:aws:logs:arn",),
    "cloudtrail": ("kms:encryptioncontext:aws:cloudtrail:arn",),
}
_JOB_ACTIONS = (
    "sagemaker:CreateAutoMLJob",
    "sagemaker:CreateAutoMLJobV2",
    "sagemaker:CreateHyperParameterTuningJob",
    "sagemaker:CreateModelPackage",
    "sagemaker:CreatePipeline",
    "sagemaker:CreateProcessingJob",
    "sagemaker:CreateTrainingJob",
    "sagemaker:StartPipelineExecution",
    "sagemaker:UpdatePipeline",
)
_DEPLOY_ACTIONS = ("sagemaker:CreateEndpoint", "sagemaker:UpdateEndpoint")
_APPROVE = "sagemaker:UpdateModelPackage"
_STATUS = "sagemaker:modelapprovalstatus"
_ROLES = {
    "AWS::CodeBuild::Project": "ServiceRole",
    "AWS::CodePipeline::Pipeline": "RoleArn",
    "AWS::EC2::FlowLog": "DeliverLogsPermissionArn",
    "AWS::Glue::Crawler": "Role",
    "AWS::Glue::Job": "Role",
    "AWS::KinesisFirehose::DeliveryStream": "RoleARN",
    "AWS::Lambda::Function": "Role",
    "AWS::SageMaker::FeatureGroup": "RoleArn",
    "AWS::SageMaker::MlflowApp": "RoleArn",
    "AWS::SageMaker::MlflowTrackingServer": "RoleArn",
    "AWS::SageMaker::Model": "ExecutionRoleArn",
    "AWS::SageMaker::Pipeline": "RoleArn",
    "AWS::Scheduler::Schedule": "Target/RoleArn",
    "AWS::StepFunctions::StateMachine": "RoleArn",
}


def explicit_permissions(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C08: actions are spelled out, nobody has a managed policy, passed roles are named."""
    for statement in statements(assembly, environment):
        if statement.is_allow:
            yield Checked(statement.where, _permission_fault(assembly, environment, statement))
    for resource, properties in resolved(assembly, environment):
        if resource.type.startswith("AWS::IAM::") and "ManagedPolicyArns" in properties:
            foreign = [
                each
                for each in listed(properties["ManagedPolicyArns"])
                if referred(assembly, environment, each) is None
            ]
            yield Checked(
                f"{place(resource)}.ManagedPolicyArns",
                f"write out what {', '.join(map(str, foreign))} allows" if foreign else "",
            )


def confused_deputy(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C09: a service is trusted only on behalf of this account."""
    for statement in statements(assembly, environment):
        if not statement.is_allow or not statement.services:
            continue
        needed = [
            key
            for service in statement.services
            for key in _STAND_INS.get(str(service).partition(".")[0], ())
        ]
        held = statement.narrowed_by((*_SOURCES, *needed))
        fault = "" if held else "add aws:SourceAccount or aws:SourceArn as a condition"
        if held and all(each.endswith("IfExists") for each in held):
            fault = "holds only if the service sends its source; take IfExists off, or say why"
        yield Checked(statement.where, fault)


def separate_duties(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C10: who trains cannot approve or deploy, and who approves or deploys cannot train."""
    for role in assembly.find("AWS::IAM::Role", environment=environment):
        rows = role_statements(assembly, environment, role)
        trains = sorted(_may(rows, _JOB_ACTIONS))
        approvals = [each for each in rows if _may([each], (_APPROVE,))]
        deploys = sorted(_may(rows, _DEPLOY_ACTIONS))
        if not (trains or approvals or deploys):
            continue
        faults = []
        for each in approvals:
            operator, values = each.conditions.get(_STATUS, ("", []))
            if trains and (not operator or "Approved" in values):
                faults.append(f"approves and may {', '.join(trains)}")
            if not operator:
                faults.append("changes versions without a condition on the approval status")
        if trains and deploys:
            faults.append(f"may {', '.join(deploys)} and {', '.join(trains)}")
        yield Checked(place(role), "; ".join(faults) and f"{'; '.join(faults)}: split the role")
    yield from _registered_as_pending(assembly, environment)


def one_role_a_job(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C11: no two jobs, and no two kinds of worker, run with the same role."""
    users: dict[str, set[str]] = defaultdict(set)
    for user, text in _users_of_roles(assembly, environment):
        role = referred(assembly, environment, text)
        users[place(role) if role else str(text)].add(user)
    for name, found in sorted(users.items()):
        shared = (
            "" if len(found) == 1 else f"is shared by {', '.join(sorted(found))}; give each its own"
        )
        yield Checked(name, shared)


def _permission_fault(assembly: Assembly, environment: str, statement: Statement) -> str:
    if {"NotAction", "NotResource", "NotPrincipal"} & statement.body.keys():
        return "says what is not meant; say what is"
    wild = [action for action in statement.actions if "*" in action]
    if wild:
        return f"spell out {', '.join(wild)}"
    if "iam:PassRole" in statement.actions:
        if "iam:passedtoservice" not in statement.conditions:
            return "say with iam:PassedToService whom the role may be passed to"
        unnamed = [
            each for each in statement.resources if not _is_role(assembly, environment, each)
        ]
        if unnamed:
            return f"name the roles that may be passed, not {', '.join(unnamed)}"
    return ""


def _is_role(assembly: Assembly, environment: str, text: Any) -> bool:
    role = referred(assembly, environment, text)
    if role is not None:
        return role.type == "AWS::IAM::Role"
    return ":role/" in str(text) and "*" not in str(text)


def _may(rows: list[Statement], actions: tuple[str, ...]) -> set[str]:
    return {
        action
        for row in rows
        for pattern in row.actions
        for action in actions
        if fnmatchcase(action.lower(), str(pattern).lower())
    }


def _registered_as_pending(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """A pipeline may register what waits for approval, whatever its parameters say."""
    for resource, _, body in bodies(assembly, environment):
        if resource.type != "AWS::SageMaker::Pipeline" or "Steps" not in body:
            continue
        parameters = {each["Name"]: each for each in body.get("Parameters", ())}
        for step in _steps(body["Steps"]):
            if step.get("Type") == "RegisterModel":
                status = step["Arguments"].get("ModelApprovalStatus", "PendingManualApproval")
                allowed = {status} if isinstance(status, str) else _values(status, parameters)
                yield Checked(
                    f"{place(resource)}:{step['Name']}",
                    ""
                    if allowed and "Approved" not in allowed
                    else "let the parameter's EnumValues leave out Approved",
                )


def _steps(rows: Any) -> Iterator[Mapping[str, Any]]:
    for step in listed(rows):
        yield step
        for branch in ("IfSteps", "ElseSteps"):
            yield from _steps(step.get("Arguments", {}).get(branch))


def _values(get: Mapping[str, Any], parameters: Mapping[str, Mapping[str, Any]]) -> set[str]:
    name = str(get.get("Get", "")).removeprefix("Parameters.")
    return set(parameters.get(name, {}).get("EnumValues", ()))


def _users_of_roles(assembly: Assembly, environment: str) -> Iterator[tuple[str, Any]]:
    for job in jobs(assembly, environment):
        role = job.arguments.get("RoleArn")
        if role is not None:
            yield job.where, role
    for resource, properties in resolved(assembly, environment):
        yield from _resource_roles(resource, properties)


def _resource_roles(resource: Resource, properties: Any) -> Iterator[tuple[str, Any]]:
    value = properties
    for name in _ROLES.get(resource.type, "").split("/"):
        value = value.get(name) if isinstance(value, Mapping) else None
    if value is not None:
        yield place(resource), value
    if resource.type == "AWS::Events::Rule":
        for target in listed(properties.get("Targets")):
            if "RoleArn" in target:
                yield place(resource), target["RoleArn"]
    for name in ("DefaultUserSettings", "DefaultSpaceSettings", "UserSettings"):
        role = properties.get(name, {}).get("ExecutionRole") if name in properties else None
        if role is not None:
            yield place(resource), role
