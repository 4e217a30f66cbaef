"""Tuning that could not work is refused where the use case is read, with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline_code.core.errors import SettingsError
from pipeline_code.core.tuning_rules import TUNED_WITH_AUTO
from pipeline_code.core.usecase import UseCase, load_usecase
from pipeline_code.steps.train_candidates import candidates_of
from tests.mixed_tables import mixed_usecase


def written(folder: Path, training: dict[str, Any], tuning: dict[str, Any]) -> UseCase:
    """Write a use case with such a training and tuning, and load it as a run does."""
    document = mixed_usecase("binary").model_dump(mode="json", exclude_unset=True)
    document |= {"training": training, "tuning": tuning}
    (folder / "usecase.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    return load_usecase(folder)


def test_auto_finds_the_length_of_a_training_by_itself(tmp_path: Path) -> None:
    """A trial that varies it would vary nothing; the message says in which line it stands."""
    tuning = {"ranges": {"n_estimators": {"low": 10, "high": 100}}}
    with pytest.raises(SettingsError) as refused:
        written(tmp_path, {"algorithm": "auto"}, tuning)
    lines = (tmp_path / "usecase.yaml").read_text().splitlines()
    number = next(place for place, one in enumerate(lines, 1) if "n_estimators" in one)
    assert f"line {number}: tuning.ranges.n_estimators" in str(refused.value)
    assert "which the algorithm auto finds by itself" in str(refused.value)


@pytest.mark.parametrize("training", [{"algorithm": "auto"}, {"algorithm": "xgboost", "folds": 5}])
def test_hyperband_needs_something_to_end_a_trial_by(
    tmp_path: Path, training: dict[str, Any]
) -> None:
    """Folds are measured when all of them are done; SageMaker would wait in vain."""
    tuning = {"strategy": "hyperband", "ranges": {"max_depth": {"low": 2, "high": 8}}}
    with pytest.raises(SettingsError, match="nothing is measured before the end"):
        written(tmp_path, training, tuning)
    written(tmp_path, {"algorithm": "xgboost"}, tuning)


def test_folds_are_none_or_at_least_two_and_no_hyperparameter(tmp_path: Path) -> None:
    """Trials that are judged in different ways cannot be compared."""
    ranges = {"max_depth": {"low": 2, "high": 8}}
    with pytest.raises(SettingsError, match="1 leaves nothing to learn from; allowed: 0, or 2"):
        written(tmp_path, {"folds": 1}, {"ranges": ranges})
    with pytest.raises(SettingsError, match="tunes 'folds'"):
        written(tmp_path, {}, {"ranges": {"folds": {"values": [3, 5]}}})
    assert written(tmp_path, {"folds": 2}, {"ranges": ranges}).training.folds == 2


def test_what_is_tunable_with_auto_reaches_a_candidate() -> None:
    """A range that nobody reads would make all trials the same."""
    document = mixed_usecase("binary", algorithm="auto").model_dump(exclude_unset=True)
    for name in TUNED_WITH_AUTO:
        tuning = {"ranges": {name: {"values": [1, 7]}}}
        usecase = UseCase.model_validate({**document, "tuning": tuning})
        value = 7 if isinstance(getattr(usecase.training, name), int) else 0.125
        changed = usecase.with_settings({f"training.{name}": str(value)})
        listed = candidates_of(changed, 500, 5_000)
        assert value in [one.settings.get(name) for one in listed], name
