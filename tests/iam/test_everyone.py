"""What nobody may do: each rule is tried with every role of an environment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import pytest

from tests.assembly import Resource
from tests.deployed import ACCOUNT, REGION
from tests.iam.world import STRANGER, Answer, Request, World, ask, listed

ENVIRONMENTS = ("prod", "everything")
STATUS = "sagemaker:ModelApprovalStatus"
PACKAGE = "arn:aws:sagemaker:{region}:{account}:model-package/{Registry.Models@Name}/1"
ANOTHER_ACCOUNT = f"arn:aws:iam::{STRANGER}:role/Administrator"


@pytest.fixture(params=ENVIRONMENTS)
def world(request: pytest.FixtureRequest, worlds: dict[str, World]) -> World:
    """The environment that matters most, and the one that has everything."""
    return worlds[request.param]


def _granted(world: World, requests: Sequence[Request]) -> set[tuple[str, str, str]]:
    """Return who, action and resource of the requests that are allowed."""
    answers = ask([world.simulation(each) for each in requests])
    assert len(answers) > 0
    assert [answer for answer in answers if answer.errors or answer.ignored] == []
    return {
        (each.who, each.action, each.resource)
        for each, answer in zip(requests, answers, strict=True)
        if answer.is_allowed
    }


def _by_everyone(
    world: World,
    actions: Iterable[str],
    resources: Iterable[str],
    context: Mapping[str, str | list[str]] | None = None,
) -> list[Request]:
    places = list(resources)
    assert places
    return [
        Request(role, action, place, context or {})
        for role in world.roles
        for action in actions
        for place in places
    ]


def _found(world: World, kind: str) -> list[Resource]:
    return [each for each in world.deployment.resources if each.type == kind]


def _arns(world: World, kind: str, suffix: str = "") -> list[str]:
    return [world.deployment.arn(each).removesuffix(":*") + suffix for each in _found(world, kind)]


def _trail(world: World) -> tuple[str, str]:
    """Return the ARNs of the trail and of the bucket that it writes to."""
    (trail,) = _found(world, "AWS::CloudTrail::Trail")
    bucket = world.deployment.properties(trail)["S3BucketName"]
    return world.deployment.arn(trail), f"arn:aws:s3:::{bucket}"


def test_there_are_roles_to_try(world: World) -> None:
    """A loop over nothing proves nothing."""
    assert len(world.roles) >= 10
    assert {"Training.TrainRole", "Registry.Approver"} <= world.roles.keys()


def test_nobody_writes_the_trail(world: World) -> None:
    """No role adds to, changes or removes what the trail has recorded, or stops it."""
    trail, bucket = _trail(world)
    actions = ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"]
    stops = ["cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "cloudtrail:PutEventSelectors"]

    requests = [
        *_by_everyone(world, actions, [f"{bucket}/AWSLogs/{ACCOUNT}/x.json.gz"]),
        *_by_everyone(world, stops, [trail]),
    ]
    assert _granted(world, requests) == set()


def test_the_trail_itself_writes_the_trail(world: World) -> None:
    """CloudTrail may, for this trail; no other service, and CloudTrail for no other trail."""
    trail, bucket = _trail(world)
    file = f"{bucket}/AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/x.json.gz"
    other = trail.replace(ACCOUNT, STRANGER)
    writers = [
        ("cloudtrail.amazonaws.com", ACCOUNT, trail),
        ("cloudtrail.amazonaws.com", STRANGER, other),
        ("config.amazonaws.com", ACCOUNT, trail),
        ("sagemaker.amazonaws.com", ACCOUNT, trail),
    ]
    answers = ask(
        [
            world.simulation(
                Request(
                    service,
                    "s3:PutObject",
                    file,
                    {
                        "aws:SourceAccount": account,
                        "aws:SourceArn": source,
                        "s3:x-amz-acl": "bucket-owner-full-control",
                    },
                )
            )
            for service, account, source in writers
        ]
    )

    assert [answer.is_allowed for answer in answers] == [True, False, False, False]


def test_nobody_deletes_data(world: World) -> None:
    """Objects, buckets, feature groups, models, logs and images outlive every job."""
    objects = _arns(world, "AWS::S3::Bucket", "/fraud/x")
    deleting = {
        "AWS::S3::Bucket": ["s3:DeleteBucket", "s3:PutLifecycleConfiguration"],
        "AWS::SageMaker::FeatureGroup": ["sagemaker:DeleteFeatureGroup"],
        "AWS::SageMaker::ModelPackageGroup": ["sagemaker:DeleteModelPackageGroup"],
        "AWS::Logs::LogGroup": ["logs:DeleteLogGroup"],
        "AWS::ECR::Repository": ["ecr:DeleteRepository", "ecr:BatchDeleteImage"],
    }
    requests = _by_everyone(world, ["s3:DeleteObject", "s3:DeleteObjectVersion"], objects)
    for kind, actions in deleting.items():
        requests += _by_everyone(world, actions, _arns(world, kind))

    assert _granted(world, requests) == set()


def test_who_deletes_objects_deletes_its_own(world: World) -> None:
    """A job that lands a table anew removes what it landed before, in one folder of its own.

    A training that has its model removes the states that it kept on the way.
    """
    deleting = [
        (name, resource)
        for name, role in world.roles.items()
        for policy in world.identity_policies(role)
        for statement in policy["policy"]["Statement"]
        if statement["Effect"] == "Allow"
        and any("Delete" in action for action in listed(statement["Action"]) if "s3:" in action)
        for resource in listed(statement["Resource"])
    ]

    for name, resource in deleting:
        if name == "Training.TrainRole":
            assert re.fullmatch(r"arn:aws:s3:::[\w-]+/fraud/checkpoints/\*", resource), resource
            continue
        assert re.fullmatch(r"Sources\.\w+JobRole", name), name
        assert re.fullmatch(r"arn:aws:s3:::[\w-]+/(sources|exports)/[\w/-]+/\*", resource), resource
    places = [resource for _, resource in deleting]
    assert len(set(places)) == len(places)


def test_nobody_disables_a_key(world: World) -> None:
    """Without its key, data are gone as if they had been deleted."""
    actions = ["kms:DisableKey", "kms:ScheduleKeyDeletion", "kms:PutKeyPolicy"]

    requests = _by_everyone(world, actions, _arns(world, "AWS::KMS::Key"))

    assert _granted(world, requests) == set()


def test_nobody_grants_the_use_of_a_key(world: World) -> None:
    """Grants are for services of AWS that act for us; a person or a job gets none."""
    own_use = {"kms:GrantIsForAWSResource": "false"}
    requests = _by_everyone(world, ["kms:CreateGrant"], _arns(world, "AWS::KMS::Key"), own_use)

    assert _granted(world, requests) == set()


def test_nobody_forges_metrics(world: World) -> None:
    """Alarms look at metrics; a role writes into the namespace of its own kind of job."""
    requests = _by_everyone(
        world, ["cloudwatch:PutMetricData"], ["*"], {"cloudwatch:namespace": "AWS/SageMaker"}
    )

    assert _granted(world, requests) == set()


def test_nobody_touches_the_interfaces_of_others(world: World) -> None:
    """Jobs make and remove network interfaces, in our subnets and with the tag of their service."""
    interface = f"arn:aws:ec2:{REGION}:{ACCOUNT}:network-interface/eni-0123456789abcdef0"
    elsewhere = {"ec2:Subnet": f"arn:aws:ec2:{REGION}:{ACCOUNT}:subnet/subnet-0123456789abcdef0"}
    removing = ["ec2:DeleteNetworkInterface", "ec2:CreateNetworkInterfacePermission"]
    tagging = ["ec2:CreateTags", "ec2:DeleteTags"]
    requests = [
        *_by_everyone(world, removing, [interface], elsewhere),
        *_by_everyone(world, tagging, [interface], {"aws:TagKeys": ["Owner"]}),
    ]

    assert _granted(world, requests) == set()


def test_nobody_opens_a_bucket(world: World) -> None:
    """No role weakens what protects the buckets."""
    actions = ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutBucketPublicAccessBlock"]

    requests = _by_everyone(world, actions, _arns(world, "AWS::S3::Bucket"))

    assert _granted(world, requests) == set()


def test_nobody_gives_away_rights(world: World) -> None:
    """No role changes itself, or the one that approves."""
    actions = ["iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:UpdateAssumeRolePolicy"]

    approver = world.deployment.arn(world.roles["Registry.Approver"])
    requests = [
        Request(name, action, arn, {})
        for name, role in world.roles.items()
        for action in actions
        for arn in (world.deployment.arn(role), approver)
    ]

    assert _granted(world, requests) == set()


def test_only_the_approver_approves(world: World) -> None:
    """One role, which people assume; no job and no persona."""
    package = world.fill(PACKAGE)
    approved = {STATUS: "Approved"}
    actions = ["sagemaker:UpdateModelPackage", "sagemaker:CreateModelPackage"]
    found = _granted(world, _by_everyone(world, actions, [package], approved))

    assert {(who, action) for who, action, _ in found} == {("Registry.Approver", actions[0])}


def test_only_the_pipeline_registers(world: World) -> None:
    """What waits for approval came out of an execution, with its lineage."""
    package = world.fill(PACKAGE)
    pending = {STATUS: "PendingManualApproval"}
    requests = _by_everyone(world, ["sagemaker:CreateModelPackage"], [package], pending)
    found = _granted(world, requests)

    assert {who for who, _, _ in found} == {"Training.PipelineRole"}


def test_only_pipelines_start_jobs(world: World) -> None:
    """A job outside of an execution would leave no lineage; one pipeline trains."""
    requests = [
        request
        for kind, job in (("Training", "training-job"), ("Processing", "processing-job"))
        for request in _by_everyone(
            world,
            [f"sagemaker:Create{kind}Job"],
            [f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{job}/pipelines-x"],
        )
    ]
    found = _granted(world, requests)

    assert {who for who, action, _ in found if "Training" in action} == {"Training.PipelineRole"}
    assert {who.partition(".")[2] for who, _, _ in found} == {"PipelineRole"}


def test_nobody_of_another_account_assumes_a_role(world: World) -> None:
    """An administrator elsewhere is nobody here."""
    requests = [
        Request(ANOTHER_ACCOUNT, "sts:AssumeRole", arn, {})
        for arn in _arns(world, "AWS::IAM::Role")
    ]

    assert _granted(world, requests) == set()


def test_no_service_acts_for_another_account(world: World) -> None:
    """Each service that a role trusts is refused when it comes on behalf of somebody else."""
    requests = [
        Request(
            service,
            "sts:AssumeRole",
            world.deployment.arn(role),
            {
                "aws:SourceAccount": STRANGER,
                "aws:SourceArn": f"arn:aws:{service.partition('.')[0]}:{REGION}:{STRANGER}:x/y",
            },
        )
        for role in world.roles.values()
        for service in _trusted_services(world, role)
    ]

    assert _granted(world, requests) == set()


def test_every_role_is_for_one_kind_of_principal(world: World) -> None:
    """One service, or people of this account; never both."""
    for name, role in world.roles.items():
        statements = world.deployment.properties(role)["AssumeRolePolicyDocument"]["Statement"]
        principals = {str(each["Principal"]) for each in statements if each["Effect"] == "Allow"}

        assert len(principals) == 1, name


def test_nobody_of_another_account_reads_or_decrypts(world: World) -> None:
    """Buckets and keys say no to an administrator elsewhere who may do everything there."""
    requests = [
        *(
            Request(ANOTHER_ACCOUNT, action, f"{bucket}/fraud/x", {})
            for bucket in _arns(world, "AWS::S3::Bucket")
            for action in ("s3:GetObject", "s3:PutObject")
        ),
        *(
            Request(ANOTHER_ACCOUNT, action, key, {})
            for key in _arns(world, "AWS::KMS::Key")
            for action in ("kms:Decrypt", "kms:CreateGrant")
        ),
    ]

    assert _granted(world, requests) == set()


def test_no_bucket_answers_without_tls(world: World) -> None:
    """Not even to the roles that may read it."""
    objects = _arns(world, "AWS::S3::Bucket", "/fraud/x")
    insecure = {"aws:SecureTransport": "false"}
    requests = _by_everyone(world, ["s3:GetObject", "s3:PutObject"], objects, insecure)

    assert _granted(world, requests) == set()


@pytest.mark.parametrize(
    ("role", "action", "status"),
    [
        ("Training.PipelineRole", "sagemaker:CreateModelPackage", "Approved"),
        ("Training.PipelineRole", "sagemaker:UpdateModelPackage", "Approved"),
        ("Registry.Approver", "sagemaker:CreateModelPackage", "PendingManualApproval"),
        ("Registry.Reader", "sagemaker:CreateModelPackage", "PendingManualApproval"),
        ("Registry.Reader", "sagemaker:UpdateModelPackage", "Approved"),
    ],
)
def test_no_policy_added_later_joins_the_duties(
    world: World, role: str, action: str, status: str
) -> None:
    """Registering and approving are kept apart by denials, which no other policy undoes."""
    simulation = world.simulation(Request(role, action, world.fill(PACKAGE), {STATUS: status}))
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    simulation["identityPolicies"].append({"name": "Careless", "policy": policy})

    assert ask([simulation]) == [Answer(is_allowed=False, ignored=(), errors=None)]


def test_a_seeded_right_is_found(world: World) -> None:
    """With one statement too many, the loops above would say so."""
    (key, *_) = _arns(world, "AWS::KMS::Key")
    simulation = world.simulation(Request("Training.TrainRole", "kms:DisableKey", key, {}))
    statement = {"Effect": "Allow", "Action": "kms:Disable*", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    simulation["identityPolicies"].append({"name": "Careless", "policy": policy})

    assert ask([simulation]) == [Answer(is_allowed=True, ignored=(), errors=None)]


def _trusted_services(world: World, role: Resource) -> list[str]:
    found: list[str] = []
    for statement in world.deployment.properties(role)["AssumeRolePolicyDocument"]["Statement"]:
        services = statement["Principal"].get("Service", [])
        found += services if isinstance(services, list) else [services]
    return found
