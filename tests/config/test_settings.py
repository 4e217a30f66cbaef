"""The settings of the environments: complete, frozen, and strict about slips."""

from __future__ import annotations

import ast
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import botocore
import pytest
from pydantic import BaseModel, ValidationError

import config
from config.schema import LogRetentionDays, PlatformConfig
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.mistakes import parse

ROOT = Path(__file__).parents[2]
GOOD = """
environment: dev
usecase: fraud
protected: false
tags: {data_classification: internal, owner_team: somebody, cost_center: none}
"""


def _leaves(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _leaves(kind, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _mistakes(text: str) -> list[str]:
    with pytest.raises(SettingsError) as error:
        parse(text, PlatformConfig, source="x.yaml")
    return list(error.value.mistakes)


@pytest.mark.parametrize("environment", config.ENVIRONMENTS)
def test_every_environment_loads(environment: str) -> None:
    """The files that are committed are right."""
    assert config.load(environment).environment == environment


def test_dev_is_the_default_and_all_is_every_one() -> None:
    """Whoever says nothing cannot hit prod."""
    assert [each.environment for each in config.select(None)] == ["dev"]
    assert [each.environment for each in config.select("all")] == list(config.ENVIRONMENTS)


def test_an_unknown_environment_gets_a_suggestion() -> None:
    """A slip in ``-c environment=`` is named, with what is allowed."""
    with pytest.raises(SettingsError, match="did you mean 'staging'") as error:
        config.select("stagging")

    assert "dev, staging, prod, all" in str(error.value)


def test_a_file_is_about_the_environment_that_it_is_named_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copied file whose first line was forgotten would deploy over the other environment."""
    (tmp_path / "dev.yaml").write_text(GOOD.replace("dev", "prod").replace("false", "true"))
    monkeypatch.setattr(config, "__file__", str(tmp_path / "__init__.py"))

    with pytest.raises(SettingsError, match="must be 'dev' in this file; given 'prod'"):
        config.load("dev")


def test_a_file_can_be_given_by_its_path(tmp_path: Path) -> None:
    """Settings may lie elsewhere, under any name."""
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD)

    assert config.load(path).tags.owner_team == "somebody"


def test_settings_cannot_be_changed_after_loading() -> None:
    """What was validated is what is deployed."""
    settings = config.load("dev")

    with pytest.raises(ValidationError, match="frozen"):
        settings.tags.owner_team = "another"  # type: ignore[misc]


def test_all_mistakes_are_reported_at_once() -> None:
    """Nine slips in one file: one run, nine lines, each with line, path and remedy."""
    mistakes = _mistakes(
        "\n".join(
            [
                "environment: prod",
                "usecase: Fraud",
                "protected: false",
                "tags: {data_classification: secret, owner_team: 'aws:x', cost_centre: none}",
                "logs: {retention_days: 31}",
                "data: {crawler_schedule: cron(0 4 * * *)}",
                "images: {digest: latest}",
                "training: {max_parallel_steps: 99, training_instance_type: m5.large}",
                "logging: {}",
            ]
        )
    )
    text = "\n".join(mistakes)

    assert len(mistakes) == 12
    for expected in (
        "line 2: usecase: given 'Fraud'; allowed: ",
        "line 3: protected: must be true in prod",
        "line 4: tags.data_classification: given 'secret'; allowed: 'public'",
        "line 4: tags.owner_team: given 'aws:x'; allowed: ",
        "line 4: tags.cost_center: is required and missing",
        "line 4: tags.cost_centre: unknown key; ",
        "did you mean 'cost_center'?",
        "line 5: logs.retention_days: given 31; allowed: 1, 3, 5",
        "line 6: data.crawler_schedule: must be cron(",
        "line 7: images.digest: given 'latest'; allowed: sha256:",
        "line 8: training.max_parallel_steps: ",
        "line 8: training.training_instance_type: given 'm5.large'; allowed: ",
        "line 9: logging: unknown key; ",
    ):
        assert expected in text, expected


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ("environment: dev", "environment: Dev", "environment"),
        ("environment: dev", "environment: development1x", "environment"),
        ("usecase: fraud", "usecase: fraud-", "usecase"),
        ("usecase: fraud", f"usecase: {'f' * 32}", "usecase"),
        ("somebody", "'some|body'", "tags.owner_team"),
        ("cost_center: none", "cost_center: 1001", "tags.cost_center"),
        ("protected: false", "protected: maybe", "protected"),
        ("protected: false", "protected: false\nkeys: {deletion_window_days: 6}", "keys"),
        ("protected: false", "protected: false\nimages: {digest: 'sha256:abc'}", "images.digest"),
    ],
)
def test_what_aws_would_refuse_is_refused_when_loading(before: str, after: str, place: str) -> None:
    """Names, tags, windows and digests of a wrong shape cost seconds here, minutes there."""
    (mistake,) = _mistakes(GOOD.replace(before, after))

    assert f": {place}" in mistake


def test_retentions_are_those_that_cloudwatch_knows() -> None:
    """The list is the one of the API model that boto3 ships, in its documentation."""
    folder = Path(botocore.__file__).parent / "data" / "logs" / "2014-03-28"
    model = json.loads(gzip.decompress((folder / "service-2.json.gz").read_bytes()))
    text = model["shapes"]["Days"]["documentation"]
    allowed = text.partition("Possible values are:")[2].partition(".")[0]
    documented = {int(number) for number in re.findall(r"\d+", allowed)}

    assert set(get_args(LogRetentionDays)) == documented


def test_every_setting_is_read_somewhere() -> None:
    """A setting that nothing reads is a promise that nothing keeps."""
    read = {
        node.attr
        for path in (ROOT / "stacks").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }

    assert {name.rpartition(".")[2] for name in _leaves(PlatformConfig)} <= read


def test_every_setting_is_explained() -> None:
    """The guide names each setting by its path, and none that does not exist."""
    guide = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    # Those of the delivery are in a file of their own, see test_delivery.
    guide = re.sub(r"\n## delivery\n.*?(?=\n## |\Z)", "", guide, flags=re.DOTALL)
    explained = set(re.findall(r"^\| `([a-z0-9_.]+)` \|", guide, flags=re.MULTILINE))

    assert explained == set(_leaves(PlatformConfig))
