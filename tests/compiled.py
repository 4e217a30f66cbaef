"""Use cases compiled in a process of their own, for the SDK is slow and sets the environment."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_COMPILE = """
import json, sys
from pathlib import Path
from pipeline_code.definition.compile import compile_usecase, write_locks
folders = [Path(one) for one in sys.argv[2:]]
if sys.argv[1] == "write":
    print(json.dumps([write_locks(one) and None for one in folders]))
else:
    print(json.dumps([compile_usecase(one) for one in folders]))
"""
_VALUES = {
    "keys": "arn:aws:kms:eu-west-1:111122223333:key/x",
    "roles": "arn:aws:iam::111122223333:role/Job",
    "buckets": "some-bucket",
    "feature_groups": "customers-v1",
    "network.subnets": "subnet-0",
    "network.security_groups": "sg-0",
    "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/jobs:1",
    "images.algorithm": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/other:1",
    "model_package_group": "fraud",
}


def write_usecases(root: Path, documents: Mapping[str, Mapping[str, Any]]) -> dict[str, Path]:
    """Write each use case into a folder of its name below ``root``; JSON is YAML, too."""
    for name, document in documents.items():
        (root / name).mkdir()
        (root / name / "usecase.yaml").write_text(json.dumps(document), encoding="utf-8")
    return {name: root / name for name in documents}


def compiled(folders: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
    """Return the definition of the training pipeline of each use case."""
    locks = _run("return", folders)
    return {name: lock["definition"] for name, lock in zip(folders, locks, strict=True)}


def write_locks(folders: Mapping[str, Path]) -> None:
    """Write the locks of each use case beside it."""
    _run("write", folders)


def filled(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Put something that AWS would take in place of each placeholder."""
    text = re.sub(
        r"\{\{([a-z_]+)(\.[a-z_]+)?\}\}",
        lambda found: _VALUES.get(found[1]) or _VALUES[f"{found[1]}{found[2]}"],
        json.dumps(definition),
    )
    document: dict[str, Any] = json.loads(text)
    return document


def _run(what: str, folders: Mapping[str, Path]) -> list[Any]:
    command = [sys.executable, "-W", "ignore", "-c", _COMPILE, what, *map(str, folders.values())]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-2000:]
    found: list[Any] = json.loads(result.stdout)
    return found
