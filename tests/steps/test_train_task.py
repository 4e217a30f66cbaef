"""What every algorithm is given: encoded rows, weights of classes, a description of itself."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline_code.core.encoding import TextColumnError
from pipeline_code.core.errors import MissingColumnsError
from pipeline_code.steps.train_task import (
    Sample,
    Task,
    describe,
    fit_encoding,
    joined,
    read_sample,
    row_weights,
)
from tests.mixed_tables import INPUTS, PROBLEMS, mixed_rows, mixed_usecase


def test_only_texts_are_encoded_and_rare_ones_are_not_known() -> None:
    """A flag is a number; of 300 rows a category needs three."""
    rows = mixed_rows("binary")
    rows["shop"][:2] = "once or twice"
    found = fit_encoding(rows, mixed_usecase("binary"), "train.parquet")
    assert list(found) == ["kind", "shop"]
    assert found["kind"] == ("a", "b", "c")
    assert "once or twice" not in found["shop"]


def test_at_most_so_many_categories_are_known() -> None:
    """A column of identifiers does not become thousands of columns."""
    usecase = mixed_usecase("binary").with_settings({"features.categories": "5"})
    assert len(fit_encoding(mixed_rows("binary"), usecase, "train.parquet")["shop"]) == 5


def test_free_text_and_missing_features_are_refused() -> None:
    """Before anything is trained, by name."""
    rows = mixed_rows("binary")
    notes = np.array([f"text number {one} of many words" for one in range(300)], dtype=object)
    with pytest.raises(TextColumnError, match="shop is free text"):
        fit_encoding({**rows, "shop": notes}, mixed_usecase("binary"), "train.parquet")
    del rows["kind"]
    with pytest.raises(MissingColumnsError, match=r"train\.parquet lacks kind"):
        fit_encoding(rows, mixed_usecase("binary"), "train.parquet")


def test_samples_are_selected_and_joined_by_rows() -> None:
    """Features and target stay side by side."""
    usecase = mixed_usecase("regression")
    rows = mixed_rows("regression")
    sample = read_sample(rows, usecase, fit_encoding(rows, usecase, "rows"), "rows")
    both = joined(sample[:100], sample[100:])
    np.testing.assert_array_equal(both.x, sample.x)
    np.testing.assert_array_equal(both.y, sample.y)
    assert len(both) == 300
    assert both.varies
    assert not both[:1].varies


@pytest.mark.parametrize(("problem", "classes"), [("binary", 2), ("multiclass", 3)])
def test_balanced_classes_weigh_the_same_together(problem: str, classes: int) -> None:
    """A rare class counts as much as a frequent one, and the rows as many as they are."""
    task = Task(mixed_usecase(problem, class_weight="balanced"), {})
    y = np.array([0, 0, 0, 1]).astype(bool if problem == "binary" else np.int64)
    weights = row_weights(Sample(np.zeros((4, 5), np.float32), y), task)
    assert weights is not None
    assert weights[:3].sum() == pytest.approx(weights[3])
    assert weights.sum() == pytest.approx(4)
    assert task.classes == classes


@pytest.mark.parametrize("problem", PROBLEMS)
def test_rows_count_as_they_are_unless_told_otherwise(problem: str) -> None:
    """Probabilities are those of the data."""
    sample = Sample(np.zeros((2, 5), np.float32), np.array([0, 1]))
    assert row_weights(sample, Task(mixed_usecase(problem), {})) is None


@pytest.mark.parametrize("problem", PROBLEMS)
def test_description_is_enough_to_score_with(problem: str) -> None:
    """Which problem, which classes, which categories, which settings."""
    usecase = mixed_usecase(problem)
    task = Task(usecase, {"kind": ("a", "b")})
    found = describe(
        task,
        "xgboost",
        settings=("max_depth",),
        libraries=("scikit-learn", "no-such-distribution"),
        weights="model.ubj",
        rounds=7,
        extra={"chosen_by": "me"},
    )
    assert found.problem == problem
    assert found.features == INPUTS
    assert found.classes == usecase.problem.class_names
    assert found.categories == {"kind": ("a", "b")}
    assert found.hyperparameters == {"max_depth": 3, "chosen_by": "me"}
    assert found.best_iteration == 6
    assert sorted(found.libraries) == ["numpy", "scikit-learn"]


@pytest.mark.parametrize(("sql", "expected"), [(None, {"price": (999.0,)}), ("features.sql", {})])
def test_a_model_knows_the_numbers_for_missing_values(
    sql: str | None, expected: dict[str, tuple[float, ...]]
) -> None:
    """Of columns as they are; what SQL calls price may be another quantity."""
    usecase = mixed_usecase("binary")
    columns = {
        **usecase.contract.columns,
        "price": usecase.contract.columns["price"].model_copy(update={"missing": (999,)}),
    }
    usecase = usecase.model_copy(
        update={
            "contract": usecase.contract.model_copy(update={"columns": columns}),
            "features": usecase.features.model_copy(update={"sql": sql}),
        }
    )
    described = describe(Task(usecase, {}), "linear", settings=(), libraries=(), weights="w")

    assert described.missing == expected
