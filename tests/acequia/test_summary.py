"""What the terminal says of metrics can be read, whatever their size, and does not fail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console
from rich.theme import Theme

from acequia.run import changed_parameters
from acequia.summary import RunSummary, interval, metric_table, title
from pipeline_code import contract
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.metric_names import METRICS_OF
from pipeline_code.definition.lock import read_lock
from pipeline_code.local.records import SUCCEEDED, ExecutionResult
from tests.mixed_tables import mixed_usecase


def shown(evaluation: dict[str, Any]) -> str:
    """Print the table of metrics as a terminal would."""
    theme = Theme({"head": "bold", "faint": "dim"})
    console = Console(width=120, color_system=None, theme=theme)
    with console.capture() as capture:
        console.print(metric_table(evaluation))
    return capture.get()


def evaluation(champion: dict[str, Any] | None) -> dict[str, Any]:
    """A regression beside a champion."""
    metric = {"value": 51.234, "low": 49.0, "high": 53.0}
    return {"metrics": {"rmse": metric}, "champion": champion}


def test_champion_that_could_not_be_measured_is_said_to_be_so() -> None:
    """It is there, but has no metrics: neither a failure nor 'none yet'."""
    assert "not measured" in shown(evaluation({"version": 2, "metrics": None}))
    assert "none yet" in shown(evaluation(None))
    theirs = {"rmse": {"value": 60.0, "low": None, "high": None}}
    found = shown(evaluation({"version": 2, "metrics": theirs}))
    assert "champion (version 2)" in found
    assert "60.00" in found


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (15_385.2, "15,385"),
        (123.456, "123.5"),
        (51.234, "51.23"),
        (0.8674, "0.867"),
        (-0.25, "-0.250"),
        (0.0, "0.000"),
        (0.0004213, "0.000421"),
    ],
)
def test_number_has_as_many_digits_as_its_size_can_bear(value: float, text: str) -> None:
    """An error of 0.0004 must not be shown as none, nor an amount with a thousandth."""
    assert interval({"value": value}) == text


def test_every_metric_has_a_name_without_underscores() -> None:
    """They are read by people."""
    names = {title(name) for metrics in METRICS_OF.values() for name in metrics}
    assert not [name for name in names if "_" in name]
    assert {"RMSE", "R²", "AUC ROC", "f1 macro", "log loss"} <= names


@pytest.mark.parametrize(
    ("parameters", "setting"),
    [
        ({"TrainingAlgorithm": "xgboost", "TrainingMaxDepth": 6}, "training.max_depth=8"),
        ({"TrainingAlgorithm": "auto", "TrainingMaxDepth": 6}, "training.seed=1"),
        ({"TrainingAlgorithm": "xgboost"}, "training.seed=1"),
        ({}, "training.seed=1"),
    ],
)
def test_what_is_proposed_can_be_typed(parameters: dict[str, Any], setting: str) -> None:
    """What is tuned, or not read, is no parameter of the pipeline."""
    result = ExecutionResult("e", "fraud", SUCCEEDED, "", (), parameters=parameters)
    commands = [command for command, _ in RunSummary(result, None, None, None).next_commands]

    assert commands[-1].endswith(f"run --set {setting}")


def test_a_setting_that_the_pipeline_lacks_is_refused() -> None:
    """Before anything runs, with those that there are."""
    fraud = read_lock(contract.usecase_folder("fraud"))
    lock = replace(fraud, definition={"Parameters": [{"Name": "TrainingEpochs"}], "Steps": []})
    usecase = mixed_usecase("multiclass", algorithm="aws:linear-learner")

    assert changed_parameters(usecase, lock, ["training.epochs=3"]) == {"TrainingEpochs": "3"}
    with pytest.raises(SettingsError, match=r"training.max_depth: cannot be changed .*epochs"):
        changed_parameters(usecase, lock, ["training.max_depth=3"])
