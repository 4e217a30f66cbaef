"""A file is read for scoring as Prepare read what the model learned from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline_code.core.tables import connect, literal
from pipeline_code.core.usecase import AS_THEY_ARE, UseCase
from pipeline_code.steps.predict import LinearModel, LinearWeights, ModelMetadata
from pipeline_code.steps.score import History, Scored, score_file
from pipeline_code.steps.score_files import UnscorableFileError

KNOWN = ("red", "blue")
ROWS = [["1", "red"], ["0", "blue"], ["0", "new"], ["0", ""]]
SCORES = [2.0, 2.0, 3.0, 4.0]


def linear(
    problem: str = "regression",
    classes: tuple[str, ...] = (),
    names: tuple[str, str] = ("A", "B"),
) -> LinearModel:
    """Make a model that adds up a number and a category.

    Its effects are 1 for red, 2 for blue, 3 for others and 4 for a missing one; classes after the
    first are worth nothing.
    """
    more = max(len(classes) - 1, 0)
    metadata = ModelMetadata.model_validate(
        {
            "algorithm": "linear",
            "usecase": "colours",
            "problem": problem,
            "classes": classes,
            "features": names,
            "categories": {names[1]: KNOWN},
            "target": "T",
            "threshold": 0.9,
            "costs": {},
            "hyperparameters": {},
            "weights": "weights.json",
            "weights_hash": "",
        }
    )
    weights = LinearWeights(
        mean=(0.0, 0.0),
        scale=(1.0, 1.0),
        coefficients=((1.0, 0.0), *((0.0, 0.0),) * more),
        intercept=(0.0,) * (more + 1),
        levels={names[1]: ((1.0, 2.0, 3.0, 4.0), *((0.0,) * 4,) * more)},
    )
    return LinearModel(metadata, weights)


def plain_history(
    columns: dict[str, Any] | None = None, target: str = "T", **source: Any
) -> History:
    """Describe a use case whose features are columns of its source."""
    columns = columns or {
        "A": {"type": "integer", "minimum": 0},
        "B": {"type": "string", "nullable": True},
        "T": {"type": "number"},
    }
    usecase = UseCase.model_validate(
        {
            "name": "colours",
            "problem": {"type": "regression", "target": target},
            "source": source,
            "contract": {"columns": columns},
            "features": {"inputs": [name for name in columns if name != target][:2]},
            "split": {"method": "random"},
            "gate": {"metric": "rmse"},
        }
    )
    return History(usecase, AS_THEY_ARE)


def score(
    source: Path, model: LinearModel, history: History | None = None, **options: Any
) -> tuple[Scored, list[dict[str, Any]]]:
    """Score ``source``; return what was done and the rows of the result."""
    result = source.with_name("out.jsonl")
    scored = score_file(model, source, result, spill=None, history=history, **options)
    return scored, [json.loads(line) for line in result.read_text("utf-8").splitlines()]


def csv_file(folder: Path, *lines: str, encoding: str = "utf-8", end: str = "\n") -> Path:
    """Write lines as a CSV file."""
    path = folder / "in.csv"
    path.write_bytes(end.join([*lines, ""]).encode(encoding))
    return path


@pytest.mark.parametrize("history", [None, plain_history()], ids=["unknown", "known use case"])
def test_categories_of_csv_are_texts(tmp_path: Path, history: History | None) -> None:
    """In any order of columns, others carried along, whether or not the use case is here."""
    lines = [f"00{place},{b},{a}" for place, (a, b) in enumerate(ROWS)]
    scored, rows = score(csv_file(tmp_path, "ID,B,A", *lines), linear(), history)

    assert (scored.rows, scored.positives, scored.labelled) == (4, None, False)
    assert [row["prediction"] for row in rows] == SCORES
    assert [row["ID"] for row in rows] == ["000", "001", "002", "003"]
    assert rows[3]["B"] is None


@pytest.mark.parametrize("history", [None, plain_history()], ids=["unknown", "known use case"])
def test_categories_of_json_and_parquet_are_texts(tmp_path: Path, history: History | None) -> None:
    """A missing key, a null and an empty cell are all a missing value."""
    source = tmp_path / "in.jsonl"
    documents = [{"A": 1, "B": "red"}, {"A": 0, "B": "blue"}, {"A": 0, "B": 7}, {"A": 0, "B": None}]
    source.write_text("\n".join(json.dumps(one) for one in documents), encoding="utf-8")
    assert [row["prediction"] for row in score(source, linear(), history)[1]] == SCORES

    table = tmp_path / "in.parquet"
    with connect() as database:
        query = "select * from (values (1, 'red'), (0, 'blue'), (0, 'x'), (0, null)) t(A, B)"
        database.execute(f"copy ({query}) to {literal(table)} (format parquet)")
    assert [row["prediction"] for row in score(table, linear(), history)[1]] == SCORES


def test_numbers_are_not_taken_for_codes(tmp_path: Path) -> None:
    """0 is a text that the model does not know, not its first one."""
    _, rows = score(csv_file(tmp_path, "A,B", "0,0"), linear())

    assert [row["prediction"] for row in rows] == [3.0]


def test_a_text_where_a_number_is_wanted_is_put_aside(tmp_path: Path) -> None:
    """So is what the contract does not allow."""
    source = csv_file(tmp_path, "A,B", "red,1", "-1,red", ",red", "1,red")
    scored, rows = score(source, linear(), plain_history(), quarantine=tmp_path / "aside")
    aside = (tmp_path / "aside").read_text(encoding="utf-8").splitlines()
    reasons = [json.loads(line)["reasons"] for line in aside]

    assert (scored.quarantined, [row["A"] for row in rows]) == (3, [1.0])
    assert reasons == ["A is not an integer of 64 bits", "A is below 0", "A is missing"]
    with pytest.raises(UnscorableFileError, match="row 1: A is not a finite number"):
        score(source, linear())


def test_text_is_read_as_the_use_case_describes_it(tmp_path: Path) -> None:
    """Delimiter, encoding and words for a missing value are those of the source."""
    history = plain_history(delimiter=";", encoding="utf-16", missing=["?", "n/a"])
    source = csv_file(
        tmp_path, "T;B;A", "1;red;1", "?;blue;0", "3;grün;0", "4; n/a;0", encoding="utf-16"
    )
    scored, rows = score(source, linear(), history)

    assert [row["prediction"] for row in rows] == SCORES
    assert [row["B"] for row in rows] == ["red", "blue", "grün", "n/a"]
    assert scored.labelled


PLACES: dict[str, Any] = {
    "column_1": {"type": "integer"},
    "column_2": {"type": "string", "nullable": True},
    "column_3": {"type": "number"},
}


@pytest.mark.parametrize(
    "lines",
    [
        ["1,red,7", "0,blue,7", "0,new,7", "0,,7"],
        ["1,red", "0,blue", "0,new", "0,"],
        ["column_2,column_1", "red,1", "blue,0", "new,0", ",0"],
    ],
    ids=["labelled", "without the target at the end", "named all the same"],
)
def test_columns_without_names_go_by_their_places(tmp_path: Path, lines: list[str]) -> None:
    """The first line is a row like others; names are taken where there are any."""
    history = plain_history(PLACES, "column_3", header=False)
    model = linear(names=("column_1", "column_2"))
    _, rows = score(csv_file(tmp_path, *lines), model, history)

    assert [row["prediction"] for row in rows] == SCORES


@pytest.mark.parametrize(
    ("target", "line"), [("column_1", "1,red"), ("column_2", "1,red"), ("column_3", "1")]
)
def test_places_that_may_be_others_are_refused(tmp_path: Path, target: str, line: str) -> None:
    """Without the label in front all columns stand one place further to the left."""
    columns = {**PLACES, target: {"type": "number"}}
    history = plain_history(columns, target, header=False)
    with pytest.raises(UnscorableFileError, match="columns without names"):
        score(csv_file(tmp_path, line), linear(names=("column_1", "column_2")), history)


def test_classes_are_named_in_a_result(tmp_path: Path) -> None:
    """One column a class, and none of them may be there before."""
    model = linear("multiclass", ("x", "X", "y"))
    scored, rows = score(csv_file(tmp_path, "A,B", "9,red", "-9,red"), model)

    assert [row["decision"] for row in rows] == ["x", "X"]
    assert list(rows[0])[2:] == ["decision", "score_x_0", "score_X_1", "score_y"]
    assert sum(rows[0][name] for name in list(rows[0])[3:]) == pytest.approx(1)
    assert scored.positives is None
    with pytest.raises(UnscorableFileError, match="has a column score_y already"):
        score(csv_file(tmp_path, "A,B,SCORE_Y", "9,red,1"), model)


def test_a_binary_model_of_categories_decides(tmp_path: Path) -> None:
    """Its result has the columns that every binary one has."""
    scored, rows = score(csv_file(tmp_path, "A,B", "9,red", "-9,red"), linear("binary"))

    assert [row["decision"] for row in rows] == [1, 0]
    assert scored.positives == 1


def test_categories_made_by_sql_are_texts(tmp_path: Path) -> None:
    """A file of the source gets its features, whatever their kind."""
    history = plain_history()
    features = history.usecase.features.model_copy(update={"sql": "features.sql"})
    usecase = history.usecase.model_copy(update={"features": features})
    sql = "select *, A + 1 as C, lower(B) as D from transactions"
    model = linear(names=("C", "D"))
    scored, rows = score(csv_file(tmp_path, "A,B", "0,RED", "1,"), model, History(usecase, sql))

    assert [row["prediction"] for row in rows] == [2.0, 6.0]
    assert scored.computed


def test_an_optional_column_that_is_not_there_is_missing(tmp_path: Path) -> None:
    """It is no feature that was computed, so nothing is to be said of windows."""
    columns = {
        "A": {"type": "integer"},
        "B": {"type": "string", "nullable": True, "required": False},
        "T": {"type": "number"},
    }
    scored, rows = score(csv_file(tmp_path, "A", "1"), linear(), plain_history(columns))

    assert [row["prediction"] for row in rows] == [5.0]
    assert not scored.computed


def test_a_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    """Decimal commas, and the number that stands for a missing value, as in training."""
    columns = {
        "A": {"type": "number", "nullable": True, "missing": [999]},
        "B": {"type": "string", "nullable": True},
        "T": {"type": "number"},
    }
    history = plain_history(columns, delimiter=";", decimal=",")
    source = csv_file(tmp_path, "A;B", "1,5;red", "999;red")
    _, rows = score(source, linear(), history)
    _, empty = score(csv_file(tmp_path, "A;B", ";red"), linear(), history)

    assert [row["prediction"] for row in rows] == [2.5, empty[0]["prediction"]]
