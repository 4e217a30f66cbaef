"""Where commits come from and what they must pass: read with units, refused with remedies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import boto3
import pytest
from pydantic import BaseModel

import config
from config.delivery import _COMPUTE_TYPES, BuildConfig
from config.schema import TagsConfig
from delivery import contract
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.mistakes import parse

TAGS = "tags: {data_classification: internal, owner_team: t, cost_center: c}\n"
DIGEST = "python@sha256:" + "0" * 64
BUILD = f"build: {{base_image: '{DIGEST}'}}\n"
SOURCE = "source: {kind: codecommit, repository: acequia}\n"
CONNECTION = (
    "arn:aws:codeconnections:eu-west-1:111122223333:connection/01234567-89ab-cdef-0123-456789abcdef"
)


def _parse(text: str) -> config.DeliveryConfig:
    return parse(text, config.DeliveryConfig, source="delivery.yaml")


def _mistakes(text: str) -> list[str]:
    with pytest.raises(SettingsError) as error:
        _parse(text)
    return list(error.value.mistakes)


def test_ours_loads() -> None:
    """The file that is committed is right, and asked for by `delivery` or `all` alone."""
    ours = config.load_delivery()

    assert config.select_delivery("delivery") == config.select_delivery("all") == ours
    assert config.select_delivery(None) is None
    assert config.select_delivery("prod") is None
    assert config.select("delivery") == []


def test_without_a_file_there_is_no_delivery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who delivers by other means deletes the file; who asks for it by name is told."""
    monkeypatch.setattr(config, "__file__", str(tmp_path / "__init__.py"))

    assert config.select_delivery("all") is None
    with pytest.raises(SettingsError, match="cannot be read"):
        config.select_delivery("delivery")


def test_what_is_left_out_has_a_value() -> None:
    """Three sections are enough; a person has a week to approve."""
    settings = _parse(TAGS + SOURCE + BUILD)

    assert settings.timeouts.approval == timedelta(days=7)
    assert settings.training_environment == "staging"
    assert settings.source is not None
    assert settings.source.branch == "main"


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        ("source: {kind: conection}", "source.kind", "did you mean 'connection'?"),
        ("source: {kind: codecommit, repository: a, branch: ''}", "source.branch", "not empty"),
        ("source: {kind: codecommit, repository: a, branch: 'x*'}", "source.branch", "no pattern"),
        ("source: {kind: codecommit, repository: a, branch: a..b}", "source.branch", "one branch"),
        ("source: {kind: codecommit, repository: a/b}", "source.repository", "of CodeCommit"),
        ("source: {kind: codecommit}", "source.repository", "needed with kind: codecommit"),
        ("source: {kind: codecommit, repository: a, paths: [x]}", "source.paths", "connection"),
        ("source: {kind: connection, repository: a/b}", "source.connection_arn", "is needed"),
        (
            "source: {kind: connection, repository: a/b, connection_arn: 'arn:aws:codestar:x'}",
            "source.connection_arn",
            "the ARN of a connection",
        ),
        (
            f"source: {{kind: connection, repository: b, connection_arn: '{CONNECTION}'}}",
            "source.repository",
            "owner and name",
        ),
        (
            f"source: {{kind: connection, repository: a/b, connection_arn: '{CONNECTION}', "
            "paths: [a, b, c, d, e, f, g, h, i]}",
            "source.paths",
            "at most 8",
        ),
        (
            f"source: {{kind: connection, repository: a/b, connection_arn: '{CONNECTION}', "
            "paths: [/docs]}",
            "source.paths.0",
            "below the root",
        ),
        (
            f"source: {{kind: connection, repository: a/b, connection_arn: '{CONNECTION}', "
            "paths: [a], excluded_paths: [a]}",
            "source.excluded_paths",
            "take one out",
        ),
        ("source: {kind: s3, bucket: Code, object_key: a.zip}", "source.bucket", "lower-case"),
        ("source: {kind: s3, bucket: code, object_key: a.tar}", "source.object_key", ".zip"),
        ("source: {kind: s3, bucket: code}", "source.object_key", "needed with kind: s3"),
        ("account: '1234'\nregion: eu-west-1", "account", "the 12 digits"),
        ("account: '111122223333'", "region", "or neither"),
        ("name: prod", "name", "which is an environment"),
        ("name: Delivery", "name", "lower-case"),
        ("training_environment: prod", "training_environment", "'dev' or 'staging'"),
        ("bootstrap_qualifier: Tools!", "bootstrap_qualifier", "cdk bootstrap"),
        ("emails: [a@example.com, a@example.com]", "emails", "name each once"),
        ("build: {base_image: 'python:3.11'}", "build.base_image", "by digest"),
        (
            f"build: {{base_image: '{DIGEST}', compute_type: BUILD_GENERAL1_MEDUM}}",
            "build.compute_type",
            "did you mean 'BUILD_GENERAL1_MEDIUM'?",
        ),
        (
            f"build: {{base_image: '{DIGEST}', environment_image: 'aws/codebuild/x:latest'}}",
            "build.environment_image",
            "by its version",
        ),
        (
            f"build: {{base_image: '{DIGEST}', stop_at_severity: SEVERE}}",
            "build.stop_at_severity",
            "CRITICAL",
        ),
        ("smoke: {max_p99: 300}", "smoke.max_p99", "a number and its unit"),
        ("smoke: {load: 60}", "smoke.load", "a number and its unit"),
        ("smoke: {max_p99: 1s, load: 5s}", "smoke.load", "ten times"),
        ("smoke: {connections: 0}", "smoke.connections", "greater than or equal to 1"),
        ("timeouts: {queue: 9h}", "timeouts.queue", "from 5min to 8h"),
        ("timeouts: {train: 36h}", "timeouts.train", "from 5min to 35h"),
        ("timeouts: {build: 90s}", "timeouts.build", "multiple of 1min"),
        ("timeouts: {approval: 61d}", "timeouts.approval", "from 5min to 60d"),
        ("github: {repository: acequia}", "github.repository", "owner and name"),
        ("github: {repository: a/b, branch: '*'}", "github.branch", "no pattern"),
        (
            "github: {repository: a/b, production_environment: staging}",
            "github.production_environment",
            "its reviewers approve",
        ),
        ("pol: 3s", "pol", "did you mean 'poll'?"),
    ],
)
def test_a_mistake_names_its_place_and_the_remedy(text: str, place: str, remedy: str) -> None:
    """What AWS would refuse, or take and never do, is refused before anything is deployed."""
    rest = "".join(each for each in (TAGS, SOURCE, BUILD) if each[:5] != text[:5])
    mistakes = _mistakes(rest + text)

    assert any(place in each and remedy in each for each in mistakes), mistakes


def test_every_mistake_is_told_at_once() -> None:
    """Nobody mends a file one line a run."""
    text = "account: 12\nsource: {kind: git, branch: ''}\nbuild: {}\nsmoke: {max_p99: 3}\npoll: 1"

    assert len(_mistakes(text)) >= 7


def test_somebody_must_deliver() -> None:
    """Neither CodePipeline nor GitHub: the file would define nothing."""
    assert any("nothing would deliver" in each for each in _mistakes(TAGS + BUILD))
    assert _parse(TAGS + BUILD + "github: {repository: a/b}").source is None


def _model(service: str) -> Any:
    return boto3.Session()._session.get_service_model(service)


def test_compute_types_are_those_of_the_api() -> None:
    """All that CodeBuild's model knows of general compute, and nothing else."""
    known = _model("codebuild").shape_for("ComputeType").enum

    assert set(_COMPUTE_TYPES) == {each for each in known if each.startswith("BUILD_GENERAL1_")}


def test_severities_are_those_of_the_contract() -> None:
    """The script compares with the same words."""
    allowed = BuildConfig.model_fields["stop_at_severity"].annotation

    assert allowed is not None
    assert allowed.__args__ == contract.SEVERITIES


def _leaves(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        if name in {"source", "github"}:
            inner = next(each for each in get_args(field.annotation) if each is not type(None))
            yield from _leaves(inner, f"{name}.")
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _leaves(field.annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def test_every_setting_is_explained() -> None:
    """Whoever fills in the file finds each line of it in one place."""
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
    section = page.partition("\n## delivery\n")[2].partition("\n## ")[0]
    words = set(re.findall(r"`([a-z0-9_.]+)`", section))
    explained = {*words, *(f"tags.{name}" for name in TagsConfig.model_fields)}

    assert {each for each in _leaves(config.DeliveryConfig) if each not in explained} == set()
