"""A lock is written only for algorithms that train alike in the cloud and on a laptop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline_code.definition import compile as compiling
from pipeline_code.definition.compile import UnsupportedAlgorithmError, compile_usecase
from tests.mixed_tables import mixed_usecase


def folder_of(tmp_path: Path, algorithm: str, **more: Any) -> Path:
    """Write a use case that names an algorithm."""
    document = mixed_usecase("binary", algorithm=algorithm).model_dump(
        mode="json", exclude_unset=True
    )
    (tmp_path / "usecase.yaml").write_text(yaml.safe_dump({**document, **more}), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("algorithm", "says"),
    [
        ("aws:xgboost", "is an image of AWS.*; xgboost trains the same"),
        ("aws:linear-learner", "is an image of AWS.*; linear trains the same"),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:1", "is an image, .*sklearn:MODULE"),
    ],
)
def test_images_of_others_are_refused_before_anything_runs(
    algorithm: str, says: str, tmp_path: Path
) -> None:
    """Their models could be trained, but neither measured nor served."""
    with pytest.raises(UnsupportedAlgorithmError, match=says):
        compile_usecase(folder_of(tmp_path, algorithm))


@pytest.mark.parametrize("algorithm", ["auto", "torch", "sklearn:sklearn.svm.SVC"])
def test_algorithms_of_ours_pass(
    algorithm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What this image trains, it measures and serves."""
    monkeypatch.setattr(compiling, "_definition", lambda *_: {})  # seconds of the SDK
    assert compile_usecase(folder_of(tmp_path, algorithm))["usecase"] == "mixed"
