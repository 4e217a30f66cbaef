"""Who may do what in the delivery: each step one thing, and nobody both trains and approves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from tests.deployed import ACCOUNT, REGION
from tests.iam.world import STRANGER, Request, World, ask

TRAINS = {"delivery": "acequia-staging-fraud", "releases": "acequia-dev-fraud"}
TOKENS = "token.actions.githubusercontent.com"
BRANCH = "repo:example/acequia:ref:refs/heads/main"
STAGING = "repo:example/acequia:environment:staging"
PRODUCTION = "repo:example/acequia:environment:production"


@pytest.fixture(params=TRAINS)
def name(request: pytest.FixtureRequest) -> str:
    """Our delivery, and the one with every option."""
    return str(request.param)


@pytest.fixture
def world(name: str, worlds: dict[str, World]) -> World:
    """Its roles and policies."""
    return worlds[name]


def _role(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def _who(world: World, action: str, resource: str) -> set[str]:
    """Return the roles that may do something."""
    requests = [Request(role, action, resource, {}) for role in world.roles]
    answers = ask([world.simulation(each) for each in requests])
    assert [each for each in answers if each.errors or each.ignored] == []
    return {each.who for each, answer in zip(requests, answers, strict=True) if answer.is_allowed}


def _steps(world: World, *steps: str) -> set[str]:
    """Return the roles of steps, of CodeBuild and, where there are some, of GitHub's jobs."""
    roles = {f"Delivery.{step}Role" for step in steps} | {f"Delivery.Github{s}" for s in steps}
    return roles & world.roles.keys()


def _package(pipeline: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/{pipeline}/3"


def test_only_train_starts_the_one_pipeline(world: World, name: str) -> None:
    """And only the one of the environment that trains."""
    pipeline = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline"
    action = "sagemaker:StartPipelineExecution"

    assert _who(world, action, f"{pipeline}/{TRAINS[name]}") == _steps(world, "Train")
    assert _who(world, action, f"{pipeline}/acequia-prod-fraud") == set()
    assert _who(world, "sagemaker:UpdatePipeline", f"{pipeline}/{TRAINS[name]}") == set()


def test_train_follows_and_reads_the_result(world: World, name: str) -> None:
    """It says what was decided, and changes nothing in the registry."""
    execution = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/{TRAINS[name]}/execution/abc"
    train = _steps(world, "Train")

    assert _who(world, "sagemaker:DescribePipelineExecution", execution) == train
    assert _who(world, "sagemaker:DescribeModelPackage", _package(TRAINS[name])) == train

    environment = TRAINS[name].split("-")[1]
    anything = next(iter(world.deployment.resources))
    bucket, key = (
        world.deployment.resolve(
            anything, f"{{{{resolve:ssm:/acequia/{environment}/fraud/{published}}}}}"
        )
        for published in ("buckets/artifacts", "keys/data")
    )
    assert _who(world, "s3:GetObject", f"arn:aws:s3:::{bucket}/fraud/x/evaluation.json") == train
    assert _who(world, "s3:GetObject", f"arn:aws:s3:::{bucket}/payroll/x") == set()
    # The key's own policy is the other environment's, which the simulator does not see here.
    statements = [
        statement
        for policy in world.identity_policies(world.roles["Delivery.TrainRole"])
        for statement in policy["policy"]["Statement"]
    ]
    assert {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key} in statements


def test_nobody_touches_the_registry_itself(world: World, name: str) -> None:
    """Approving is the approver's, whose role has to be taken, and leaves a trace."""
    for action in ("sagemaker:UpdateModelPackage", "sagemaker:CreateModelPackage"):
        assert _who(world, action, _package(TRAINS[name])) == set()


def test_only_approve_takes_the_approver(world: World, name: str) -> None:
    """It can do nothing else: neither train nor deploy."""
    approver = _role(f"{TRAINS[name]}-approver")

    assert _who(world, "sts:AssumeRole", approver) == _steps(world, "Approve")


def test_nobody_trains_and_approves(world: World, name: str) -> None:
    """Separation of duties: what registers a model has no say in its approval."""
    pipeline = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/{TRAINS[name]}"
    trains = _who(world, "sagemaker:StartPipelineExecution", pipeline)
    approves = _who(world, "sts:AssumeRole", _role(f"{TRAINS[name]}-approver"))
    deploys = _who(world, "sts:AssumeRole", _bootstrap(name, "deploy"))

    assert trains
    assert approves
    assert deploys
    assert not trains & approves
    assert not trains & deploys
    assert not approves & deploys


def _bootstrap(name: str, kind: str) -> str:
    qualifier = {"delivery": "hnb659fds", "releases": "tools"}[name]
    return _role(f"cdk-{qualifier}-{kind}-role-{ACCOUNT}-{REGION}")


def test_who_deploys_takes_the_roles_of_the_bootstrap(world: World, name: str) -> None:
    """Two of them; what is deployed is CloudFormation's business, with a role of its own."""
    deploying = ("Platform", "StagingPlatform", "StagingServing")
    production = ("ProductionPlatform", "ProductionServing")
    allowed = _steps(world, *deploying, *production)

    for kind in ("deploy", "file-publishing"):
        assert _who(world, "sts:AssumeRole", _bootstrap(name, kind)) == allowed
    for kind in ("cfn-exec", "lookup", "image-publishing"):
        assert _who(world, "sts:AssumeRole", _bootstrap(name, kind)) == set()
    assert _who(world, "sts:AssumeRole", _role("Administrator")) == set()


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_endpoints_are_tried_by_their_own_steps(world: World, environment: str) -> None:
    """The steps of staging do not reach production's endpoint, nor the other way round."""
    stage = {"staging": "Staging", "prod": "Production"}[environment]
    tester = _role(f"acequia-{environment}-fraud-tester")

    found = _who(world, "sts:AssumeRole", tester)

    assert found == _steps(world, f"{stage}Serving", f"{stage}Smoke")


def test_only_image_pushes(world: World, name: str) -> None:
    """To one repository; what is there already cannot be deleted or overwritten by it."""
    repository = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository"
    training = TRAINS[name].removesuffix("-fraud")

    assert _who(world, "ecr:PutImage", f"{repository}/{training}") == _steps(world, "Image")
    assert _who(world, "ecr:PutImage", f"{repository}/acequia-prod") == set()
    assert _who(world, "ecr:BatchDeleteImage", f"{repository}/{training}") == set()


def test_nobody_but_the_pipeline_writes_sources(world: World, name: str) -> None:
    """A build that could write there could change what the next one runs."""
    store = world.fill("{Store.StoreBucket}")
    source = f"{store}/acequia-{name}/Source/abc"
    image = _steps(world, "Image")
    builds = {each for each in world.roles if "Github" not in each and "Trigger" not in each}

    assert _who(world, "s3:PutObject", source) == {"Delivery.PipelineRole"}
    assert _who(world, "s3:GetObject", source) == builds
    assert _who(world, "s3:PutObject", f"{store}/sbom/abc.cdx.json") == image
    assert _who(world, "s3:DeleteObject", source) == set()


def test_the_pipeline_itself_does_nothing_of_that(world: World, name: str) -> None:
    """It starts builds and asks for approval."""
    requests = [
        Request("Delivery.PipelineRole", action, resource, {})
        for action, resource in (
            ("sts:AssumeRole", _bootstrap(name, "deploy")),
            ("sts:AssumeRole", _role(f"{TRAINS[name]}-approver")),
            ("sagemaker:StartPipelineExecution", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/"),
            ("iam:PassRole", _role("x")),
            ("codepipeline:PutApprovalResult", f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:acequia"),
        )
    ]

    assert [each.is_allowed for each in ask([world.simulation(r) for r in requests])] == [False] * 5


def test_services_act_for_this_account_only(world: World) -> None:
    """CodePipeline of a stranger cannot be talked into using our roles, nor can CodeBuild."""

    def asked(account: str) -> Iterable[Request]:
        for service, role in (("codepipeline", "PipelineRole"), ("codebuild", "TrainRole")):
            source = f"arn:aws:{service}:{REGION}:{account}:x"
            context: Mapping[str, str | list[str]] = {
                "aws:SourceAccount": account,
                "aws:SourceArn": source,
            }
            arn = world.fill(f"{{Delivery.{role}}}")
            yield Request(f"{service}.amazonaws.com", "sts:AssumeRole", arn, context)

    def granted(account: str) -> list[bool]:
        return [each.is_allowed for each in ask([world.simulation(r) for r in asked(account)])]

    assert granted(ACCOUNT) == [True, True]
    assert granted(STRANGER) == [False, False]


def _trust(worlds: dict[str, World], step: str) -> dict[str, dict[str, str]]:
    world = worlds["releases"]
    role = world.roles[f"Delivery.Github{step}"]
    (statement,) = world.deployment.properties(role)["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert "oidc" in str(statement["Principal"]["Federated"]).lower()
    return dict(statement["Condition"])


@pytest.mark.parametrize(
    ("subject", "steps"),
    [
        (BRANCH, ("Image", "Platform", "Train")),
        (STAGING, ("StagingPlatform", "StagingServing", "StagingSmoke")),
        (PRODUCTION, ("Approve", "ProductionPlatform", "ProductionServing", "ProductionSmoke")),
    ],
)
def test_github_gets_a_role_for_one_branch_or_environment(
    worlds: dict[str, World], subject: str, steps: tuple[str, ...]
) -> None:
    """Compared as a whole: no fork, no other branch, no other audience; nothing else."""
    for step in steps:
        assert _trust(worlds, step) == {
            "StringEquals": {f"{TOKENS}:aud": "sts.amazonaws.com", f"{TOKENS}:sub": subject}
        }, step


def test_without_github_there_is_no_such_role(worlds: dict[str, World]) -> None:
    """Ours is delivered by CodePipeline alone."""
    assert not [name for name in worlds["delivery"].roles if "Github" in name]
