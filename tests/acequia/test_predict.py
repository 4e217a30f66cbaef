"""``acequia predict`` writes beside the source, loses nothing and says what it assumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acequia.predict import predict
from pipeline_code.core.errors import PipelineError
from pipeline_code.core.usecase import Costs
from pipeline_code.steps.predict import LinearModel, LinearWeights, ModelMetadata, save_model
from pipeline_code.steps.score_files import UnscorableFileError

NIGHT = "TX_DURING_NIGHT"


def save(folder: Path, usecase: str, **changes: Any) -> Path:
    """Save a model of one feature; its score is 0.5 by day and 0.73 by night."""
    metadata = ModelMetadata(
        algorithm="linear",
        usecase=usecase,
        features=(NIGHT,),
        target="TX_FRAUD",
        threshold=0.6,
        costs=Costs(false_positive=5, false_negative=120),
        hyperparameters={},
        weights="weights.json",
        weights_hash="",
    )
    metadata = metadata.model_copy(update=changes)
    outputs = max(len(metadata.classes), 1)
    weights = LinearWeights(
        mean=(0.0,),
        scale=(1.0,),
        coefficients=((1.0,), *((0.0,),) * (outputs - 1)),
        intercept=(0.0,) * outputs,
    )
    save_model(LinearModel(metadata, weights), folder)
    return folder


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    """A model of the fraud use case."""
    return save(tmp_path / "model", "fraud")


@pytest.fixture
def features(tmp_path: Path) -> Path:
    """A file with the model's feature."""
    path = tmp_path / "rows.csv"
    path.write_text(f"ID,{NIGHT}\n007,0\n008,1\n", encoding="utf-8")
    return path


def test_result_lies_beside_its_source(model_folder: Path, features: Path) -> None:
    """Without a destination the name says what the file is; there is nothing to note."""
    prediction = predict(model_folder, features)

    assert prediction.destination == features.with_name("rows-scored.csv")
    assert prediction.notes == ()
    assert (prediction.scored.rows, prediction.scored.positives) == (2, 1)
    lines = prediction.destination.read_text(encoding="utf-8").splitlines()
    assert lines[1:] == ["007,0,0.5,0", "008,1,0.7310585786300049,1"]


def test_existing_file_is_kept_unless_told_otherwise(model_folder: Path, features: Path) -> None:
    """A result or a file of somebody else is not overwritten by a repeated command."""
    destination = features.with_name("mine.csv")
    destination.write_text("mine", encoding="utf-8")

    with pytest.raises(UnscorableFileError, match=r"mine\.csv: is there already"):
        predict(model_folder, features, destination)
    assert destination.read_text(encoding="utf-8") == "mine"
    predict(model_folder, features, destination, overwrite=True)
    assert destination.read_text(encoding="utf-8").startswith("ID,")


def test_source_is_never_its_own_destination(model_folder: Path, features: Path) -> None:
    """Not even on demand: a failure would cost the only copy."""
    before = features.read_bytes()
    with pytest.raises(UnscorableFileError):
        predict(model_folder, features, features, overwrite=True)
    assert features.read_bytes() == before


def test_assumptions_about_a_source_are_said(model_folder: Path, tmp_path: Path) -> None:
    """Features of a file that has none of the past differ from those in production: say so."""
    source = tmp_path / "payments.csv"
    source.write_text(
        "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT\n"
        "1,2018-04-20 03:00:00,1,7,20.00\n",
        encoding="utf-8",
    )
    prediction = predict(model_folder, source)

    assert prediction.scored.positives == 1, "three in the night"
    assert "computed from its own rows" in prediction.notes[0]
    assert "no TX_FRAUD" in prediction.notes[1]


def test_model_of_an_unknown_use_case_still_takes_features(features: Path, tmp_path: Path) -> None:
    """A model scores where its use case is not installed; only features cannot be made."""
    folder = save(tmp_path / "other", "elsewhere")
    assert predict(folder, features).scored.rows == 2

    features.write_text("ID\n007\n", encoding="utf-8")
    with pytest.raises(UnscorableFileError, match=f"lacks {NIGHT}"):
        predict(folder, features, overwrite=True)


@pytest.mark.parametrize(
    ("source", "destination", "says"),
    [
        ("none.csv", None, "is no file"),
        ("rows.csv", "no/folder.csv", "its folder does not exist"),
        ("rows.csv", "rows.xlsx", "no known format"),
    ],
)
def test_wrong_paths_are_one_line(
    model_folder: Path,
    features: Path,
    tmp_path: Path,
    source: str,
    destination: str | None,
    says: str,
) -> None:
    """The command line prints the message as it is."""
    with pytest.raises(PipelineError, match=says) as caught:
        predict(model_folder, tmp_path / source, tmp_path / destination if destination else None)
    assert "\n" not in str(caught.value)


def test_missing_model_is_one_line(features: Path, tmp_path: Path) -> None:
    """So is a folder without a model."""
    with pytest.raises(PipelineError, match=r"has no model\.json"):
        predict(tmp_path / "nothing", features)


@pytest.mark.parametrize(
    ("changes", "header", "row"),
    [
        ({"problem": "regression"}, "prediction", "007,0,0.0"),
        (
            {"problem": "multiclass", "classes": ("x", "y", "z", "w")},
            "decision,score_x,score_y,score_z,score_w",
            "007,0,x,0.25,0.25,0.25,0.25",
        ),
    ],
    ids=["regression", "multiclass"],
)
def test_other_problems_have_columns_of_their_own(
    features: Path, tmp_path: Path, changes: dict[str, Any], header: str, row: str
) -> None:
    """There is no threshold to be above, so nothing is counted."""
    prediction = predict(save(tmp_path / "other", "elsewhere", **changes), features)
    lines = prediction.destination.read_text(encoding="utf-8").splitlines()

    assert lines[0] == f"ID,{NIGHT},{header}"
    assert lines[1] == row
    assert prediction.document()["positives"] is None
    assert "threshold" not in prediction.view()
