"""The line to production: its order, what is handed on, who is asked, what stops it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import config
from delivery import contract
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.mistakes import parse
from tests.assembly import Assembly

ROOT = Path(__file__).parents[2]
DELIVERIES = ("delivery", "releases")
LINE = ["Source", "Verify", "Image", "Platform", "Train"]
AFTER_TRAINING = ["Staging", "Approval", "Registry", "Production"]
NAMESPACED = re.compile(r"#\{(?P<namespace>\w+)\.(?P<variable>\w+)\}")
TEXT = """
tags: {data_classification: internal, owner_team: t, cost_center: c}
build: {base_image: 'python@sha256:%s'}
""" % ("0" * 64)
Json = dict[str, Any]


@pytest.fixture(params=DELIVERIES)
def name(request: pytest.FixtureRequest) -> str:
    """Our delivery, and the one with every option."""
    return str(request.param)


@pytest.fixture
def pipeline(assembly: Assembly, name: str) -> Json:
    """The one pipeline, references as text."""
    (found,) = assembly.find("AWS::CodePipeline::Pipeline", environment=name)
    return dict(assembly.resolved_properties(found))


@pytest.fixture
def projects(assembly: Assembly, name: str) -> dict[str, Json]:
    """Every project, by the text of a reference to it."""
    return {
        f"${{{each.stack}.{each.logical_id}.Ref}}": dict(assembly.resolved_properties(each))
        for each in assembly.find("AWS::CodeBuild::Project", environment=name)
    }


def _actions(pipeline: Json) -> list[tuple[str, Json]]:
    return [(stage["Name"], action) for stage in pipeline["Stages"] for action in stage["Actions"]]


def _variables(action: Json) -> dict[str, str]:
    rows = json.loads(action["Configuration"].get("EnvironmentVariables", "[]"))
    return {row["name"]: row["value"] for row in rows}


def _contract(project: Json) -> contract.Project:
    (found,) = (
        each for each in contract.PROJECTS if each.buildspec == project["Source"]["BuildSpec"]
    )
    return found


def _define(folder: Path, settings: config.DeliveryConfig, **environments: Any) -> Any:
    """Define a delivery by itself and return its templates by stack."""
    from aws_cdk import App

    from stacks.delivery_stage import DeliveryStage
    from stacks.platform_app import CDK_JSON

    known = {each: config.load(each) for each in config.ENVIRONMENTS}
    context = json.loads(CDK_JSON.read_text(encoding="utf-8"))["context"]
    app = App(outdir=str(folder), analytics_reporting=False, context=context)
    stage = DeliveryStage(app, settings=settings, environments={**known, **environments})
    return {each.stack_name.rpartition("-")[2]: each.template for each in stage.synth().stacks}


def _settings(text: str) -> config.DeliveryConfig:
    return parse(TEXT + text, config.DeliveryConfig, source="delivery.yaml")


def test_a_commit_passes_every_stage_in_order(pipeline: Json) -> None:
    """Checked, built, deployed, trained, tried, approved, recorded, and only then served."""
    assert [stage["Name"] for stage in pipeline["Stages"]] == LINE + AFTER_TRAINING
    assert pipeline["PipelineType"] == "V2"
    assert pipeline["ExecutionMode"] == "QUEUED"
    for stage in pipeline["Stages"]:
        orders = [action["RunOrder"] for action in stage["Actions"]]
        assert orders == list(range(1, len(orders) + 1)), stage["Name"]


def test_nothing_touches_production_before_the_approval(
    pipeline: Json, projects: dict[str, Json]
) -> None:
    """No project before it knows production's name, its endpoint or the role that tries it."""
    names = [stage["Name"] for stage in pipeline["Stages"]]
    before = names[: names.index("Approval")]
    for stage, action in _actions(pipeline):
        project = projects.get(action["Configuration"].get("ProjectName", ""))
        if project is not None:
            text = json.dumps([project["Environment"], _variables(action)])
            assert ("prod" in text) is (stage == "Production"), (stage, action["Name"])
            assert stage not in before or "prod" not in project["Description"].split(": ")[1]


def test_the_approval_has_a_topic_a_link_and_both_metrics(pipeline: Json) -> None:
    """Who decides has the evidence at hand, and a time after which silence is a no."""
    (approval,) = (a for _, a in _actions(pipeline) if a["ActionTypeId"]["Category"] == "Approval")
    about = approval["Configuration"]

    assert about["NotificationArn"] == "${Store.NoticesCD1BD20F.Ref}"
    assert about["ExternalEntityLink"] == "#{Train.REPORT_URI}"
    for variable in (
        "Train.CHALLENGER_METRIC",
        "Train.CHAMPION_METRIC",
        "Train.METRIC_NAME",
        "Train.MODEL_VERSION",
        "Smoke.P99_MS",
    ):
        assert f"#{{{variable}}}" in about["CustomData"]
    assert 5 <= approval["TimeoutInMinutes"] <= 86_400


def test_a_champion_that_is_kept_ends_the_line_green(pipeline: Json) -> None:
    """What comes after training is passed over, not failed; what comes before never is."""
    for stage in pipeline["Stages"]:
        if stage["Name"] not in AFTER_TRAINING:
            assert "BeforeEntry" not in stage
            continue
        ((condition,),) = stage["BeforeEntry"].values()
        (rule,) = condition["Rules"]
        assert condition["Result"] == "SKIP"
        assert rule["RuleTypeId"]["Provider"] == "VariableCheck"
        assert rule["Configuration"] == {
            "Variable": "#{Train.DECISION}",
            "Operator": "EQ",
            "Value": contract.REGISTERED,
        }


def test_production_goes_back_and_deployments_are_tried_again(pipeline: Json) -> None:
    """A failed production is deployed as it was; a failed test is a fact and is not repeated."""
    found = {
        stage["Name"]: stage.get("OnFailure", {}).get("Result") for stage in pipeline["Stages"]
    }

    assert found.pop("Production") == "ROLLBACK"
    assert {found.pop("Platform"), found.pop("Staging")} == {"RETRY"}
    assert set(found.values()) == {None}


def test_the_image_goes_by_digest(pipeline: Json, projects: dict[str, Json]) -> None:
    """What was scanned is what is trained with and what is deployed: never a tag."""
    for _, action in _actions(pipeline):
        project = projects.get(action["Configuration"].get("ProjectName", ""))
        reads = _contract(project).reads if project else ()
        for variable in (contract.IMAGE_DIGEST, contract.IMAGE_URI):
            if variable in reads:
                assert _variables(action)[variable] == f"#{{Image.{variable}}}"
    assert "latest" not in json.dumps([pipeline, projects])


def test_every_action_gets_what_its_script_reads(pipeline: Json, projects: dict[str, Json]) -> None:
    """Not one variable more or less than in the contract; none is given twice."""
    seen = set()
    for stage, action in _actions(pipeline):
        project = projects.get(action["Configuration"].get("ProjectName", ""))
        if project is None:
            continue
        seen.add(action["Configuration"]["ProjectName"])
        fixed = {each["Name"] for each in project["Environment"].get("EnvironmentVariables", ())}
        own = set(_variables(action))
        script = _contract(project)
        where = (stage, action["Name"])
        assert fixed & own == set(), where
        assert set(script.reads) <= fixed | own <= {*script.reads, *script.optional}, where
    assert seen == projects.keys()


def test_what_is_referred_to_was_exported_before(pipeline: Json, projects: dict[str, Json]) -> None:
    """An unknown variable fails an execution in its middle."""
    known = {"codepipeline": {"PipelineExecutionId"}}
    for _, action in _actions(pipeline):
        for match in NAMESPACED.finditer(json.dumps(action["Configuration"])):
            assert match["variable"] in known[match["namespace"]], match.group()
        project = projects.get(action["Configuration"].get("ProjectName", ""))
        if "Namespace" in action:
            exports = {"CommitId", "BranchName"} if project is None else _contract(project).exports
            assert action["Namespace"] not in known
            known[action["Namespace"]] = set(exports)
        else:
            assert project is None or not _contract(project).exports


def test_every_script_has_a_project_and_a_buildspec(projects: dict[str, Json]) -> None:
    """What CodeBuild is told to run is there."""
    used = {project["Source"]["BuildSpec"] for project in projects.values()}

    assert used == {each.buildspec for each in contract.PROJECTS}
    for path in used:
        assert (ROOT / path).is_file(), path


def test_every_build_is_bounded_encrypted_and_logged(
    assembly: Assembly, name: str, projects: dict[str, Json]
) -> None:
    """One build at a time, an end to it, our key, our log group, and Docker for the image alone."""
    groups = set()
    for project in projects.values():
        log = project["LogsConfig"]["CloudWatchLogs"]
        groups.add(log["GroupName"])
        assert log["Status"] == "ENABLED"
        assert project["EncryptionKey"] == "${Store.KeyE447D366.Arn}"
        assert project["ConcurrentBuildLimit"] == 1
        assert 5 <= project["TimeoutInMinutes"] <= 2160
        assert 5 <= project["QueuedTimeoutInMinutes"] <= 480
        is_image = project["Source"]["BuildSpec"] == contract.IMAGE.buildspec
        assert project["Environment"]["PrivilegedMode"] is is_image
        kinds = {each["Type"] for each in project["Environment"].get("EnvironmentVariables", ())}
        assert kinds <= {"PLAINTEXT"}
    kept = assembly.find("AWS::Logs::LogGroup", environment=name)
    assert groups == {f"${{Store.{each.logical_id}.Ref}}" for each in kept}
    assert len(groups) == len(projects)


def test_a_build_outlives_what_it_waits_for(projects: dict[str, Json]) -> None:
    """The script says how it ended; CodeBuild does not cut it off."""
    waiting = 0
    for project in projects.values():
        for each in project["Environment"].get("EnvironmentVariables", ()):
            if each["Name"] == contract.TIMEOUT_MIN:
                waiting += 1
                assert project["TimeoutInMinutes"] > int(each["Value"])
    assert waiting == 3


def test_staging_is_deployed_where_it_is_not_the_training_environment(
    templates: dict[str, dict[str, Json]],
) -> None:
    """Else nobody would deploy its platform."""

    def projects(name: str) -> set[str]:
        resources = templates[name]["Delivery"]["Resources"]
        return {
            key[:-8] for key, each in resources.items() if each["Type"] == "AWS::CodeBuild::Project"
        }

    assert projects("releases") - projects("delivery") == {"StagingPlatform"}


def test_people_hear_of_what_failed(assembly: Assembly, name: str) -> None:
    """Of this pipeline; what cannot be told waits in a queue that has an alarm."""
    rules = [
        dict(assembly.resolved_properties(each))
        for each in assembly.find("AWS::Events::Rule", environment=name)
        if "codepipeline" in json.dumps(each.properties["EventPattern"].get("source"))
    ]
    runbook = (ROOT / "docs" / "runbooks" / "delivery.md").read_text(encoding="utf-8")

    assert len(rules) == 2
    for rule in rules:
        assert rule["EventPattern"]["detail"]["pipeline"] == [f"acequia-{name}"]
        (target,) = rule["Targets"]
        assert target["Arn"] == "${Store.NoticesCD1BD20F.Ref}"
        assert "DeadLetterConfig" in target
        anchor = rule["Description"].rpartition("#")[2]
        assert f"## {anchor}" in runbook.lower()


def test_a_connection_starts_it_on_its_branch_and_paths(
    templates: dict[str, dict[str, Json]],
) -> None:
    """By the trigger alone: the action's own detection knows no paths."""
    (pipeline,) = (
        each["Properties"]
        for each in templates["delivery"]["Delivery"]["Resources"].values()
        if each["Type"] == "AWS::CodePipeline::Pipeline"
    )
    (trigger,) = pipeline["Triggers"]
    source = pipeline["Stages"][0]["Actions"][0]

    assert trigger["GitConfiguration"]["SourceActionName"] == source["Name"]
    assert trigger["GitConfiguration"]["Push"] == [
        {"Branches": {"Includes": ["main"]}, "FilePaths": {"Excludes": ["docs/**", "*.md"]}}
    ]
    assert source["Configuration"]["DetectChanges"] == "false"


@pytest.mark.parametrize(
    ("source", "provider", "field", "place"),
    [
        ("{kind: codecommit, repository: r}", "CodeCommit", "referenceName", ["main"]),
        ("{kind: s3, bucket: b-1, object_key: s.zip}", "S3", "object", {"key": ["s.zip"]}),
    ],
)
def test_events_start_it_and_nothing_polls(
    tmp_path: Path, source: str, provider: str, field: str, place: Any
) -> None:
    """A rule with a role that starts this pipeline, a retry, and a queue for what fails."""
    resources = _define(tmp_path, _settings(f"source: {source}"))["Delivery"]["Resources"]
    (pipeline,) = (
        each["Properties"]
        for each in resources.values()
        if each["Type"] == "AWS::CodePipeline::Pipeline"
    )
    (rule,) = (
        each["Properties"]
        for key, each in resources.items()
        if each["Type"] == "AWS::Events::Rule" and key.startswith("PipelineTrigger")
    )
    action = pipeline["Stages"][0]["Actions"][0]
    (target,) = rule["Targets"]

    assert action["ActionTypeId"]["Provider"] == provider
    assert action["Configuration"]["PollForSourceChanges"] == "false"
    assert rule["EventPattern"]["detail"][field] == place
    assert target.keys() >= {"RoleArn", "DeadLetterConfig", "RetryPolicy"}
    assert "Triggers" not in pipeline


def test_with_github_alone_there_is_no_pipeline(tmp_path: Path) -> None:
    """Only the roles of the jobs, and the store for bills of materials."""
    settings = _settings("github: {repository: a/b, creates_provider: false}")
    types = {e["Type"] for e in _define(tmp_path, settings)["Delivery"]["Resources"].values()}

    assert types == {"AWS::IAM::Role", "AWS::IAM::Policy"}


ELSEWHERE = {"account": "222233334444", "region": "eu-central-1"}
HOME = {"account": "111122223333", "region": "eu-west-1"}


def test_another_account_is_reached_through_its_own_roles(tmp_path: Path) -> None:
    """The bootstrap's and the one that tries the endpoint; of production's account, no other."""
    settings = _settings("source: {kind: codecommit, repository: r}")
    prod = config.load("prod").model_copy(update=ELSEWHERE)
    resources = _define(tmp_path, settings, prod=prod)["Delivery"]["Resources"]
    reached = {
        key.partition("RoleDefault")[0]
        for key, each in resources.items()
        if each["Type"] == "AWS::IAM::Policy" and ELSEWHERE["account"] in json.dumps(each)
    }
    text = json.dumps(resources)

    assert reached == {"ProductionPlatform", "ProductionServing", "ProductionSmoke"}
    assert "role/cdk-hnb659fds-deploy-role-222233334444-eu-central-1" in text
    assert ":iam::222233334444:role/acequia-prod-fraud-tester" in text


def test_it_lives_where_models_are_trained(tmp_path: Path) -> None:
    """Images, pipeline and registry are used by right of its own roles."""
    staging = config.load("staging").model_copy(update=ELSEWHERE)
    source = "source: {kind: codecommit, repository: r}"

    with pytest.raises(SettingsError, match="where models are trained") as error:
        _define(tmp_path, _settings(source), staging=staging)
    assert len(error.value.mistakes) == 2
    bound = _settings(source).model_copy(update=ELSEWHERE)
    text = json.dumps(_define(tmp_path, bound, staging=staging)["Delivery"])
    assert "cdk-hnb659fds-deploy-role-" in text


def test_one_model_is_delivered(tmp_path: Path) -> None:
    """Production of another use case would be deployed with a version that it has not."""
    prod = config.load("prod").model_copy(update={"usecase": "churn"})

    with pytest.raises(SettingsError, match="churn in prod, fraud in staging"):
        _define(tmp_path, _settings("source: {kind: codecommit, repository: r}"), prod=prod)


def test_a_long_name_is_refused(tmp_path: Path) -> None:
    """CodePipeline would cut it, and no build would find its source."""
    from aws_cdk import App, RemovalPolicy, Stack

    from ml_constructs.artifact_store import ArtifactStore
    from ml_constructs.encryption_key import EncryptionKey

    stack = Stack(App(outdir=str(tmp_path)), "S")
    key = EncryptionKey(
        stack,
        "Key",
        alias="a",
        description="d",
        deletion_window_days=7,
        removal_policy=RemovalPolicy.DESTROY,
    )
    with pytest.raises(ValueError, match="shorten it"):
        ArtifactStore(
            stack,
            "Store",
            pipeline_name="a" * 21,
            key=key,
            artifact_days=1,
            access_log_days=1,
            removal_policy=RemovalPolicy.DESTROY,
        )


def test_what_is_kept_and_what_is_not_never_share_a_stack(
    templates: dict[str, dict[str, Json]], name: str
) -> None:
    """The line can be deleted and made again; keys, logs and artifacts cannot."""
    kept = {"AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::S3::Bucket"}

    for stack, template in templates[name].items():
        found = {each["Type"] for each in template["Resources"].values()} & kept
        assert found == (kept if stack == "Store" else set())
    for resource in templates[name]["Store"]["Resources"].values():
        if resource["Type"] in kept:
            assert resource["DeletionPolicy"] == "Retain"
