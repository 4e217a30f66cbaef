"""Rows are held out as the split of the use case holds them out: no look ahead, no torn group."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.core.errors import MissingColumnsError
from pipeline_code.core.texts import Texts
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.train_folds import FOLDS, divide, fold_keys
from tests.mixed_tables import mixed_usecase


def usecase(method: str) -> UseCase:
    """Make a use case that is split by ``method``."""
    document = mixed_usecase("binary").model_dump(exclude_unset=True)
    split: dict[str, Any] = {"method": method}
    if method == "time":
        split["event_time"] = "at"
    if method == "grouped":
        split["group"] = "shop_id"
    return UseCase.model_validate({**document, "split": split})


@given(st.integers(10, 60), st.integers(0, 5))
def test_every_row_is_held_out_once_and_folds_resemble_each_other(rows: int, seed: int) -> None:
    """A rare class is in every fold that it can be in."""
    target = np.arange(rows) % 10 == 0
    target[:2] = [True, False]
    folds = divide(target, None, usecase("random").with_settings({"training.seed": str(seed)}))
    held_out = np.concatenate([one.held_out for one in folds])
    assert sorted(held_out.tolist()) == list(range(rows)) or len(folds) < FOLDS
    for one in folds:
        assert not set(one.fit) & set(one.held_out)
    positives = [int(target[one.held_out].sum()) for one in folds]
    assert max(positives) - min(positives) <= 1


def test_a_group_is_never_on_both_sides() -> None:
    """Rows of one shop know each other's target."""
    generator = np.random.default_rng(0)
    keys = generator.integers(0, 12, 300)
    folds = divide(generator.random(300) < 0.5, keys, usecase("grouped"))
    assert len(folds) == FOLDS
    for one in folds:
        assert not set(keys[one.fit]) & set(keys[one.held_out])
    sizes = [len(one.held_out) for one in folds]
    assert max(sizes) < 2 * min(sizes)


def test_nothing_is_learned_from_what_came_later() -> None:
    """Rows of one moment are on one side, too."""
    keys = np.random.default_rng(0).permutation(np.repeat(np.arange(40), 5))
    folds = divide(np.arange(200) % 2 == 0, keys, usecase("time"))
    assert len(folds) == 4
    for one in folds:
        assert keys[one.fit].max() < keys[one.held_out].min()


def test_same_seed_gives_the_same_folds() -> None:
    """And another seed others."""
    target = np.arange(50) % 2 == 0

    def drawn(seed: int) -> list[list[int]]:
        settings = {"training.seed": str(seed)}
        return [
            one.held_out.tolist()
            for one in divide(target, None, usecase("random").with_settings(settings))
        ]

    assert drawn(1) == drawn(1) != drawn(2)


@pytest.mark.parametrize("method", ["random", "time", "grouped"])
def test_folds_without_two_targets_to_learn_from_are_left_out(method: str) -> None:
    """One positive row is held out or learned from, not both."""
    target = np.arange(12) == 11
    folds = divide(target, np.arange(12), usecase(method))
    for one in folds:
        assert len(one.held_out)
        assert len(set(target[one.fit])) == 2
    assert divide(target[:1], np.arange(1), usecase(method)) == []


def test_keys_run_over_both_parts() -> None:
    """A shop of the training rows is the same shop in the validation rows; times are in order."""
    shops = np.array(["b", None, "a"], dtype=object)
    coded = Texts(np.array([0, 1], dtype=np.int32), ("a", "c"))
    parts = [({"shop_id": shops}, "train"), ({"shop_id": coded}, "validation")]
    found = fold_keys(parts, usecase("grouped"))
    assert found is not None
    assert found.tolist() == [2, 0, 1, 1, 3]

    days = np.array(["2026-02-01", "2026-01-01"], dtype="M8[us]")
    found = fold_keys([({"at": days}, "train"), ({"at": days[:1]}, "v")], usecase("time"))
    assert found is not None
    assert found.tolist() == [1, 0, 1]
    assert fold_keys(parts, usecase("random")) is None
    with pytest.raises(MissingColumnsError, match="validation lacks shop_id"):
        fold_keys([parts[0], ({}, "validation")], usecase("grouped"))


@pytest.mark.parametrize("method", ["random", "time", "grouped"])
@pytest.mark.parametrize("count", [2, 3, 5, 10])
def test_rows_are_divided_into_as_many_folds_as_are_asked_for(method: str, count: int) -> None:
    """By time the first blocks are only learned from."""
    keys = None if method == "random" else np.arange(200) // 2
    folds = divide(np.arange(200) % 3 == 0, keys, usecase(method), count=count)
    assert len(folds) == (max(count - 1, 1) if method == "time" else count)
