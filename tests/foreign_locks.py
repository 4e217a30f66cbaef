"""The locks of a use case that trains in other images; compiled once, for the SDK is slow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from pipeline_code import contract
from tests.foreign_tables import ALGORITHMS, IMAGE

_COMPILE = (
    "import sys; from pathlib import Path; "
    "from pipeline_code.definition.compile import write_locks; "
    "[write_locks(Path(one)) for one in sys.argv[1:]]"
)
FOLDERS = {**{name: name.replace(":", "-") for name in ALGORITHMS}, IMAGE: "image"}


def compile_foreign(root: Path) -> dict[str, Path]:
    """Write the wine case once for each image; return the folders by the algorithm."""
    text = (contract.usecase_folder("wine") / "usecase.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.safe_load(text)
    found = {}
    for algorithm, name in FOLDERS.items():
        folder = root / name
        folder.mkdir()
        training = {"algorithm": algorithm, "seed": 3, "early_stopping_rounds": 10}
        hosts = {"instances": {"training_count": 3}} if algorithm == "aws:xgboost" else {}
        described = json.dumps({**document, "name": name, "training": training, **hosts})
        (folder / "usecase.yaml").write_text(described, encoding="utf-8")
        found[algorithm] = folder
    command = [sys.executable, "-W", "ignore", "-c", _COMPILE, *map(str, found.values())]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-2000:]
    return found
