"""Synthesis is a pure function of the repository: same files in, same bytes out."""

from __future__ import annotations

import gc
import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import config

ROOT = Path(__file__).parents[1]
CDK = ROOT / "node_modules" / ".bin" / "cdk"


def _environment(home: Path, **extra: str) -> dict[str, str]:
    """Return an environment with no credentials, no settings and no way to the network."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "AWS_EC2_METADATA_DISABLED": "true",
        **extra,
    }


def _start(home: Path, command: list[str], **extra: str) -> subprocess.Popen[bytes]:
    home.mkdir()
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=_environment(home, **extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _templates(contents: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in contents.items() if name.endswith(".template.json")}


def _by_environment(contents: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return the files of each environment, without those of the app around them."""
    found: dict[str, dict[str, str]] = {}
    for name, text in contents.items():
        folder, _, file = name.partition("/")
        if file:
            found.setdefault(folder.rpartition("-")[2], {})[file] = text
    return found


def test_synths_are_byte_identical(tmp_path: Path, platform_app: Any) -> None:
    """No clock, no random id and no order of a set gets into a template, of any environment.

    Three processes: ``app.py``, the tests' synthesis with the environment of every option, and
    the one that runs this test. The first two have no credentials, network, Docker and home
    directory, lie in other places, have other hash seeds and time zones, and leave nothing in
    the repository.
    """
    before = {path.name for path in ROOT.iterdir()}
    first, second = tmp_path / "first", tmp_path / "second"
    processes = [
        _start(
            tmp_path / "home-1",
            ["app.py"],
            CDK_OUTDIR=str(first),
            CDK_CONTEXT_JSON=json.dumps({"environment": "all"}),
            PYTHONHASHSEED="1",
            TZ="UTC",
        ),
        _start(
            tmp_path / "home-2",
            ["-m", "tests.synthesis", str(second)],
            PYTHONHASHSEED="2",
            TZ="Asia/Tokyo",
        ),
    ]
    for process in processes:
        _, errors = process.communicate(timeout=240)
        assert process.returncode == 0, errors.decode()

    ours = _contents(Path(platform_app.outdir))
    deployed, complete = _by_environment(_contents(first)), _by_environment(_contents(second))
    assert deployed.keys() == {*config.ENVIRONMENTS, config.DELIVERY}
    assert all(_templates(files) for files in deployed.values())
    assert {name: complete[name] for name in deployed} == deployed
    assert _contents(second) == ours
    assert {path.name for path in ROOT.iterdir()} <= before | {".pytest_cache"}


def test_an_unknown_environment_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slip in ``-c environment=`` gets the allowed words, not a stack trace."""
    # The context of the CDK's command line is read by Node.js, which runs already.
    monkeypatch.setattr(config, "select", lambda *_: config.load("stagging"))
    try:
        with pytest.raises(SystemExit, match="did you mean 'staging'"):
            runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
    finally:
        gc.enable()


@pytest.mark.skipif(not CDK.exists(), reason="the CDK's command line is not installed (npm ci)")
def test_the_command_line_writes_the_same_and_finds_no_fault(
    tmp_path: Path, templates: dict[str, dict[str, dict[str, Any]]]
) -> None:
    """``cdk synth`` and ``python app.py`` agree for all environments.

    This is the run in which the CDK validates every template against the schemas of
    CloudFormation: a finding fails it (`validateAgainstDefaultRules`).
    """
    output = tmp_path / "cdk.out"
    command = [str(CDK), "synth", "--quiet", "--context", "environment=all"]
    command += ["--app", f"{sys.executable} app.py", "--output", str(output), "--no-notices"]
    result = subprocess.run(
        command,
        cwd=ROOT,
        env=_environment(tmp_path, CDK_DISABLE_CLI_TELEMETRY="true"),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout + result.stderr

    report = json.loads((output / "validation-report.json").read_text(encoding="utf-8"))
    written = sorted(
        json.dumps(json.loads(text), sort_keys=True)
        for text in _templates(_contents(output)).values()
    )
    expected = sorted(
        json.dumps(template, sort_keys=True)
        for environment in (*config.ENVIRONMENTS, config.DELIVERY)
        for template in templates[environment].values()
    )
    assert written == expected
    assert report["pluginReports"] == []


def test_the_validation_would_find_a_fault(tmp_path: Path) -> None:
    """A value that CloudFormation does not know gets into the report that must be empty above."""
    from aws_cdk import Stack
    from aws_cdk import aws_s3 as s3

    from stacks.platform_app import PlatformApp

    app = PlatformApp(outdir=str(tmp_path))
    bucket = s3.CfnBucket(Stack(app, "Careless"), "Bucket")
    bucket.add_property_override("VersioningConfiguration.Status", "Sometimes")
    app.synth()
    report = json.loads((tmp_path / "validation-report.json").read_text(encoding="utf-8"))

    assert "Sometimes" in json.dumps(report["pluginReports"])
