"""What CodeBuild will execute is executed here: every buildspec, phase by phase."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from delivery import contract as names
from delivery.contract import PROJECTS, Project
from tests.delivery import builds
from tests.delivery.builds import Machine
from tests.delivery.fake_aws import FakeAws, RefusalError, assumed_role
from tests.delivery.world import (
    COMMIT,
    DIGEST,
    GROUP,
    PACKAGE,
    REPOSITORY,
    ROLE,
    Pipeline,
    Registry,
    Repository,
    finding,
    score,
    variables,
)

PUSH = '[ "$1" != push ] || touch pushed\nexit 0'


@pytest.fixture
def repository(aws: FakeAws, machine: Machine) -> Repository:
    """A repository in which an image is once docker has pushed it."""
    machine.stand_in("docker", PUSH)
    return Repository(aws, is_pushed=(machine.folder / "pushed").exists)


@pytest.mark.parametrize("project", PROJECTS, ids=lambda each: each.name)
def test_a_buildspec_does_and_exports_what_the_contract_says(project: Project) -> None:
    """The stack, the buildspec and the script cannot drift apart."""
    buildspec = builds.load(project)
    phases = buildspec["phases"]
    commands = [one for phase in phases.values() for one in phase["commands"]]
    purpose = "test" if project is names.VERIFY else "run"

    assert buildspec["version"] == 0.2  # one shell for all commands
    assert buildspec.get("env", {}).get("exported-variables", []) == list(project.exports)
    assert {phase["on-failure"] for phase in phases.values()} == {"ABORT"}
    assert commands == [
        f"bash scripts/setup {purpose}",
        f".venv/bin/python -m delivery.{project.name}",
        *([". ./.delivery/exports.sh"] if project.exports else []),
    ]
    assert "post_build" not in phases  # it runs after a failure as well


def test_every_buildspec_belongs_to_a_project() -> None:
    """None is left over."""
    found = {path.name for path in (builds.ROOT / "delivery/buildspecs").iterdir()}
    assert found == {Path(each.buildspec).name for each in PROJECTS}


@pytest.mark.parametrize(
    "project", [each for each in PROJECTS if each.reads], ids=lambda each: each.name
)
def test_all_missing_variables_are_told_at_once(
    machine: Machine, project: Project, aws: FakeAws
) -> None:
    """One run tells everything, before anything is done."""
    build = machine.run(project, {})

    assert not build.succeeded
    for name in project.reads:
        assert f"{name}: is not set" in build.log
    assert aws.calls == []
    assert "Traceback" not in build.log


@pytest.mark.parametrize("project", PROJECTS, ids=lambda each: each.name)
def test_a_failed_phase_stops_the_build(machine: Machine, project: Project) -> None:
    """Where the setup fails nothing is deployed."""
    machine.stand_in("setup", "exit 3", folder="scripts", mode=0o644)
    build = machine.run(project, variables(project))

    assert not build.succeeded
    assert "phase build" not in build.log
    assert [command[0] for command in build.commands] == ["setup"]


def test_verify_runs_the_tests_and_the_rules(machine: Machine) -> None:
    """What a person runs, and the synthesis of every environment under cdk-nag."""
    build = machine.run(names.VERIFY, {})

    assert build.succeeded, build.log
    assert build.commands == [
        ["setup", "test"],
        ["make", "-o", ".venv/.ready-test", "test"],
        ["npx", "cdk", "synth", "--quiet", "-c", "environment=all", "-c", "nag=true"],
    ]


def test_a_failing_test_stops_the_verification(machine: Machine) -> None:
    """Nothing is synthesised of code that does not pass."""
    machine.stand_in("make", "exit 2")
    build = machine.run(names.VERIFY, {})

    assert not build.succeeded
    assert [command[0] for command in build.commands] == ["setup", "make"]


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_an_image_is_built_scanned_listed_and_named(
    machine: Machine, repository: Repository, aws: FakeAws, shell: str
) -> None:
    """From the commit to a digest, in each shell that CodeBuild offers."""
    repository.findings = [finding("MEDIUM", "CVE-1")]
    build = machine.run(names.IMAGE, variables(names.IMAGE), shell)

    assert build.succeeded, build.log
    assert build.exported == {
        "IMAGE_URI": f"{REPOSITORY}@{DIGEST}",
        "IMAGE_DIGEST": DIGEST,
        "SBOM_URI": f"s3://kept/sbom/{COMMIT}.cdx.json",
    }
    assert [command[:2] for command in build.commands[1:]] == [
        ["docker", "login"],
        ["docker", "build"],
        ["docker", "push"],
    ]
    assert build.commands[3][2] == f"{REPOSITORY}:{COMMIT}"
    assert "sesame" not in json.dumps(build.commands) + build.log
    bill = json.loads(aws.objects[f"kept/sbom/{COMMIT}.cdx.json"])
    assert bill["bomFormat"] == "CycloneDX"
    assert {"xgboost-cpu", "boto3"} <= {each["name"] for each in bill["components"]}


def test_an_image_that_is_there_is_not_built_again(
    machine: Machine, repository: Repository
) -> None:
    """A retry, or a second delivery of the commit, takes the same image."""
    first = machine.run(names.IMAGE, variables(names.IMAGE))
    second = machine.run(names.IMAGE, variables(names.IMAGE))

    assert first.exported == second.exported != {}
    assert [one[:2] for one in second.commands].count(["docker", "push"]) == 1


def test_the_second_of_two_pushes_takes_the_image_of_the_first(
    machine: Machine, repository: Repository
) -> None:
    """Tags never move: ECR refuses the second push, and the delivery goes on all the same."""
    machine.stand_in("docker", '[ "$1" != push ] || { touch pushed; exit 1; }\nexit 0')
    assert machine.run(names.IMAGE, variables(names.IMAGE)).exported["IMAGE_DIGEST"] == DIGEST


def test_a_push_that_fails_stops(machine: Machine, repository: Repository) -> None:
    """No image, no digest."""
    machine.stand_in("docker", '[ "$1" != push ]')
    build = machine.run(names.IMAGE, variables(names.IMAGE))
    assert not build.succeeded
    assert "failed with exit code 1" in build.log


def test_bad_findings_stop_the_line(machine: Machine, repository: Repository, aws: FakeAws) -> None:
    """They are listed, the worst first, and nothing is exported."""
    repository.findings = [
        finding("LOW", "CVE-1"),
        finding("HIGH", "CVE-2"),
        finding("CRITICAL", "CVE-3"),
    ]
    build = machine.run(names.IMAGE, variables(names.IMAGE))

    assert not build.succeeded
    assert build.exported == {}
    assert build.log.index("CRITICAL CVE-3 openssl 3.0.1") < build.log.index("HIGH CVE-2")
    assert "CVE-1" not in build.log
    assert aws.objects == {}


def test_a_kill_leaves_nothing_that_a_retry_would_trip_over(
    machine: Machine, repository: Repository
) -> None:
    """The machine dies while docker pushes; what ran before exported nothing."""
    machine.stand_in("docker", '[ "$1" != push ] || { touch pushed; sleep 60; }\nexit 0')
    process = machine.start(names.IMAGE, variables(names.IMAGE))
    _until((machine.folder / "pushed").exists)
    machine.kill(process)

    assert not (machine.folder / ".delivery/exports.sh").exists()
    assert machine.run(names.IMAGE, variables(names.IMAGE)).succeeded


def test_the_platform_is_deployed_with_the_digest_and_without_the_endpoint(
    machine: Machine,
) -> None:
    """Its stack is defined, so that what it reads from others stays, but not deployed."""
    build = machine.run(names.PLATFORM, variables(names.PLATFORM))

    assert build.succeeded, build.log
    (command,) = build.commands[1:]
    assert command[:5] == ["npx", "cdk", "deploy", "acequia-staging/!(Serving)", "--exclusively"]
    assert f"image-digest={DIGEST}" in command
    assert "environment=staging" in command
    assert command[command.index("--require-approval") + 1] == "never"


def test_a_deployment_that_fails_stops(machine: Machine) -> None:
    """CloudFormation's failure is the build's."""
    machine.stand_in("npx", "exit 1")
    assert not machine.run(names.PLATFORM, variables(names.PLATFORM)).succeeded


def test_a_better_model_goes_on(machine: Machine, aws: FakeAws) -> None:
    """Its version, both metrics and a link to the report are handed on; text stays text."""
    pipeline = Pipeline(aws)
    build = machine.run(names.TRAIN, variables(names.TRAIN))

    assert build.succeeded, build.log
    assert build.exported == {
        "DECISION": "registered",
        "REASON": pipeline.reason,
        "MODEL_PACKAGE_ARN": PACKAGE,
        "MODEL_VERSION": "7",
        "REPORT_URI": "https://eu-west-1.console.aws.amazon.com/s3/object/data"
        "?region=eu-west-1&prefix=r/report.html",
        "CHALLENGER_METRIC": "0.7123",
        "CHAMPION_METRIC": "0.7000",
        "METRIC_NAME": "average_precision",
    }
    assert not (machine.folder / "hacked").exists()
    (execution,) = pipeline.executions.values()
    assert execution["parameters"] == {
        "ImageUri": f"{REPOSITORY}@{DIGEST}",
        "CodeCommit": COMMIT,
        "Author": "acequia-delivery",
    }


def test_a_champion_that_stays_ends_green(machine: Machine, aws: FakeAws) -> None:
    """With the gate's reason, and the metrics of both."""
    Pipeline(aws, decision="keep_champion", reason="0.70 against 0.71")
    build = machine.run(names.TRAIN, variables(names.TRAIN))

    assert build.succeeded, build.log
    assert build.exported["DECISION"] == "champion_kept"
    assert build.exported["REASON"] == "0.70 against 0.71"
    assert build.exported["MODEL_PACKAGE_ARN"] == build.exported["MODEL_VERSION"] == "none"


@pytest.mark.parametrize(
    ("decision", "expected"),
    [("register", "registered"), ("keep_champion", "champion_kept")],
)
def test_an_evaluation_that_may_not_be_read_is_said_to_be_so(
    machine: Machine, aws: FakeAws, decision: str, expected: str
) -> None:
    """The decision is known from the steps; whoever approves learns that no metrics are."""
    Pipeline(aws, decision=decision)
    del aws.answers["DescribeProcessingJob"], aws.answers["DescribeModelPackage"]
    build = machine.run(names.TRAIN, variables(names.TRAIN))

    assert build.succeeded, build.log
    assert build.exported["DECISION"] == expected
    assert "AccessDeniedException" in build.exported["REASON"]
    assert build.exported["CHALLENGER_METRIC"] == "none"


def test_a_training_that_fails_names_the_step(machine: Machine, aws: FakeAws) -> None:
    """And why."""
    Pipeline(aws, endings=["Failed"])
    build = machine.run(names.TRAIN, variables(names.TRAIN))

    assert not build.succeeded
    assert "Prepare: ClientError: no rows" in build.log


def test_a_retry_joins_what_runs_and_replaces_what_failed(machine: Machine, aws: FakeAws) -> None:
    """The same commit never trains twice at once, and a failure is not for good."""
    pipeline = Pipeline(aws, endings=["Failed"])
    assert not machine.run(names.TRAIN, variables(names.TRAIN)).succeeded
    retried = machine.run(names.TRAIN, variables(names.TRAIN))
    again = machine.run(names.TRAIN, variables(names.TRAIN))

    assert retried.succeeded, retried.log
    assert again.exported == retried.exported
    assert list(pipeline.executions) == [COMMIT, f"{COMMIT}-2"]


def test_two_deliveries_of_a_commit_train_once(
    machine: Machine, other_machine: Machine, aws: FakeAws
) -> None:
    """Both wait for the same execution."""
    pipeline = Pipeline(aws, polls=4)
    both = [each.start(names.TRAIN, variables(names.TRAIN)) for each in (machine, other_machine)]
    first, second = machine.finish(both[0]), other_machine.finish(both[1])

    assert first.exported == second.exported != {}
    assert len(pipeline.executions) == 1


def test_a_kill_while_training_is_joined_again(machine: Machine, aws: FakeAws) -> None:
    """The execution goes on without the build, and the retry waits for it."""
    pipeline = Pipeline(aws, polls=5)
    process = machine.start(names.TRAIN, variables(names.TRAIN))
    _until(lambda: aws.count("DescribePipelineExecution") >= 2)
    machine.kill(process)

    assert machine.run(names.TRAIN, variables(names.TRAIN)).succeeded
    assert len(pipeline.executions) == 1


def test_throttling_is_waited_out(machine: Machine, aws: FakeAws) -> None:
    """AWS refuses the first calls; botocore asks again."""
    Pipeline(aws)
    aws.throttled.update({"StartPipelineExecution": 2, "DescribePipelineExecution": 2})
    assert machine.run(names.TRAIN, variables(names.TRAIN)).succeeded


def test_a_missing_right_is_told_in_a_line(machine: Machine, aws: FakeAws) -> None:
    """No traceback in the log of a build."""
    build = machine.run(names.TRAIN, variables(names.TRAIN))
    assert not build.succeeded
    assert "AccessDeniedException" in build.log
    assert "Traceback" not in build.log


def _endpoint(**changes: object) -> dict[str, object]:
    alarms = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors-5xx"}]}}
    return {
        "EndpointName": GROUP,
        "EndpointStatus": "InService",
        "LastModifiedTime": time.time() + 5,
        "LastDeploymentConfig": alarms,
        **changes,
    }


def test_a_version_is_deployed_and_seen_to_serve(machine: Machine, aws: FakeAws) -> None:
    """In the role that may look; the endpoint's name goes on to the test."""
    statuses = ["Updating", "InService"]
    aws.answers |= {
        "AssumeRole": assumed_role,
        "DescribeEndpoint": lambda _: _endpoint(EndpointStatus=statuses.pop(0)),
    }
    build = machine.run(names.SERVING, variables(names.SERVING, ROLE_ARN=ROLE))

    assert build.succeeded, build.log
    assert build.exported == {"ENDPOINT_NAME": GROUP}
    (command,) = build.commands[1:]
    assert command[:4] == ["npx", "cdk", "deploy", "acequia-staging/Serving"]
    assert "model-version=7" in command
    assert aws.given("AssumeRole")["RoleArn"] == ROLE


@pytest.mark.parametrize("cdk", ["exit 0", "exit 1"])
def test_an_endpoint_that_took_itself_back_stops(machine: Machine, aws: FakeAws, cdk: str) -> None:
    """It is in service, but with the version before; the alarm is named."""
    machine.stand_in("npx", cdk)
    aws.answers["DescribeEndpoint"] = lambda _: _endpoint(FailureReason="an alarm went off")
    build = machine.run(names.SERVING, variables(names.SERVING))

    assert not build.succeeded
    assert "an alarm went off" in build.log
    assert "errors-5xx" in build.log
    assert build.exported == {}


def test_an_endpoint_that_was_never_made_stops(machine: Machine, aws: FakeAws) -> None:
    """What the deployment printed is the reason."""

    def refuse(_: object) -> None:
        raise RefusalError("ValidationException")

    machine.stand_in("npx", "exit 1")
    aws.answers["DescribeEndpoint"] = refuse
    build = machine.run(names.SERVING, variables(names.SERVING))
    assert not build.succeeded
    assert "not there (ValidationException)" in build.log


def test_an_endpoint_that_stands_the_test_goes_on(machine: Machine, aws: FakeAws) -> None:
    """Both formats are asked, then many requests over several connections."""
    aws.invoke = score
    build = machine.run(names.SMOKE, variables(names.SMOKE))

    assert build.succeeded, build.log
    assert int(build.exported["REQUESTS"]) > 2
    assert 0 < float(build.exported["P50_MS"]) <= float(build.exported["P99_MS"])
    assert "p99 ms" in build.log
    assert aws.given("InvokeEndpoint")["path"] == f"/endpoints/{GROUP}/invocations"


def _answer(text: bytes) -> Callable[[bytes, str], bytes]:
    return lambda body, form: score(body, form) if form == "text/csv" else text


def _refuse(_body: bytes, _form: str) -> bytes:
    raise RefusalError("ModelError", 424)


@pytest.mark.parametrize(
    ("invoke", "message"),
    [
        (_answer(b'{"predictions": [{"score": NaN, "decision": 0}]}'), "answers to 4 rows"),
        (
            _answer(b'{"predictions": [%b]}' % b",".join([b'{"score": NaN, "decision": 0}'] * 4)),
            "no probability",
        ),
        (
            _answer(b'{"predictions": [%b]}' % b",".join([b'{"score": 0.2, "decision": 7}'] * 4)),
            "allowed: 0 and 1",
        ),
        (
            _answer(b'{"predictions": [%b]}' % b",".join([b'{"score": 0.9, "decision": 1}'] * 4)),
            "as CSV",
        ),
        (_answer(b"<html>"), "no prediction"),
        (_refuse, "ModelError"),
    ],
)
def test_a_bad_answer_stops(
    machine: Machine, aws: FakeAws, invoke: Callable[[bytes, str], bytes], message: str
) -> None:
    """A wrong count, NaN, an unknown decision, formats that differ, an error."""
    aws.invoke = invoke
    build = machine.run(names.SMOKE, variables(names.SMOKE))
    assert not build.succeeded
    assert message in build.log
    assert "Traceback" not in build.log


def test_a_request_that_fails_under_load_stops(machine: Machine, aws: FakeAws) -> None:
    """One is enough, and it is not tried again."""
    count = iter(range(1_000_000))

    def sometimes(body: bytes, form: str) -> bytes:
        if next(count) == 9:
            raise RefusalError("ModelError", 500)
        return score(body, form)

    aws.invoke = sometimes
    build = machine.run(names.SMOKE, variables(names.SMOKE))
    assert not build.succeeded
    assert "1 of " in build.log


def test_a_slow_endpoint_stops(machine: Machine, aws: FakeAws) -> None:
    """Above the limit nothing goes on."""

    def slow(body: bytes, form: str) -> bytes:
        time.sleep(0.05)
        return score(body, form)

    aws.invoke = slow
    build = machine.run(names.SMOKE, variables(names.SMOKE, MAX_P99_MS="20"))
    assert not build.succeeded
    assert "more than the 20 ms allowed" in build.log


def test_a_version_that_waits_is_approved_once(machine: Machine, aws: FakeAws) -> None:
    """In the approver's role, with the comment; a retry changes nothing."""
    registry = Registry(aws)
    first = machine.run(names.APPROVE, variables(names.APPROVE))
    second = machine.run(names.APPROVE, variables(names.APPROVE))

    assert first.succeeded, first.log
    assert second.succeeded, second.log
    assert registry.status == "Approved"
    assert aws.count("UpdateModelPackage") == 1
    given = aws.given("UpdateModelPackage")
    assert given["ModelPackageArn"] == PACKAGE
    assert given["ApprovalDescription"] == "Approved in execution 5 of the delivery"
    assert "approver" in aws.given("AssumeRole")["RoleArn"]


@pytest.mark.parametrize(
    ("status", "approved", "message"),
    [
        ("Rejected", (6,), "is Rejected"),
        ("PendingManualApproval", (6, 8), "is stale: version 8"),
    ],
)
def test_what_may_not_be_approved_is_refused(
    machine: Machine, aws: FakeAws, status: str, approved: tuple[int, ...], message: str
) -> None:
    """Neither what people rejected nor what was never compared with the champion of today."""
    Registry(aws, status, approved)
    build = machine.run(names.APPROVE, variables(names.APPROVE))
    assert not build.succeeded
    assert message in build.log
    assert aws.count("UpdateModelPackage") == 0


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
