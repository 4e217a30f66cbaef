"""An environment that is bound to an account and a region."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import config
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.mistakes import parse
from tests.conftest import EVERYTHING

ACCOUNT, REGION = "111122223333", "eu-central-1"
_BINDING = f"account: '{ACCOUNT}'\nregion: {REGION}\n"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The stage with every option, bound."""
    from stacks.platform_app import PlatformApp

    text = EVERYTHING.read_text(encoding="utf-8")
    app = PlatformApp(
        outdir=str(tmp_path_factory.mktemp("bound")), builtin_cloud_formation_validation=False
    )
    app.define([parse(_BINDING + text, config.PlatformConfig, source="everything.yaml")])
    return app.stages["everything"].synth()


def test_every_stack_is_bound(stage: Any) -> None:
    """``cdk deploy`` compares this with the credentials and refuses another account."""
    assert {stack.environment.account for stack in stage.stacks} == {ACCOUNT}
    assert {stack.environment.region for stack in stage.stacks} == {REGION}


def test_nothing_is_looked_up(stage: Any) -> None:
    """With an account at hand the CDK would ask it for zones, networks and images.

    A lookup needs credentials, and its answer is not in the repository.
    """
    manifest = json.loads((Path(stage.directory) / "manifest.json").read_text(encoding="utf-8"))

    assert "missing" not in manifest
    for stack in stage.stacks:
        text = Path(stack.template_full_path).read_text(encoding="utf-8")
        assert "dummy" not in text, stack.stack_name


def test_the_shipped_environments_are_not_bound() -> None:
    """The templates of the repository fit everybody's account."""
    for settings in config.select("all"):
        assert settings.account is None
        assert settings.region is None


def test_a_bound_template_names_its_account(stage: Any) -> None:
    """In what the CDK writes itself, such as key policies; so the shipped ones are not bound."""
    texts = [Path(stack.template_full_path).read_text(encoding="utf-8") for stack in stage.stacks]

    assert any(ACCOUNT in text for text in texts)


@pytest.mark.parametrize(
    ("binding", "place", "remedy"),
    [
        ("account: '111122223333'", "region", "set account and region"),
        ("region: eu-central-1", "region", "or neither"),
        ("account: '11112222333'\nregion: eu-central-1", "account", "12 digits"),
        ("account: 111122223333\nregion: eu-central-1", "account", "string"),
        ("account: dev\nregion: eu-central-1", "account", "12 digits"),
        ("account: '111122223333'\nregion: eu-central", "region", "eu-central-1"),
        ("account: '111122223333'\nregion: Frankfurt", "region", "eu-central-1"),
        ("account: '111122223333'\nregion: eu-central-1a", "region", "eu-central-1"),
        ("account: '111122223333'\nregion: xx-central-1", "region", "eu-central-1"),
    ],
)
def test_half_a_binding_is_refused(binding: str, place: str, remedy: str) -> None:
    """An account without a region binds nothing; a zone is no region."""
    text = EVERYTHING.read_text(encoding="utf-8")
    with pytest.raises(SettingsError) as error:
        parse(f"{binding}\n{text}", config.PlatformConfig, source="everything.yaml")
    (mistake,) = error.value.mistakes

    assert f"{place}: " in mistake
    assert remedy in mistake


@pytest.mark.parametrize(
    "region",
    ["eu-central-1", "us-gov-west-1", "cn-northwest-1", "ap-southeast-5", "eusc-de-east-1"],
)
def test_regions_of_every_partition_are_known(region: str) -> None:
    """China, GovCloud and the sovereign cloud too."""
    text = EVERYTHING.read_text(encoding="utf-8")
    settings = parse(
        f"account: '{ACCOUNT}'\nregion: {region}\n{text}",
        config.PlatformConfig,
        source="everything.yaml",
    )

    assert settings.region == region
