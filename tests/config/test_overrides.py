"""What delivery has built or chosen replaces the settings for one deployment, or is refused."""

from __future__ import annotations

from typing import Any

import pytest

import config
from config.schema import PlatformConfig
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.mistakes import parse

DIGEST = f"sha256:{'ab' * 32}"


def test_the_context_replaces_the_settings() -> None:
    """The very image and version go out, whatever the file says."""
    changes = config.overrides({"image-digest": DIGEST, "model-version": "7"}.get)
    (settings,) = config.select("staging", changes)

    assert settings.images.digest == DIGEST
    assert settings.serving.model_version == 7
    (before,) = config.select("staging")
    assert settings.images.keep_count == before.images.keep_count


def test_an_empty_context_changes_nothing() -> None:
    """A person's synthesis is that of the files."""
    assert config.overrides({}.get) == {}
    assert config.select("dev", {}) == config.select("dev")


def test_the_result_is_validated_as_a_whole() -> None:
    """A schedule needs an image: one from the context counts."""
    text = """
environment: dev
usecase: fraud
protected: false
tags: {data_classification: internal, owner_team: somebody, cost_center: none}
training:
  schedule:
    enabled: true
"""
    with pytest.raises(SettingsError, match=r"images\.digest, which is not set"):
        parse(text, PlatformConfig, source="x.yaml")
    settings = parse(text, PlatformConfig, source="x.yaml", changes={"images.digest": DIGEST})
    assert settings.images.digest == DIGEST


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("image-digest", ""),
        ("image-digest", "latest"),
        ("image-digest", "sha256:abc"),
        ("image-digest", DIGEST.upper()),
        ("image-digest", f"{DIGEST}\n"),
        ("image-digest", f"repository@{DIGEST}"),
        ("image-digest", 5),
        ("model-version", ""),
        ("model-version", "0"),
        ("model-version", "-1"),
        ("model-version", "01"),
        ("model-version", "1.0"),
        ("model-version", " 1"),
        ("model-version", "1_0"),
        ("model-version", "\u0661"),
        ("model-version", "none"),
        ("model-version", "9" * 30),
        ("model-version", {"a": 1}),
    ],
)
def test_a_malformed_value_is_refused_in_one_line(name: str, given: Any) -> None:
    """A variable that was empty or cut must not deploy something else."""
    with pytest.raises(SettingsError) as error:
        config.overrides({name: given}.get)
    (mistake,) = error.value.mistakes
    assert mistake.startswith(f"{name}: ")
    assert "\n" not in mistake


def test_all_mistakes_are_told_at_once() -> None:
    """One run tells everything."""
    with pytest.raises(SettingsError) as error:
        config.overrides({"image-digest": "x", "model-version": "y"}.get)
    assert len(error.value.mistakes) == 2


def test_a_change_is_for_one_environment() -> None:
    """Version 3 of staging's registry is another model than version 3 of prod's."""
    with pytest.raises(SettingsError, match="one environment only"):
        config.select("all", {"serving.model_version": 3})


def test_a_broken_file_is_still_told(tmp_path: Any) -> None:
    """A change does not paper over a section that is no mapping."""
    text = """
environment: dev
usecase: fraud
protected: false
tags: {data_classification: internal, owner_team: somebody, cost_center: none}
serving: 5
"""
    with pytest.raises(SettingsError, match="serving"):
        parse(text, PlatformConfig, source="x.yaml", changes={"serving.model_version": 3})
