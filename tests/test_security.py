"""The security rules over every environment, and the register of what they may find."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import config
from pipeline_code.core.mistakes import parse
from stacks.acknowledgements import REGISTER as AWS_SOLUTIONS
from stacks.acknowledgements import Acknowledgement
from stacks.compliance_acknowledgements import COMPLIANCE

REGISTER = (*AWS_SOLUTIONS, *COMPLIANCE)
PACKS = ("AwsSolutions", "NIST.800.53.R5", "HIPAA.Security", "PCI.DSS.321", "Serverless")

SEEDED = """
environment: dev
usecase: fraud
protected: false
tags: {data_classification: internal, owner_team: somebody, cost_center: none}
"""


@pytest.fixture(scope="module")
def found_by_pack(platform_app: Any) -> dict[str, tuple[Any, ...]]:
    """Everything that the rules of each pack find in all environments."""
    from stacks.nag import findings

    return {pack: findings(platform_app, pack) for pack in PACKS}


@pytest.fixture(scope="module")
def found(found_by_pack: dict[str, tuple[Any, ...]]) -> list[Any]:
    """The findings of all packs."""
    return [each for findings in found_by_pack.values() for each in findings]


def _seeded_app(folder: Path, *, is_checked: bool) -> Any:
    """Define a platform with one more stack, whose bucket breaks several rules."""
    from aws_cdk import Stack
    from aws_cdk import aws_s3 as s3

    from stacks.platform_app import PlatformApp

    app = PlatformApp(outdir=str(folder), builtin_cloud_formation_validation=False)
    app.define([parse(SEEDED, config.PlatformConfig, source="dev.yaml")])
    s3.Bucket(Stack(app.stages["dev"], "Careless"), "Open")
    if is_checked:
        app.check()
    return app


@pytest.mark.parametrize("pack", PACKS)
def test_nothing_is_found_that_nobody_accepted(
    found_by_pack: dict[str, tuple[Any, ...]], pack: str
) -> None:
    """Every finding in any environment is fixed, or in the register with its reason."""
    assert [each for each in found_by_pack[pack] if not each.is_accepted(REGISTER)] == []


@pytest.mark.parametrize("pack", PACKS)
def test_the_rules_do_find_things(found_by_pack: dict[str, tuple[Any, ...]], pack: str) -> None:
    """A check that cannot fail is worth nothing; each finding bears the name of its pack."""
    rules = {each.rule for each in found_by_pack[pack]}

    assert rules
    assert all(rule.startswith(f"{pack}-") for rule in rules)


def test_our_packs_are_those_of_the_plugin() -> None:
    """``-c nag=true`` runs the same packs as these tests."""
    from stacks import nag

    assert tuple(nag.PACKS) == PACKS
    assert nag.REGISTER == REGISTER


def test_a_seeded_violation_is_reported(tmp_path: Path) -> None:
    """A bucket without access logs and TLS is found, by the name of its construct."""
    from stacks.nag import findings

    app = _seeded_app(tmp_path, is_checked=False)
    app.synth()
    careless = [each for each in findings(app) if each.path.startswith("Careless/")]

    assert {each.rule for each in careless} == {"AwsSolutions-S1", "AwsSolutions-S10"}
    for pack in PACKS[1:4]:
        rules = {each.rule for each in findings(app, pack) if each.path.startswith("Careless/")}
        assert f"{pack}-S3BucketLoggingEnabled" in rules, pack
    assert not any(each.is_accepted(REGISTER) for each in careless)


def test_a_seeded_violation_stops_synthesis(tmp_path: Path) -> None:
    """With ``-c nag=true`` no template leaves the machine; accepted findings are not listed."""
    app = _seeded_app(tmp_path, is_checked=True)

    with pytest.raises(RuntimeError, match="ValidationFailed") as error:
        app.synth()
    report = str(error.value)

    assert "acequia-dev/Careless/Open/Resource" in report
    assert "AwsSolutions-IAM5" not in report


@pytest.mark.parametrize("entry", REGISTER, ids=lambda entry: entry.reason)
def test_an_accepted_finding_still_exists(found: tuple[Any, ...], entry: Acknowledgement) -> None:
    """An entry that matches nothing is a door left open for the next finding."""
    assert any(entry.covers(each.path, each.rule, each.finding) for each in found)


@pytest.mark.parametrize("entry", REGISTER, ids=lambda entry: entry.reason)
def test_an_accepted_finding_is_reviewed_in_time(entry: Acknowledgement) -> None:
    """Somebody looks at each entry again: renew the date, or fix the finding."""
    assert entry.owner
    assert len(entry.reason.split()) >= 5
    assert entry.expires >= datetime.now(UTC).date()


def test_an_expired_entry_would_fail() -> None:
    """The comparison above is on dates, the right way round."""
    entry = Acknowledgement(path=".*", rule="X", reason="Long ago.", expires=date(2020, 1, 1))

    assert entry.expires < datetime.now(UTC).date()


@pytest.mark.parametrize(
    ("path", "rule", "finding"),
    [
        ("Training/PrepareRole/Resource/Resource", "AwsSolutions-IAM4", "Resource::*"),
        ("Registry/Approver/DefaultPolicy/Resource", "AwsSolutions-IAM5", "Resource::*"),
        ("Training/Pipeline/Role/DefaultPolicy/Resource", "AwsSolutions-IAM5", "Resource::*"),
        ("Training/PrepareRole/Resource/Resource", "AwsSolutions-IAM5", "Action::s3:*"),
        ("Training/PrepareRole/X", "AwsSolutions-IAM5", "Resource::<Raw2403193C.Arn>/*"),
        ("Data/Raw/Resource/Resource", "PCI.DSS.321-S3DefaultEncryptionKMS", ""),
        ("Network/Endpoints/SecurityGroup", "HIPAA.Security-EC2RestrictedCommonPorts", ""),
        ("Monitoring/Budget", "NIST.800.53.R5-CloudWatchAlarmAction", ""),
    ],
)
def test_the_register_accepts_no_more_than_it_says(path: str, rule: str, finding: str) -> None:
    """A whole bucket, another rule, any action, a role elsewhere: none of it slips through."""
    assert not any(entry.covers(path, rule, finding) for entry in REGISTER)


def test_the_register_stays_short() -> None:
    """Beyond twenty entries nobody reads them."""
    assert len(AWS_SOLUTIONS) < 20
    assert len(COMPLIANCE) < 20
    assert all(entry.rule.startswith("AwsSolutions-") for entry in AWS_SOLUTIONS)


def test_no_statement_allows_every_action(statements: list[Any]) -> None:
    """An action is spelled out; the account's own root on its keys is the one exception."""
    wild = {
        (each.kind, action)
        for each in statements
        for action in each.actions
        if "*" in action and each.text["Effect"] == "Allow" and each.kind != "boundary"
    }

    assert wild == {("key", "kms:*")}


def test_services_are_trusted_on_behalf_of_this_account_only(statements: list[Any]) -> None:
    """Without the source account anyone's job could be given our role (confused deputy)."""
    trusts = [
        each for each in statements if each.kind == "trust" and "Service" in each.text["Principal"]
    ]

    assert trusts
    for each in trusts:
        conditions = {
            key: value for test in each.text["Condition"].values() for key, value in test.items()
        }
        assert conditions["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}, each.resource
        assert "aws:SourceArn" in conditions, each.resource


def test_no_service_may_use_a_resource_for_another_account(statements: list[Any]) -> None:
    """Keys and buckets that name a service say for whose resources."""
    named = [
        each
        for each in statements
        if each.kind in {"key", "resource"}
        and "Service" in each.text["Principal"]
        and each.text["Effect"] == "Allow"
    ]

    assert named
    for each in named:
        assert "AWS::AccountId" in json.dumps(each.text["Condition"]), each.resource


def test_nothing_is_open_to_everyone(statements: list[Any]) -> None:
    """``Principal: *`` only ever denies."""
    everyone = [
        each.text["Effect"]
        for each in statements
        if each.text.get("Principal") in ("*", {"AWS": "*"}) and each.kind != "boundary"
    ]

    assert set(everyone) == {"Deny"}


def test_what_passes_an_endpoint_is_of_this_account(statements: list[Any]) -> None:
    """An endpoint lets our identities through; of others, who fetch the layers of an image."""
    boundaries = [each for each in statements if each.kind == "boundary"]
    others = [
        each
        for each in boundaries
        if each.text.get("Condition", {}).get("StringEquals", {}).get("aws:PrincipalAccount")
        != {"Ref": "AWS::AccountId"}
    ]

    assert boundaries
    for each in others:
        assert each.actions == ["s3:GetObject"], each.resource
        assert "-starport-layer-bucket/*" in json.dumps(each.resources), each.resource


def test_every_passed_role_is_named_and_goes_to_one_service(statements: list[Any]) -> None:
    """PassRole is how little rights become great ones."""
    passing = [each for each in statements if "iam:PassRole" in each.actions]

    assert {each.environment for each in passing} >= set(config.ENVIRONMENTS)
    for each in passing:
        assert each.actions == ["iam:PassRole"]
        assert "*" not in json.dumps(each.resources)
        assert each.text["Condition"]["StringEquals"]["iam:PassedToService"]


def test_no_role_has_a_managed_policy(
    templates: dict[str, dict[str, dict[str, Any]]],
) -> None:
    """A policy that AWS may widen tomorrow is none that was reviewed."""
    text = json.dumps(templates)

    assert "ManagedPolicyArns" not in text
    assert "FullAccess" not in text


def test_every_job_is_encrypted_isolated_and_ends(
    templates: dict[str, dict[str, dict[str, Any]]],
) -> None:
    """Volumes and outputs use our key; only jobs that ask AWS have a network; all of them stop."""
    definition = json.loads(_definition(templates["prod"]["Training"]))
    jobs = list(_jobs(definition["Steps"]))
    online = set()

    assert len(jobs) == 5
    for name, arguments in jobs:
        text = json.dumps(arguments)
        assert "VolumeKmsKeyId" in text, name
        assert '"KmsKeyId"' in text, name
        assert arguments["StoppingCondition"]["MaxRuntimeInSeconds"] > 0, name
        network = arguments.get("NetworkConfig", arguments)
        if not network["EnableNetworkIsolation"]:
            online.add(name)
    assert online == {"IngestFeatures", "ResolveChampion"}


def test_no_image_is_named_by_a_tag(
    templates: dict[str, dict[str, dict[str, Any]]],
) -> None:
    """What was scanned and approved is what runs: a digest, never ``latest``."""
    definition = json.loads(_definition(templates["prod"]["Training"]))
    (image,) = (
        each["DefaultValue"] for each in definition["Parameters"] if each["Name"] == "ImageUri"
    )

    assert re.search(r"@sha256:[0-9a-f]{64}$", image)
    assert "latest" not in image


def _definition(template: dict[str, Any]) -> str:
    """Return the pipeline's definition with ``<token>`` for each reference."""
    (pipeline,) = (
        each["Properties"]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::SageMaker::Pipeline"
    )
    parts = pipeline["PipelineDefinition"]["PipelineDefinitionBody"]["Fn::Join"][1]
    return "".join(part if isinstance(part, str) else "<token>" for part in parts)


def _jobs(steps: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for step in steps:
        if step["Type"] in {"Processing", "Training"}:
            yield step["Name"], step["Arguments"]
