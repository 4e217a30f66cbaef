"""The locks of a use case that trains in other images; compiled once, for the SDK is slow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from pipeline_code import contract
from tests.compiled import write_locks, write_usecases
from tests.foreign_tables import ALGORITHMS, IMAGE

FOLDERS = {**{name: name.replace(":", "-") for name in ALGORITHMS}, IMAGE: "image"}


def compile_foreign(root: Path) -> dict[str, Path]:
    """Write the wine case once for each image; return the folders by the algorithm."""
    text = (contract.usecase_folder("wine") / "usecase.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.safe_load(text)
    folders = write_usecases(
        root,
        {
            name: document
            | {
                "name": name,
                "training": {"algorithm": algorithm, "seed": 3, "early_stopping_rounds": 10},
                "instances": {"training_count": 3 if algorithm == "aws:xgboost" else 1},
            }
            for algorithm, name in FOLDERS.items()
        },
    )
    write_locks(folders)
    return {algorithm: folders[name] for algorithm, name in FOLDERS.items()}
