"""Training jobs as processes, each in a container's folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from pipeline_code import contract
from pipeline_code.core.tables import write_columns

PROJECT = Path(__file__).parent.parent.parent


class TrainingJob:
    """One container: its channels, what it is told, and its process."""

    def __init__(
        self,
        root: Path,
        make_rows: Callable[..., Any],
        document: dict[str, Any],
        *,
        rows: int = 3_000,
        hosts: dict[str, Any] | None = None,
    ) -> None:
        self.root = root / "ml"
        self.usecases = root / "usecases"
        name = document["name"]
        (self.usecases / name).mkdir(parents=True)
        text = yaml.safe_dump(document)
        (self.usecases / name / "usecase.yaml").write_text(text, encoding="utf-8")
        channels = self.root / contract.TRAINING_INPUT
        write_columns(channels / "train" / contract.TRAIN_FILE, make_rows(rows))
        held_out = make_rows(rows // 3, seed=1)
        write_columns(channels / "validation" / contract.VALIDATION_FILE, held_out)
        self._write(contract.HYPERPARAMETERS_FILE, {"usecase": name})
        if hosts is not None:
            self._write(contract.RESOURCES_FILE, hosts)

    def start(self) -> subprocess.Popen[str]:
        """Start the job as the image would."""
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(PROJECT),
            contract.ML_ROOT_VARIABLE: str(self.root),
            contract.USECASES_VARIABLE: str(self.usecases),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline_code.entrypoints.train"],
            cwd=self.root,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def finish(self) -> str:
        """Run the job to its end, which must be a good one, and return what it printed."""
        process = self.start()
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0, said
        return said

    @property
    def weights(self) -> bytes:
        """The model's trees."""
        return (self.root / "model/model.ubj").read_bytes()

    @property
    def states(self) -> list[Path]:
        """The states that are kept."""
        return sorted((self.root / contract.CHECKPOINTS).glob("*/*.state"))

    def _write(self, name: str, document: dict[str, Any]) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document), encoding="utf-8")
