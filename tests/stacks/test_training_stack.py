"""The training pipeline: the locked definition, complete, and one role a job."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

import config
from pipeline_code import contract
from pipeline_code.definition.lock import placeholder, read_lock
from pipeline_code.definition.parameters import with_defaults
from stacks.training_stack import NO_IMAGE
from tests.assembly import Assembly

Templates = dict[str, dict[str, dict[str, Any]]]
JOBS = (
    contract.PREPARE,
    contract.INGEST_FEATURES,
    contract.TRAIN,
    contract.RESOLVE_CHAMPION,
    contract.EVALUATE,
)
LISTS = {
    placeholder(contract.NETWORK_SUBNETS): 2,
    placeholder(contract.NETWORK_SECURITY_GROUPS): 1,
}
"""Placeholders that make way for several items, and for how many at least."""


def _body(templates: Templates, environment: str) -> dict[str, Any]:
    """Read the pipeline's definition, each CloudFormation reference as ``<reference>``."""
    pipeline = _pipeline(templates, environment)
    body = pipeline["PipelineDefinition"]["PipelineDefinitionBody"]
    parts = body["Fn::Join"][1] if isinstance(body, dict) else [body]
    text = "".join(
        part if isinstance(part, str) else f"<{json.dumps(part).replace(chr(34), '')}>"
        for part in parts
    )
    definition: dict[str, Any] = json.loads(text)
    return definition


def _pipeline(templates: Templates, environment: str) -> dict[str, Any]:
    (found,) = (
        resource["Properties"]
        for resource in templates[environment]["Training"]["Resources"].values()
        if resource["Type"] == "AWS::SageMaker::Pipeline"
    )
    properties: dict[str, Any] = found
    return properties


def _steps(steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for step in steps:
        yield step
        arguments = step["Arguments"]
        yield from _steps(arguments.get("IfSteps", []) + arguments.get("ElseSteps", []))


def _agree(locked: Any, body: Any, where: str = "definition") -> None:
    """Assert that ``body`` is ``locked`` but for the strings that hold placeholders."""
    if isinstance(locked, dict):
        assert isinstance(body, dict), where
        assert list(locked) == list(body), where
        for key, value in locked.items():
            _agree(value, body[key], f"{where}.{key}")
    elif isinstance(locked, list) and len(locked) == 1 and str(locked[0]) in LISTS:
        assert len(body) >= LISTS[locked[0]], where
        assert all(isinstance(value, str) and value for value in body), where
    elif isinstance(locked, list):
        assert len(locked) == len(body), where
        for index, value in enumerate(locked):
            _agree(value, body[index], f"{where}[{index}]")
    elif isinstance(locked, str) and "{{" in locked:
        fixed = [re.escape(part) for part in re.split(r"\{\{[^}]+\}\}", locked)]
        assert re.fullmatch(".+".join(fixed), body), where
    else:
        assert locked == body, where


@pytest.mark.parametrize("environment", config.ENVIRONMENTS)
def test_the_pipeline_is_the_locked_definition(templates: Templates, environment: str) -> None:
    """Apart from filled placeholders and two defaults, the cloud runs what was reviewed."""
    body = _body(templates, environment)
    locked = read_lock(contract.usecase_folder("fraud")).definition
    settings = config.load(environment).training
    types = {
        contract.PARAMETER_PROCESSING_INSTANCE_TYPE: settings.processing_instance_type,
        contract.PARAMETER_TRAINING_INSTANCE_TYPE: settings.training_instance_type,
    }
    expected = with_defaults(locked, {name: value for name, value in types.items() if value})

    _agree(expected, body)


@pytest.mark.parametrize("environment", config.ENVIRONMENTS)
def test_every_placeholder_is_filled(templates: Templates, environment: str) -> None:
    """A placeholder that reached SageMaker would be a bucket called ``{{buckets.raw}}``."""
    text = json.dumps(_pipeline(templates, environment))

    assert "{{" not in text
    assert "${Token" not in text


def test_placeholders_stand_for_the_right_things(templates: Templates) -> None:
    """Each step reads and writes the bucket, key and role that belong to it."""
    steps = {step["Name"]: step["Arguments"] for step in _steps(_body(templates, "dev")["Steps"])}
    prepare = json.dumps(steps[contract.PREPARE]["ProcessingOutputConfig"])
    evaluate = json.dumps(steps[contract.EVALUATE]["ProcessingOutputConfig"])
    ingest = steps[contract.INGEST_FEATURES]["AppSpecification"]["ContainerArguments"]

    assert "Curated" in prepare
    assert "Artifacts" not in prepare
    assert "Artifacts" in evaluate
    assert "DataKey" in prepare
    assert steps[contract.REGISTER]["ModelPackageGroupName"] == "acequia-dev-fraud"
    assert "acequia-dev-fraud-customers-v1" in ingest
    for job in JOBS:
        assert steps[job]["RoleArn"].startswith(f"<{{Fn::GetAtt: [{job}Role"), job


def test_the_default_image_cannot_be_pulled(templates: Templates) -> None:
    """Until delivery names an image, an execution fails instead of running some other one."""
    parameters = {each["Name"]: each for each in _body(templates, "dev")["Parameters"]}
    default = parameters[contract.PARAMETER_IMAGE_URI]["DefaultValue"]

    assert default.endswith(f"@{NO_IMAGE}")
    assert NO_IMAGE.removeprefix("sha256:").strip("0") == ""


def test_settings_choose_the_machines(templates: Templates) -> None:
    """Prod trains on what its settings say, dev on what the use case says."""
    machines = {
        environment: next(
            each["DefaultValue"]
            for each in _body(templates, environment)["Parameters"]
            if each["Name"] == contract.PARAMETER_TRAINING_INSTANCE_TYPE
        )
        for environment in ("dev", "prod")
    }

    assert machines["prod"] == config.load("prod").training.training_instance_type
    assert machines["dev"] != machines["prod"]


def test_parallel_steps_are_bounded(templates: Templates) -> None:
    """Without a bound one execution could use up the account's instances."""
    limits = _pipeline(templates, "prod")["ParallelismConfiguration"]

    assert limits == {"MaxParallelExecutionSteps": config.load("prod").training.max_parallel_steps}


def test_every_job_has_a_role_of_its_own(templates: Templates) -> None:
    """The lock names one role a job, and no two of them are the same."""
    roles = [
        step["Arguments"]["RoleArn"]
        for step in _steps(_body(templates, "dev")["Steps"])
        if "RoleArn" in step["Arguments"]
    ]

    assert len(roles) == len(set(roles)) == len(JOBS)


def _allowed(statements: list[Any], role: str) -> list[Any]:
    found = [
        each
        for each in statements
        if each.environment == "dev"
        and each.stack == "Training"
        and each.kind == "identity"
        and each.text["Effect"] == "Allow"
        and each.resource.startswith(f"{role}DefaultPolicy")
    ]
    assert found, role
    return found


@pytest.mark.parametrize(
    ("job", "reads", "writes"),
    [
        (contract.PREPARE, {"Raw"}, {"Curated"}),
        (contract.INGEST_FEATURES, {"Curated"}, {"Artifacts"}),
        (contract.TRAIN, {"Curated"}, {"Artifacts"}),
        (contract.RESOLVE_CHAMPION, {"Artifacts"}, {"Artifacts"}),
        (contract.EVALUATE, {"Curated", "Artifacts"}, {"Artifacts"}),
    ],
)
def test_a_job_touches_only_its_own_buckets(
    statements: list[Any], job: str, reads: set[str], writes: set[str]
) -> None:
    """Train never sees raw data; no job writes what it did not make."""
    found = _allowed(statements, f"{job}Role")

    for action, expected in (("s3:GetObject", reads), ("s3:PutObject", writes)):
        text = json.dumps(
            [
                resource
                for each in found
                if action in each.actions
                for resource in each.resources
                if "/fraud/checkpoints/*" not in json.dumps(resource)
            ]
        )
        buckets = {name for name in ("Raw", "Curated", "Artifacts") if f"FnGetAtt{name}" in text}

        assert buckets == expected
        assert text.count("/fraud/*") == len(expected)


def test_only_the_trainer_keeps_states_in_one_folder(statements: list[Any]) -> None:
    """SageMaker deletes there what a training deletes; nothing else of a use case may go."""
    for job in JOBS:
        deleting = [
            resource
            for each in _allowed(statements, f"{job}Role")
            if "s3:DeleteObject" in each.actions
            for resource in each.resources
        ]
        assert ["/fraud/checkpoints/*" in json.dumps(each) for each in deleting] == (
            [True] if job == contract.TRAIN else []
        )


def test_no_job_may_register_or_approve(statements: list[Any]) -> None:
    """Jobs run the data scientist's code: what they may do, that code may do."""
    forbidden = {"sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage", "iam:PassRole"}
    for job in JOBS:
        actions = {action for each in _allowed(statements, f"{job}Role") for action in each.actions}

        assert not actions & forbidden, job


def test_only_ingestion_writes_features(statements: list[Any]) -> None:
    """A record in the online store is what the model sees next."""
    writers = {
        each.resource.partition("DefaultPolicy")[0]
        for each in statements
        if each.environment == "dev" and "sagemaker:PutRecord" in each.actions
    }

    assert writers == {f"{contract.INGEST_FEATURES}Role"}


def test_actions_on_everything_are_those_that_take_no_resource(statements: list[Any]) -> None:
    """The register accepts ``Resource: *`` for these roles; this is all that it stands for."""
    actions = {
        action
        for each in statements
        if each.stack == "Training" and each.kind == "identity" and "*" in each.resources
        for action in each.actions
    }

    assert actions == {
        "cloudwatch:PutMetricData",
        "ec2:DescribeDhcpOptions",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
        "ecr:GetAuthorizationToken",
    }


@pytest.mark.parametrize("job", JOBS)
def test_a_job_joins_the_network_and_no_other(statements: list[Any], job: str) -> None:
    """Its interfaces lie in the subnets of the environment, and only there may it touch any."""
    allowed = _allowed(statements, f"{job}Role")
    (create,) = [each for each in allowed if "ec2:CreateNetworkInterface" in each.actions]
    (rest,) = [each for each in allowed if "ec2:DeleteNetworkInterface" in each.actions]
    subnets = rest.text["Condition"]["ArnEquals"]["ec2:Subnet"]

    assert len(subnets) == config.load("dev").network.availability_zones
    assert all(subnet in create.resources for subnet in subnets)
    assert "security-group/" in json.dumps(create.resources)
    assert "*" not in create.resources


def test_the_pipeline_passes_the_named_roles_to_sagemaker_only(statements: list[Any]) -> None:
    """PassRole on anything else would be a way to any role of the account."""
    statement = next(
        each for each in statements if "iam:PassRole" in each.actions and each.stack == "Training"
    )
    roles = {resource["Fn::GetAtt"][0] for resource in statement.resources}

    assert all(name.startswith(tuple(f"{job}Role" for job in JOBS)) for name in roles)
    assert len(roles) == len(JOBS)
    assert statement.text["Condition"] == {
        "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}
    }


def test_the_pipeline_registers_but_is_denied_to_approve(statements: list[Any]) -> None:
    """The denial holds even if a later policy allows too much."""
    denied = [
        each
        for each in statements
        if each.environment == "dev"
        and each.stack == "Training"
        and each.text["Effect"] == "Deny"
        and each.kind == "identity"
    ]

    assert len(denied) == 1
    assert denied[0].resource.startswith("PipelineRoleDefaultPolicy")
    assert set(denied[0].actions) == {
        "sagemaker:CreateModelPackage",
        "sagemaker:UpdateModelPackage",
    }
    assert denied[0].text["Condition"] == {
        "StringEquals": {"sagemaker:ModelApprovalStatus": contract.APPROVED}
    }


def test_execution_starts_only_once_the_policies_are_there(templates: Templates) -> None:
    """CloudFormation makes each role's policy before the pipeline that needs it."""
    resources = templates["dev"]["Training"]["Resources"]
    (pipeline,) = (
        each for each in resources.values() if each["Type"] == "AWS::SageMaker::Pipeline"
    )
    policies = {
        name
        for name, each in resources.items()
        # What starts the pipeline comes after it.
        if each["Type"] == "AWS::IAM::Policy" and not name.startswith("Trigger")
    }

    assert policies <= set(pipeline["DependsOn"])


def _rules(templates: Templates, environment: str) -> dict[str, dict[str, Any]]:
    """Return the rules of an environment by what makes them fire."""
    return {
        "schedule" if "ScheduleExpression" in each["Properties"] else "arrival": each["Properties"]
        for each in templates[environment]["Training"]["Resources"].values()
        if each["Type"] == "AWS::Events::Rule"
    }


@pytest.mark.parametrize("environment", config.ENVIRONMENTS)
def test_no_rule_starts_an_image_that_nobody_chose(templates: Templates, environment: str) -> None:
    """Both rules are defined everywhere, and on only where the settings name an image."""
    settings = config.load(environment)
    rules = _rules(templates, environment)

    assert set(rules) == {"schedule", "arrival"}
    assert (rules["schedule"]["State"] == "ENABLED") is settings.training.schedule.enabled
    assert (rules["arrival"]["State"] == "ENABLED") is settings.training.arrival.enabled
    if settings.images.digest is None:
        assert {rule["State"] for rule in rules.values()} == {"DISABLED"}


def test_rules_are_as_the_settings_say(templates: Templates) -> None:
    """Expression, suffix and state come from the settings."""
    rules = _rules(templates, "everything")

    assert {rule["State"] for rule in rules.values()} == {"ENABLED"}
    assert rules["schedule"]["ScheduleExpression"] == "rate(12 hours)"
    assert rules["arrival"]["EventPattern"]["detail"]["object"]["key"] == [
        {"wildcard": "fraud/*.complete"}
    ]


def test_rules_pass_parameters_that_the_pipeline_has(templates: Templates) -> None:
    """An unknown parameter would make every start fail; the data version keys the cache."""
    known = {each["Name"] for each in _body(templates, "dev")["Parameters"]}
    for rule in _rules(templates, "dev").values():
        (target,) = rule["Targets"]
        passed = {
            each["Name"]: each["Value"]
            for each in target["SageMakerPipelineParameters"]["PipelineParameterList"]
        }

        assert set(passed) <= known
        assert passed[contract.PARAMETER_INPUT_DATA_VERSION].startswith("$.")


def test_rules_watch_the_bucket_that_the_pipeline_reads(assembly: Assembly) -> None:
    """And that bucket tells EventBridge of what arrives."""
    rules = [
        each
        for each in assembly.find("AWS::Events::Rule", environment="dev")
        if each.stack == "Training" and "EventPattern" in each.properties
    ]
    (rule,) = rules
    (name,) = rule.properties["EventPattern"]["detail"]["bucket"]["name"]
    bucket = assembly.target(rule, name)

    assert bucket is not None
    assert bucket.logical_id.startswith("Raw")
    assert bucket.properties["NotificationConfiguration"] == {
        "EventBridgeConfiguration": {"EventBridgeEnabled": True}
    }


def test_consumers_find_every_name_under_one_prefix(templates: Templates) -> None:
    """Who deploys a client of the platform reads no template."""
    names = {
        each["Properties"]["Name"]
        for each in templates["prod"]["Training"]["Resources"].values()
        if each["Type"] == "AWS::SSM::Parameter"
    }

    assert names == {
        f"/acequia/prod/fraud/{path}"
        for path in (
            "pipeline/name",
            "pipeline/arn",
            "model-package-group/name",
            "model-package-group/arn",
            "buckets/raw",
            "buckets/curated",
            "buckets/artifacts",
            "keys/data",
            "images/repository-uri",
            "feature-groups/customers",
            "feature-groups/terminals",
            "job-roles/prepare",
            "job-roles/ingest-features",
            "job-roles/train",
            "job-roles/resolve-champion",
            "job-roles/evaluate",
        )
    }
