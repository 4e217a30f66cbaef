"""What comes into the lake: each source with its own roles, its own folder and a way to fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import config
from pipeline_code import contract
from pipeline_code.definition.lock import read_lock
from tests.assembly import Assembly, Resource
from tests.conftest import EVERYTHING

ENVIRONMENTS = (*config.ENVIRONMENTS, "everything")
LANDED = ("cards", "disputes", "crm", "merchants", "terminals")


@pytest.fixture(scope="module")
def sources(assembly: Assembly) -> Any:
    """Find resources of one type in the stack of the sources of one environment."""

    def find(kind: str, environment: str = "everything") -> list[Resource]:
        return [
            each for each in assembly.find(kind, environment=environment) if each.stack == "Sources"
        ]

    return find


def _named(resources: list[Resource], part: str) -> Resource:
    (found,) = (each for each in resources if part in each.logical_id)
    return found


def _allowed(assembly: Assembly, sources: Any, role: str) -> dict[str, list[str]]:
    """Return what a role may do: the resources of each action, as text."""
    found: dict[str, list[str]] = {}
    policy = _named(sources("AWS::IAM::Policy"), f"{role}RoleDefaultPolicy")
    for statement in policy.properties["PolicyDocument"]["Statement"]:
        actions, resources = statement["Action"], statement["Resource"]
        for action in actions if isinstance(actions, list) else [actions]:
            found.setdefault(action, []).extend(
                assembly.text(policy, each)
                for each in (resources if isinstance(resources, list) else [resources])
            )
    return found


# --- Encryption ---------------------------------------------------------------------------------


def test_all_that_glue_writes_is_encrypted(assembly: Assembly) -> None:
    """Data, logs and bookmarks, for each crawler and job of each environment."""
    configurations = assembly.find("AWS::Glue::SecurityConfiguration")

    assert configurations
    for each in configurations:
        encryption = each.properties["EncryptionConfiguration"]
        parts = {
            "S3EncryptionMode": (encryption["S3Encryptions"][0], "SSE-KMS"),
            "CloudWatchEncryptionMode": (encryption["CloudWatchEncryption"], "SSE-KMS"),
            "JobBookmarksEncryptionMode": (encryption["JobBookmarksEncryption"], "CSE-KMS"),
        }
        for mode, (part, expected) in parts.items():
            key = assembly.target(each, part["KmsKeyArn"])
            assert part[mode] == expected
            assert key is not None
            assert key.type == "AWS::KMS::Key"


def test_every_crawler_and_job_uses_one(assembly: Assembly) -> None:
    """A configuration that nothing names encrypts nothing."""
    users = {"AWS::Glue::Crawler": "CrawlerSecurityConfiguration"}
    users["AWS::Glue::Job"] = "SecurityConfiguration"
    for kind, name in users.items():
        for each in assembly.find(kind):
            found = assembly.target(each, each.properties[name])
            assert found is not None, each.address
            assert found.type == "AWS::Glue::SecurityConfiguration"


# --- Jobs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", LANDED)
def test_a_job_ends_retries_and_runs_alone(sources: Any, source: str) -> None:
    """Two runs at once would export twice; a run without end would be paid without end."""
    job = _named(sources("AWS::Glue::Job"), source).properties

    assert job["Timeout"] == 120
    assert job["MaxRetries"] == 1
    assert job["ExecutionProperty"] == {"MaxConcurrentRuns": 1}
    assert job["GlueVersion"] == "5.0"
    assert job["DefaultArguments"]["--job-bookmark-option"] == "job-bookmark-disable"
    assert job["DefaultArguments"]["--enable-metrics"] == "true"


@pytest.mark.parametrize("source", LANDED)
def test_a_job_is_started_with_arguments_that_it_takes(
    assembly: Assembly, sources: Any, source: str
) -> None:
    """The template and the script are two files: here they meet."""
    from datetime import UTC, datetime

    from pipeline_code.glue.land_tables import plan, read_arguments

    job = _named(sources("AWS::Glue::Job"), source)
    given = [
        assembly.text(job, part)
        for pair in job.properties["DefaultArguments"].items()
        for part in pair
    ]
    landings = plan(read_arguments(given), datetime(2027, 1, 1, tzinfo=UTC))

    settings = config.load(Path(EVERYTHING)).sources
    tables = {each.name: len(each.tables) for each in settings.databases}
    assert len(landings) == tables.get(source, 1)
    for landing in landings:
        assert landing.folder.startswith(f"s3://${{Data.Raw2403193C.Ref}}/sources/{source}/")


def test_each_job_and_crawler_has_a_role_of_its_own(assembly: Assembly) -> None:
    """What one is allowed says nothing about another."""
    roles = [
        (each.environment, assembly.text(each, each.properties["Role"]))
        for each in assembly.find("AWS::Glue::Job", "AWS::Glue::Crawler")
    ]

    assert len(set(roles)) == len(roles)


@pytest.mark.parametrize("source", LANDED)
def test_a_job_writes_its_own_folder_only(assembly: Assembly, sources: Any, source: str) -> None:
    """Nor can it touch the rows of the use case, which lie in the same bucket."""
    allowed = _allowed(assembly, sources, f"{source}Job")

    for place in allowed["s3:PutObject"] + allowed["s3:DeleteObject"]:
        assert place.endswith((f"/sources/{source}/*", f"/exports/{source}/*")), place


def test_a_job_reads_its_script_and_no_other_asset(assembly: Assembly, sources: Any) -> None:
    """The bucket of assets holds the templates and scripts of everybody."""
    allowed = _allowed(assembly, sources, "cardsJob")
    (script,) = (each for each in allowed["s3:GetObject"] if "/sources/" not in each)
    job = _named(sources("AWS::Glue::Job"), "cards")

    assert script.endswith(".py")
    location = assembly.text(job, job.properties["Command"]["ScriptLocation"])
    assert script.rpartition("/")[2] in location


def test_a_job_reads_its_own_secret_only(assembly: Assembly, sources: Any) -> None:
    """The password of one database opens one database."""
    theirs = _allowed(assembly, sources, "disputesJob")
    ours = _allowed(assembly, sources, "cardsJob")

    (secret,) = theirs["secretsmanager:GetSecretValue"]
    assert secret.endswith(":secret:disputes-AbCdEf")
    (secret,) = ours["secretsmanager:GetSecretValue"]
    assert secret.startswith("${Databases.Databasecards")
    assert any(":key/12345678" in each for each in theirs["kms:Decrypt"])
    assert "secretsmanager:GetSecretValue" not in _allowed(assembly, sources, "merchantsJob")


def test_a_table_is_exported_and_never_read_by_the_job(assembly: Assembly, sources: Any) -> None:
    """An export takes no capacity from the table; the crawler alone looks at some rows."""
    job = _allowed(assembly, sources, "terminalsJob")
    crawler = _allowed(assembly, sources, "terminalsCrawler")

    (table,) = job["dynamodb:ExportTableToPointInTime"]
    assert table.endswith(":table/terminals-live")
    assert {"dynamodb:Scan", "dynamodb:GetItem", "dynamodb:Query"}.isdisjoint(job)
    assert crawler["dynamodb:Scan"] == [table]


# --- Connections ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "url"),
    [
        ("disputes", "jdbc:postgresql://disputes.example.internal:5432/disputes"),
        ("crm", "jdbc:mysql://crm.example.internal:3307/crm"),
    ],
)
def test_a_connection_leads_to_the_server(
    assembly: Assembly, sources: Any, source: str, url: str
) -> None:
    """Host, port and database of the settings; the password stays in the secret."""
    connection = _named(sources("AWS::Glue::Connection"), source)
    properties = connection.properties["ConnectionInput"]["ConnectionProperties"]

    assert assembly.text(connection, properties["JDBC_CONNECTION_URL"]) == url
    assert properties["JDBC_ENFORCE_SSL"] == "true"
    assert properties.keys() == {"JDBC_CONNECTION_URL", "JDBC_ENFORCE_SSL", "SECRET_ID"}


def test_a_connection_says_in_which_zone_its_subnet_is(assembly: Assembly, sources: Any) -> None:
    """Glue takes one without, and fails each job with CONNECTION_LIST_CONNECTION_WITH_AZ_NULL."""
    for connection in sources("AWS::Glue::Connection"):
        place = connection.properties["ConnectionInput"]["PhysicalConnectionRequirements"]
        subnet = assembly.target(connection, place["SubnetId"])

        assert subnet is not None
        assert subnet.type == "AWS::EC2::Subnet"
        assert assembly.target(connection, place["AvailabilityZone"]) == subnet
        assert "AvailabilityZone" in json.dumps(place["AvailabilityZone"])


def test_a_server_of_ours_is_reached_by_its_own_address(assembly: Assembly, sources: Any) -> None:
    """What RDS makes up is known at deployment only."""
    connection = _named(sources("AWS::Glue::Connection"), "cards")
    properties = connection.properties["ConnectionInput"]["ConnectionProperties"]
    url = assembly.text(connection, properties["JDBC_CONNECTION_URL"])

    assert url.startswith("jdbc:postgresql://${Databases.Databasecards")
    assert url.endswith(".Endpoint.Address}:6432/cards_2027")


def test_workers_talk_to_each_other_and_to_one_server(assembly: Assembly, sources: Any) -> None:
    """Glue demands a group that lets itself in; that group reaches one port and no internet."""
    group = _named(sources("AWS::EC2::SecurityGroup"), "cards")
    (egress,) = group.properties["SecurityGroupEgress"]
    inside = _named(sources("AWS::EC2::SecurityGroupIngress"), "cardsConnectionFromWorkers")
    entry = _named(sources("AWS::EC2::SecurityGroupIngress"), "cardsConnectionIntoServer")

    assert (egress["FromPort"], egress["ToPort"]) == (6432, 6432)
    assert "CidrIp" not in egress
    for name in ("GroupId", "SourceSecurityGroupId"):
        assert assembly.target(inside, inside.properties[name]) == group
    server = assembly.target(entry, entry.properties["GroupId"])
    assert server is not None
    assert server.stack == "Databases"
    assert (entry.properties["FromPort"], entry.properties["ToPort"]) == (6432, 6432)


def test_a_server_of_theirs_is_reached_where_the_settings_say(sources: Any) -> None:
    """Nowhere else, and we open no group of theirs."""
    group = _named(sources("AWS::EC2::SecurityGroup"), "crm")
    (egress,) = group.properties["SecurityGroupEgress"]

    assert (egress["CidrIp"], egress["FromPort"], egress["ToPort"]) == ("10.30.0.0/16", 3307, 3307)
    entries = [each.logical_id for each in sources("AWS::EC2::SecurityGroupIngress")]
    assert not any("IntoServer" in each for each in entries if "cards" not in each)


# --- Triggers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "kind", "schedule"),
    [("dev", "ON_DEMAND", None), ("prod", "SCHEDULED", "cron(0 2 * * ? *)")],
)
def test_a_job_starts_as_the_settings_say(
    sources: Any, environment: str, kind: str, schedule: str | None
) -> None:
    """In dev when somebody asks; Glue follows runs that a trigger started, so there is one."""
    trigger = _named(sources("AWS::Glue::Trigger", environment), "cardsJobStart").properties

    assert trigger["Type"] == kind
    assert trigger.get("Schedule") == schedule
    # Glue refuses an on-demand trigger that is to be active from the start.
    assert trigger.get("StartOnCreation") == (True if schedule else None)


@pytest.mark.parametrize("source", LANDED)
def test_a_snapshot_is_described_once_it_is_complete(
    assembly: Assembly, sources: Any, source: str
) -> None:
    """After a failure the crawler stays where it is, and nobody queries half a snapshot."""
    trigger = _named(sources("AWS::Glue::Trigger"), f"{source}JobLanded")
    (condition,) = trigger.properties["Predicate"]["Conditions"]
    (action,) = trigger.properties["Actions"]

    assert condition["State"] == "SUCCEEDED"
    job = assembly.target(trigger, condition["JobName"])
    crawler = assembly.target(trigger, action["CrawlerName"])
    assert job == _named(sources("AWS::Glue::Job"), source)
    assert crawler == _named(sources("AWS::Glue::Crawler"), source)
    assert trigger.properties["StartOnCreation"] is True


def test_files_start_a_crawl_when_they_arrive(assembly: Assembly, sources: Any) -> None:
    """Of the folder and the format, of this bucket; a delivery of many files is one crawl."""
    rule = _named(sources("AWS::Events::Rule"), "devices")
    detail = rule.properties["EventPattern"]["detail"]
    trigger = _named(sources("AWS::Glue::Trigger"), "devices")

    assert rule.properties["EventPattern"]["detail-type"] == ["Object Created"]
    assert detail["object"]["key"] == [{"wildcard": "partners/devices/*.json*"}]
    bucket = assembly.target(rule, detail["bucket"]["name"][0])
    assert bucket is not None
    assert bucket.logical_id == "Raw2403193C"
    assert bucket.properties["NotificationConfiguration"]
    assert trigger.properties["EventBatchingCondition"] == {"BatchSize": 100, "BatchWindow": 900}


def test_what_cannot_be_delivered_is_kept(assembly: Assembly, sources: Any) -> None:
    """An arrival that got lost would be found when a model is trained on old data."""
    rules = sources("AWS::Events::Rule")

    assert len(rules) == 2
    for rule in rules:
        (target,) = rule.properties["Targets"]
        queue = assembly.target(rule, target["DeadLetterConfig"]["Arn"])
        assert queue is not None
        assert queue.type == "AWS::SQS::Queue"
        assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0


def test_a_rule_may_tell_its_own_workflow_and_nothing_else(
    assembly: Assembly, sources: Any
) -> None:
    """The role of the rule does one thing."""
    allowed = _allowed(assembly, sources, "devicesArrival")

    assert set(allowed) == {"glue:NotifyEvent"}
    (workflow,) = allowed["glue:NotifyEvent"]
    assert "Filesdevices" in workflow


# --- Catalogue ------------------------------------------------------------------------------------


def test_crawlers_report_changes_and_apply_none(assembly: Assembly) -> None:
    """A changed column is a decision, in every environment and for every source."""
    crawlers = assembly.find("AWS::Glue::Crawler")

    assert len(crawlers) > 10
    for each in crawlers:
        policy = each.properties["SchemaChangePolicy"]
        assert policy == {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}


def test_sources_do_not_share_names_of_tables(sources: Any) -> None:
    """Two databases may both have a table called customers."""
    prefixes = [each.properties["TablePrefix"] for each in sources("AWS::Glue::Crawler")]

    assert len(set(prefixes)) == len(prefixes) == 8


def test_only_csv_has_to_be_explained(sources: Any) -> None:
    """Parquet and JSON name their columns; of a CSV the crawler would guess the header."""
    explained = {
        each.logical_id: bool(each.properties.get("Classifiers"))
        for each in sources("AWS::Glue::Crawler")
        if each.logical_id.startswith("Files")
    }

    assert [name for name, given in explained.items() if given] == [
        _named(sources("AWS::Glue::Crawler"), "Fileschargebacks").logical_id
    ]


def test_the_raw_table_is_the_contract(sources: Any) -> None:
    """Column by column, in the names and types of the catalogue."""
    table = _named(sources("AWS::Glue::Table", "prod"), "Raw").properties["TableInput"]
    columns = {each["Name"]: each["Type"] for each in table["StorageDescriptor"]["Columns"]}
    promised = read_lock(contract.usecase_folder("fraud")).contract.columns

    assert list(columns) == [name.lower() for name in promised]
    assert columns["transaction_id"] == "bigint"
    assert columns["tx_amount"] == "double"
    assert columns["tx_datetime"] == "timestamp"


def test_the_quarantine_lies_where_the_pipeline_puts_it(assembly: Assembly, sources: Any) -> None:
    """The pipeline writes a folder for each execution; Athena computes the same path."""
    table = _named(sources("AWS::Glue::Table", "prod"), "Quarantine")
    template = assembly.text(
        table, table.properties["TableInput"]["Parameters"]["storage.location.template"]
    )
    (prepare,) = (
        step for step in assembly.definition("prod")["Steps"] if step["Name"] == contract.PREPARE
    )
    (output,) = (
        each["S3Output"]["S3Uri"]["Std:Join"]["Values"]
        for each in prepare["Arguments"]["ProcessingOutputConfig"]["Outputs"]
        if each["OutputName"] == contract.QUARANTINE
    )

    assert [part for part in template.strip("/").split("/") if part] == [
        part
        for value in output
        for part in (value if isinstance(value, str) else "${execution}").split("/")
        if part
    ]


def test_the_ruleset_is_that_of_the_lock(sources: Any) -> None:
    """Written from the use case when the pipeline is compiled, never by hand."""
    (ruleset,) = sources("AWS::Glue::DataQualityRuleset", "prod")

    promised = read_lock(contract.usecase_folder("fraud")).contract
    assert ruleset.properties["Ruleset"] == promised.quality_ruleset
    assert ruleset.properties["TargetTable"]["TableName"] == "raw"


# --- Queries --------------------------------------------------------------------------------------


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_query_results_are_encrypted_limited_and_forgotten(
    assembly: Assembly, sources: Any, environment: str
) -> None:
    """Nobody can write results elsewhere, unencrypted, or read the whole lake by a slip."""
    (workgroup,) = sources("AWS::Athena::WorkGroup", environment)
    settings = workgroup.properties["WorkGroupConfiguration"]
    results = settings["ResultConfiguration"]
    (bucket,) = (
        each
        for each in assembly.find("AWS::S3::Bucket", environment=environment)
        if each.logical_id.startswith("Curated")
    )

    assert settings["EnforceWorkGroupConfiguration"] is True
    assert results["EncryptionConfiguration"]["EncryptionOption"] == "SSE_KMS"
    assert settings["BytesScannedCutoffPerQuery"] >= 10 * 1024**3
    location = assembly.text(workgroup, results["OutputLocation"])
    assert location == f"s3://${{Data.{bucket.logical_id}.Ref}}/queries/"
    assert "queries/" in [
        rule.get("Prefix")
        for rule in bucket.properties["LifecycleConfiguration"]["Rules"]
        if "ExpirationInDays" in rule
    ]


def test_saved_queries_ask_tables_that_are_there(sources: Any) -> None:
    """Each names the database of its environment and one of the two tables."""
    queries = sources("AWS::Athena::NamedQuery", "prod")

    assert len(queries) == 5
    for each in queries:
        text = each.properties["QueryString"]
        assert '"acequia_prod_fraud"."' in text
        assert any(f'."{table}"' in text for table in ("raw", "quarantine"))
        assert json.dumps(each.properties["WorkGroup"]) == '"acequia-prod-fraud"'
