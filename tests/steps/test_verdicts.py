"""What is said of each row has the columns of its type of problem."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline_code.steps.model import ModelMetadata
from pipeline_code.steps.verdicts import decide, verdict_names, verdicts


def metadata(problem: str, classes: tuple[str, ...] = (), **costs: Any) -> ModelMetadata:
    """Describe a model of one feature."""
    return ModelMetadata.model_validate(
        {
            "algorithm": "linear",
            "usecase": "u",
            "problem": problem,
            "classes": classes,
            "features": ("A",),
            "target": "T",
            "threshold": 0.25,
            "costs": costs,
            "hyperparameters": {},
            "weights": "w",
            "weights_hash": "",
        }
    )


def test_decision_is_positive_from_the_threshold_on() -> None:
    """The threshold itself counts as positive, as it did when it was chosen."""
    assert decide(np.array([0.1, 0.25, 1.0]), 0.25).tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("about", "scores", "expected"),
    [
        (metadata("binary"), [0.1, 0.25], {"score": [0.1, 0.25], "decision": [0, 1]}),
        (metadata("regression"), [-1.0, 9.0], {"prediction": [-1.0, 9.0]}),
        (
            metadata("multiclass", ("x", "y", "z"), missed={"z": 3}),
            [[0.5, 0.2, 0.3], [0.8, 0.1, 0.1]],
            {
                "decision": ["z", "x"],
                "score_x": [0.5, 0.8],
                "score_y": [0.2, 0.1],
                "score_z": [0.3, 0.1],
            },
        ),
    ],
    ids=["binary", "regression", "multiclass"],
)
def test_each_problem_has_its_columns(
    about: ModelMetadata, scores: Any, expected: dict[str, Any]
) -> None:
    """In the order in which they are written; a class by what missing it costs."""
    said = {name: column.tolist() for name, column in verdicts(about, np.array(scores)).items()}

    assert said == expected
    assert tuple(said) == verdict_names(about)


def test_no_rows_have_the_columns_all_the_same() -> None:
    """A file whose rows were all put aside still has its header."""
    about = metadata("multiclass", ("x", "y", "z"))
    assert [len(column) for column in verdicts(about, np.empty((0, 3))).values()] == [0] * 4


def test_labels_that_differ_in_case_alone_have_columns_of_their_own() -> None:
    """To a table they are one name."""
    names = verdict_names(metadata("multiclass", ("a", "A", "b")))
    assert names == ("decision", "score_a_0", "score_A_1", "score_b")
