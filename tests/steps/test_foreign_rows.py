"""Rows for another image: numbers only, the target first, every row once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline_code.core.tables import read_columns
from pipeline_code.steps.foreign_rows import FewRowsError, write_parts
from tests.foreign_tables import foreign_rows
from tests.mixed_tables import PROBLEMS


def _parquet(folder: Path) -> np.ndarray:
    parts = [read_columns(path) for path in sorted(folder.iterdir())]
    return np.vstack([np.column_stack(list(part.values())) for part in parts])


def _csv(folder: Path) -> np.ndarray:
    parts = [np.loadtxt(path, delimiter=",", ndmin=2) for path in sorted(folder.iterdir())]
    return np.vstack(parts)


def _sorted(table: np.ndarray) -> np.ndarray:
    filled = np.where(np.isnan(table), -1e9, table)
    return filled[np.lexsort(filled.T)]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_codes_are_the_rows_that_our_own_algorithms_see(problem: str, tmp_path: Path) -> None:
    """The booster that comes back is asked with these very numbers."""
    rows = foreign_rows(problem, "aws:xgboost")
    told = write_parts(rows, tmp_path / "train", tmp_path / "validation")

    for name, sample in (("train", rows.training), ("validation", rows.validation)):
        expected = np.hstack([sample.y[:, None].astype(np.float32), sample.x])
        assert np.array_equal(_sorted(_parquet(tmp_path / name)), _sorted(expected))
    assert told == {"train": 400, "validation": 200, "columns": rows.training.x.shape[1]}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_columns_have_no_gap_and_one_size(problem: str, tmp_path: Path) -> None:
    """Gradients of a column in the thousands would drown the others."""
    rows = foreign_rows(problem, "aws:linear-learner")
    told = write_parts(rows, tmp_path / "train", tmp_path / "validation")
    table = _csv(tmp_path / "train")

    assert np.isfinite(table).all()
    assert table.shape == (400, 1 + told["columns"])
    assert told["columns"] == rows.design.width
    assert np.abs(table[:, 1:]).max() < 20
    if problem == "regression":
        assert abs(table[:, 0].mean()) < 1e-5
        assert abs(table[:, 0].std() - 1) < 1e-5
    else:
        assert set(table[:, 0]) == set(rows.training.y.astype(float))


def test_rows_are_shuffled_alike_each_time(tmp_path: Path) -> None:
    """By the seed: the step cache and `reproduce` compare bytes."""
    rows = foreign_rows("binary", "aws:xgboost", seed=3)
    for name in ("one", "two"):
        write_parts(rows, tmp_path / name, tmp_path / f"{name}-validation")
    (one,), (two,) = (sorted((tmp_path / name).iterdir()) for name in ("one", "two"))

    assert one.read_bytes() == two.read_bytes()
    assert not np.array_equal(_parquet(tmp_path / "one")[:, 1:], rows.training.x, equal_nan=True)


def test_each_host_gets_a_file(tmp_path: Path) -> None:
    """Of nearly the same size, and together they are all rows."""
    rows = foreign_rows("binary", "aws:xgboost")
    write_parts(rows, tmp_path / "train", tmp_path / "validation", files=3)
    sizes = [len(read_columns(path)["c00000"]) for path in sorted((tmp_path / "train").iterdir())]

    assert sizes == [134, 133, 133]


def test_too_few_rows_for_a_batch_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The image would fail after minutes, with a sentence about batches."""
    monkeypatch.setattr("pipeline_code.steps.foreign_rows.FEWEST_ROWS", 401)
    with pytest.raises(FewRowsError, match=r"aws:linear-learner learns from 401 rows.*are 400"):
        foreign_rows("binary", "aws:linear-learner")
