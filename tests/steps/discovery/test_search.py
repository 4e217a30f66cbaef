"""What is proposed for tuning can be run, and costs no more than the table is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from pipeline_code.core.tuning_rules import TUNED_WITH_AUTO
from pipeline_code.core.usecase import USECASE_FILE, load_usecase
from pipeline_code.steps.discovery import search
from pipeline_code.steps.discovery.search import folds_of, tuning_lines
from pipeline_code.steps.discovery.usecase_yaml import write_usecase
from tests.steps.discovery.conftest import Discover, labels

ROWS = 600
COLUMNS: dict[str, list[Any]] = {
    "size": np.random.default_rng(0).normal(size=ROWS).round(3).tolist(),
    "churn": labels(ROWS),
}


def test_trials_become_a_section_that_a_run_takes(found: Discover, tmp_path: Path) -> None:
    """With a reason at every line, and judged on more than one small part."""
    text = write_usecase(found(COLUMNS, target="churn"), "customers", 12)
    (tmp_path / USECASE_FILE).write_text(text, encoding="utf-8")
    usecase = load_usecase(tmp_path)
    assert usecase.tuning is not None
    assert (usecase.tuning.trials, usecase.tuning.strategy) == (12, "bayesian")
    assert set(usecase.tuning.ranges) <= set(TUNED_WITH_AUTO)
    assert (usecase.training.algorithm, usecase.training.folds) == ("auto", 5)
    ranges = [one for one in text.splitlines() if "low:" in one]
    assert len(ranges) == len(usecase.tuning.ranges)
    assert all("  # " in one for one in ranges)


def test_without_trials_nothing_is_searched(found: Discover) -> None:
    """Who did not ask for it trains once."""
    text = write_usecase(found(COLUMNS, target="churn"), "customers")
    assert "tuning:" not in text
    assert "folds:" not in text


def test_larger_tables_are_divided_less_often(
    found: Discover, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty trials end in minutes, whatever the size."""
    table = found(COLUMNS, target="churn")
    assert folds_of(table)[0] == 5
    monkeypatch.setattr(search, "_FEW_CELLS_TO_FIT", ROWS)
    assert folds_of(table)[0] == 3
    monkeypatch.setattr(search, "_MANY_ROWS", ROWS - 1)
    assert folds_of(table)[0] == 0


def test_ends_are_in_order_on_their_scale() -> None:
    """The section is YAML by itself."""
    ranges = yaml.safe_load("\n".join(tuning_lines(30)))["tuning"]["ranges"]
    for name, ends in ranges.items():
        assert ends["low"] < ends["high"], name
