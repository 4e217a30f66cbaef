"""The image's recipe holds together, as far as that shows without building it."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import stat
import tomllib
from pathlib import Path

import pytest

from pipeline_code import contract

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "pipeline_code" / "container"


@pytest.fixture(scope="module")
def instructions() -> list[list[str]]:
    """The instructions of the Dockerfile, continued lines joined, without comments."""
    lines = (FOLDER / "Dockerfile").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#"))
    joined = text.replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in joined if line.strip()]


def test_everything_that_is_copied_is_there(instructions: list[list[str]]) -> None:
    """A renamed file breaks here and not in the delivery pipeline."""
    sources = [
        source
        for name, *rest in instructions
        if name == "COPY"
        for source in [word for word in rest if not word.startswith("--")][:-1]
    ]
    assert len(sources) == 4
    for source in sources:
        assert (ROOT / source).exists(), source


def test_base_is_a_version_that_the_code_supports(instructions: list[list[str]]) -> None:
    """`latest` would be another Python one day; an unsupported one would fail at a customer's."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (base,) = (rest[0] for name, *rest in instructions if name == "ARG")
    version = re.fullmatch(r"BASE=python:(3\.\d+)-slim-[a-z]+", base)
    assert version is not None
    assert f">={version[1]}" in settings["project"]["requires-python"]
    assert ["FROM", "${BASE}"] in instructions


def test_packages_are_installed_by_hash(instructions: list[list[str]]) -> None:
    """A package that was exchanged on its way stops the build, and nothing is compiled."""
    (install,) = (rest for rest in instructions if "pip" in rest)
    for option in ("--require-hashes", "--only-binary"):
        assert option in install
    text = (FOLDER / "requirements.txt").read_text(encoding="utf-8")
    pinned = re.findall(r"^([a-z0-9-]+)==\S+(?: ;[^\\]+)? \\\n +--hash=", text, re.MULTILINE)
    named = re.findall(r"^([a-z0-9-]+)", text, re.MULTILINE)
    assert pinned == named
    assert {"xgboost-cpu", "uvicorn", "duckdb"} <= set(pinned)


def test_serve_is_the_server_without_root(instructions: list[list[str]]) -> None:
    """`docker run IMAGE serve` runs our server, on SageMaker's port, as the image's user."""
    script = FOLDER / "serve"
    lines = script.read_text(encoding="utf-8").splitlines()
    command = shlex.split(lines[-1])
    (user,) = (rest[-1] for name, *rest in instructions if "useradd" in rest)

    assert lines[0] == "#!/bin/sh"
    assert command[:3] == ["exec", "python", "-m"], "exec passes SIGTERM on"
    assert importlib.util.find_spec(command[3]) is not None
    assert command[4:] == ["--host", "0.0.0.0", "--port", "8080", "--user", user, "$@"]  # noqa: S104
    assert script.stat().st_mode & stat.S_IXUSR
    assert any(rest[-1] == "/usr/local/bin/serve" for name, *rest in instructions if name == "COPY")
    assert not any(name == "ENTRYPOINT" for name, *_ in instructions), "`serve` is the command"


def test_train_is_what_the_training_step_runs(instructions: list[list[str]]) -> None:
    """The jobs of a tuning cannot name a command: SageMaker runs `docker run IMAGE train`."""
    script = FOLDER / "train"
    lines = script.read_text(encoding="utf-8").splitlines()
    command = shlex.split(lines[-1])

    assert lines[0] == "#!/bin/sh"
    assert command == ["exec", *contract.job_command(contract.TRAIN), "$@"]
    assert script.stat().st_mode & stat.S_IXUSR
    assert any(rest[-1] == "/usr/local/bin/train" for name, *rest in instructions if name == "COPY")


def test_image_has_no_folder_of_its_own_under_opt_ml(instructions: list[list[str]]) -> None:
    """SageMaker mounts its folders over ``/opt/ml``: what the image puts there disappears."""
    assert not any(contract.ML_ROOT + "/" in word for words in instructions for word in words)


def test_build_context_holds_the_code_and_nothing_else() -> None:
    """No data, key or history of the checkout travels to the build."""
    lines = (FOLDER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines == ["*", "!pipeline_code", "**/__pycache__"]
    assert os.access(FOLDER / "serve", os.X_OK)
