"""The app: the same context, and so the same templates, whoever runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import config
from stacks.platform_app import CDK_JSON, PlatformApp


def test_feature_flags_hold_without_the_command_line(platform_app: Any) -> None:
    """Only the CDK's command line reads cdk.json: without it templates would differ."""
    flags = json.loads(CDK_JSON.read_text(encoding="utf-8"))["context"]

    for name, value in flags.items():
        assert platform_app.node.try_get_context(name) == value, name


def test_usage_reporting_adds_nothing_to_templates(tmp_path: Path) -> None:
    """Its resource would come with conditions that list every region by name."""
    app = PlatformApp(
        outdir=str(tmp_path),
        builtin_cloud_formation_validation=False,
        post_cli_context={"aws:cdk:version-reporting": True},
    )
    app.define(config.select("dev"))
    app.synth()
    text = "".join(path.read_text() for path in tmp_path.rglob("*.template.json"))

    assert "AWS::KMS::Key" in text
    assert "CDKMetadata" not in text
