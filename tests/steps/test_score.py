"""A scored file is the source, row by row, with two columns more; or there is no file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_code import contract
from pipeline_code.core.tables import connect, literal, read_columns
from pipeline_code.core.usecase import Costs, load_usecase
from pipeline_code.steps.predict import LinearModel, LinearWeights, Model, ModelMetadata, sigmoid
from pipeline_code.steps.prepare import PrepareOutputs, prepare
from pipeline_code.steps.score import History, Scored, score_file
from pipeline_code.steps.score_files import UnscorableFileError
from pipeline_code.usecases.fraud.simulator import write_transactions


def linear(features: tuple[str, ...]) -> LinearModel:
    """Make a model whose score is the sigmoid of the sum of its features, missing ones being 0."""
    metadata = ModelMetadata(
        algorithm="linear",
        usecase="fraud",
        features=features,
        target="TX_FRAUD",
        threshold=0.5,
        costs=Costs(false_positive=5, false_negative=120),
        hyperparameters={},
        weights="weights.json",
        weights_hash="",
    )
    count = len(features)
    weights = LinearWeights(
        mean=(0.0,) * count, scale=(1.0,) * count, coefficients=(1.0,) * count, intercept=0.0
    )
    return LinearModel(metadata, weights)


MODEL = linear(("A", "B"))
CSV = 'ID,B,note,A\n007,1,"a, ""b""",2\n008,,,-3\n009,1e-3,x, 0.5 \n'
EXPECTED = sigmoid(np.array([3.0, -3.0, 0.501]))


def score(source: Path, name: str, model: Model = MODEL, **options: Any) -> tuple[Scored, Path]:
    """Score ``source`` into the file ``name`` beside it."""
    destination = source.with_name(name)
    spill = source.parent / "spill"
    return score_file(model, source, destination, spill=spill, **options), destination


def written(folder: Path, name: str, text: str | bytes) -> Path:
    """Write a source file."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def parquet(path: Path, query: str) -> Path:
    """Write the rows of a query as Parquet."""
    with connect() as database:
        database.execute(f"copy ({query}) to {literal(path)} (format parquet)")
    return path


def test_csv_keeps_every_cell_and_adds_two(tmp_path: Path) -> None:
    """Zeros of an id, quotes, gaps and the order of rows and columns stay as they were."""
    scored, destination = score(written(tmp_path, "in.csv", CSV), "out.csv")

    lines = destination.read_text(encoding="utf-8").splitlines()
    assert scored == Scored(rows=3, positives=2, computed=False, labelled=False)
    assert lines[0] == "ID,B,note,A,score,decision"
    assert lines[1].startswith('007,1,"a, ""b""",2,')
    assert lines[2].startswith("008,,,-3,")
    assert lines[3].startswith("009,1e-3,x, 0.5 ,")
    cells = [line.rsplit(",", 2)[1:] for line in lines[1:]]
    np.testing.assert_allclose([float(score) for score, _ in cells], EXPECTED, rtol=1e-6)
    assert [decision for _, decision in cells] == ["1", "0", "1"]


def test_json_lines_keep_their_values(tmp_path: Path) -> None:
    """Text stays text, numbers stay numbers, nested values stay whole."""
    rows = [
        {"ID": "007", "A": 2, "B": 1, "at": "2018-04-01 00:00:31", "tags": [1, {"x": None}]},
        {"ID": "008", "A": -3, "B": None, "at": None, "tags": []},
    ]
    source = written(tmp_path, "in.jsonl", "\n".join(json.dumps(row) for row in rows))

    _, destination = score(source, "out.jsonl")

    out = [json.loads(line) for line in destination.read_text(encoding="utf-8").splitlines()]
    np.testing.assert_allclose([row.pop("score") for row in out], EXPECTED[:2], rtol=1e-6)
    assert [row.pop("decision") for row in out] == [1, 0]
    assert out == rows


def test_json_list_stays_a_list(tmp_path: Path) -> None:
    """A file that was one JSON document is one again."""
    _, destination = score(written(tmp_path, "in.json", '[{"A": 2, "B": 1}]'), "out.json")
    (row,) = json.loads(destination.read_text(encoding="utf-8"))
    assert (row["A"], row["decision"]) == (2, 1)


def test_parquet_keeps_types_and_order_over_chunks(tmp_path: Path) -> None:
    """Rows and scores stay side by side however many chunks there are."""
    source = parquet(
        tmp_path / "in.parquet",
        "select range as ID, cast(range % 7 - 3 as tinyint) as A, "
        "case when range % 5 = 0 then 'nan'::double when range % 3 = 0 then null "
        "else range / 1e4 end as B from range(10007)",
    )
    scored, destination = score(source, "out.parquet", chunk_rows=1_000)

    out = read_columns(destination)
    ids = np.arange(10_007)
    b = np.where((ids % 5 == 0) | (ids % 3 == 0), 0, ids / 1e4)
    assert scored.rows == 10_007
    np.testing.assert_array_equal(out["ID"], ids)
    odds = (ids % 7 - 3 + b).astype(np.float64)
    np.testing.assert_allclose(out["score"].astype(np.float64), sigmoid(odds), rtol=1e-5)
    np.testing.assert_array_equal(out["decision"], out["score"] >= 0.5)


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl", "out.parquet"])
@pytest.mark.parametrize(
    ("source", "text"), [("in.csv", "ID,A,B\n007,2,1\n"), ("in.jsonl", '{"ID":"007","A":2,"B":1}')]
)
def test_destination_may_have_another_format(
    tmp_path: Path, source: str, text: str, name: str
) -> None:
    """Features become numbers, ids stay text without the quotes of JSON."""
    _, destination = score(written(tmp_path, source, text), name)
    reader = {".csv": "read_csv({}, all_varchar = true)", ".jsonl": "read_json({})"}
    with connect() as database:
        row = database.execute(
            "select ID, cast(A as double), cast(decision as int) from "  # noqa: S608
            + reader.get(destination.suffix, "read_parquet({})").format(literal(destination))
        ).fetchone()
    assert row == ("007", 2.0, 1)


def test_name_with_a_pattern_reads_that_file_only(tmp_path: Path) -> None:
    """A bracket in a name is a bracket: rows of a neighbour never slip in."""
    written(tmp_path, "in1.csv", "A,B\n0,0\n0,0\n")
    scored, _ = score(written(tmp_path, "in[1].csv", "A,B\n1,1\n"), "out.csv")
    assert (scored.rows, scored.positives) == (1, 1)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("in.csv", "A,B\n1,2\n3,abc\n", "row 2: B is not a finite number (given 'abc')"),
        ("in.csv", "A,B\n1,inf\n", "row 1: B is not a finite number (given 'inf'"),
        ("in.csv", "A,B\n1,nan\n", "row 1: B is not a finite number (given 'nan'"),
        ("in.csv", "A,B\n1,1_0\n", "row 1: B is not a finite number (given '1_0'"),
        ("in.csv", "A,B\n1,1e39\n", "row 1: B is not a finite number (given '1e39'"),
        ("in.csv", "A,B\n1,2\n3\n", "Line: 3"),
        ("in.csv", "A,B\n1,2,3\n", "Line: 2"),
        ("in.csv", 'A,B\n1,"2\n', "Line: 2"),
        ("in.csv", "A,B\n", "has no rows"),
        ("in.csv", "", "is empty"),
        ("in.csv", "A,B,A\n1,2,3\n", "'A' empty or twice"),
        ("in.csv", "A,\n1,2\n", "'' empty or twice"),
        ("in.csv", b"A,B\n1,\xff\n", "cannot be read"),
        ("in.csv", "A,C\n1,2\n", "lacks B"),
        ("in.csv", "A,B,Score\n1,2,3\n", "has a column score already"),
        ("in.jsonl", '{"A":1,"B":"2"}', "row 1: B is not a finite number (given '\"2\"'"),
        ("in.jsonl", '{"A":1,"B":true}', "row 1: B is not a finite number (given 'true'"),
        ("in.jsonl", '{"A":1,"B":2}\n{"A":', "cannot be read"),
        ("in.jsonl", "", "has no rows"),
        ("in.json", "[1, 2]", "lacks A, B"),
        ("in.parquet", "", "cannot be read"),
        ("in.parquet", "PAR1 is no table PAR1", "cannot be read"),
        ("in.xlsx", "", "no known format; use a name that ends in .csv"),
    ],
)
def test_broken_source_is_one_line_and_leaves_nothing(
    tmp_path: Path, name: str, content: str | bytes, says: str
) -> None:
    """What is wrong and where is said at once; no half-written file is left to be mistaken."""
    source = written(tmp_path, name, content)

    with pytest.raises(UnscorableFileError) as caught:
        score(source, "out.csv")

    assert says in str(caught.value)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [path for path in tmp_path.iterdir() if path.is_file()] == [source]


@pytest.mark.parametrize(
    ("column", "says"),
    [
        ("date '2018-04-01'", "given '2018-04-01'"),
        ("'text'", "given 'text'"),
        ("'infinity'::double", "given 'inf'"),
        ("1e39", "is not a finite number"),
    ],
)
def test_parquet_column_that_is_no_number_is_refused(
    tmp_path: Path, column: str, says: str
) -> None:
    """A type that is no number is seen as an odd value is."""
    source = parquet(tmp_path / "in.parquet", f"select 1 as A, {column} as B")
    with pytest.raises(UnscorableFileError, match="row 1: B") as caught:
        score(source, "out.parquet")
    assert says in str(caught.value)


def test_truncated_parquet_is_refused(tmp_path: Path) -> None:
    """A copy that broke off is not a smaller file."""
    source = parquet(tmp_path / "in.parquet", "select range as A, random() as B from range(50000)")
    source.write_bytes(source.read_bytes()[:-200])
    with pytest.raises(UnscorableFileError, match="cannot be read"):
        score(source, "out.parquet")


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    """A wrong path is named."""
    (tmp_path / "folder.csv").mkdir()
    for name in ("none.csv", "folder.csv"):
        with pytest.raises(UnscorableFileError, match=f"{name}: is no file"):
            score(tmp_path / name, "out.csv")


def test_failure_keeps_the_result_that_was_there(tmp_path: Path) -> None:
    """Yesterday's result is replaced by a whole one or not at all."""
    old = written(tmp_path, "out.csv", "yesterday")

    class BreakingModel(LinearModel):
        def _predict(self, x: Any) -> Any:
            raise MemoryError(len(x))

    model = BreakingModel(MODEL.metadata, MODEL._weights)
    with pytest.raises(MemoryError):
        score(written(tmp_path, "in.csv", CSV), "out.csv", model=model)
    assert old.read_text(encoding="utf-8") == "yesterday"


RAW = (
    "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD\n"
    # Out of order in time, on purpose.
    "0002,2018-04-20 12:00:00,1,7,20.00,0\n"
    "0001,2018-04-20 10:00:00,1,7,10.00,0\n"
    "0000,2018-04-10 10:00:00,2,7,5.00,1\n"
)


@pytest.fixture
def history() -> History:
    """The fraud use case, as a file of its source is scored with it."""
    folder = contract.usecase_folder("fraud")
    usecase = load_usecase(folder)
    return History(usecase, (folder / usecase.features.sql).read_text(encoding="utf-8"))


def test_source_columns_become_features_of_the_file_itself(
    tmp_path: Path, history: History
) -> None:
    """Windows see the earlier rows of the file, rows stay in the file's order."""
    model = linear(("CUSTOMER_ID_NB_TX_1DAY_WINDOW", "TERMINAL_ID_RISK_30DAY_WINDOW"))
    scored, destination = score(
        written(tmp_path, "in.csv", RAW), "out.csv", model=model, history=history
    )
    lines = destination.read_text(encoding="utf-8").splitlines()
    assert scored == Scored(rows=3, positives=3, computed=True, labelled=True)
    assert lines[0] == RAW.splitlines()[0] + ",score,decision"
    assert [line[:4] for line in lines[1:]] == ["0002", "0001", "0000"]
    # Two payments of the card that day and a known fraud at the terminal; one and the fraud;
    # one and nothing known yet.
    found = [float(line.split(",")[-2]) for line in lines[1:]]
    np.testing.assert_allclose(found, sigmoid(np.array([3.0, 2.0, 1.0])), rtol=1e-6)


def test_missing_label_makes_missing_values_not_zero_risk(tmp_path: Path, history: History) -> None:
    """Where no label is known the risk of a terminal is unknown; that is said."""
    unlabelled = "\n".join(line.rsplit(",", 1)[0] for line in RAW.splitlines())
    model = linear(("TERMINAL_ID_RISK_30DAY_WINDOW",))
    # The model takes a missing value for 1, a risk of zero for 0.
    weights = model._weights.model_copy(update={"mean": (1.0,)})
    scored, destination = score(
        written(tmp_path, "in.csv", unlabelled),
        "out.csv",
        model=LinearModel(model.metadata, weights),
        history=history,
    )
    assert not scored.labelled
    first = destination.read_text(encoding="utf-8").splitlines()[1]
    assert float(first.split(",")[-2]) == 0.5, "1 - the mean of 1 = 0 log odds"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "2018-04-20 10:00:00",
            "yesterday",
            "row 2: TX_DATETIME is not a time (given 'yesterday')",
        ),
        ("20.00", "-20", "row 1: TX_AMOUNT is below 0"),
        ("0000,", ",", "row 3: TRANSACTION_ID is missing;"),
        ("TX_DATETIME", "TX_DATETIM", "lacks TX_DATETIME; did you mean 'TX_DATETIM'"),
    ],
)
def test_source_that_breaks_the_contract_is_located(
    tmp_path: Path, history: History, old: str, new: str, says: str
) -> None:
    """A file is scored whole or not at all, so a broken row is named, not left out."""
    source = written(tmp_path, "in.csv", RAW.replace(old, new))
    model = linear(("CUSTOMER_ID_NB_TX_1DAY_WINDOW",))
    with pytest.raises(UnscorableFileError) as caught:
        score(source, "out.csv", model=model, history=history)
    assert says in str(caught.value)


def test_folder_with_an_equals_sign_adds_no_column(tmp_path: Path) -> None:
    """What a path looks like never becomes data."""
    folder = tmp_path / "B=7"
    folder.mkdir()
    with pytest.raises(UnscorableFileError, match="lacks B"):
        score(parquet(folder / "in.parquet", "select 1 as A"), "out.parquet")


def test_features_are_those_of_the_pipeline(tmp_path: Path, history: History) -> None:
    """A file of the source gets the scores that its rows got in Prepare's training rows."""
    source = write_transactions(tmp_path / "source", customers=200, terminals=100, days=45)
    outputs = PrepareOutputs.under(tmp_path / "out")
    usecase = history.usecase.with_settings({"split.validation_days": "0"})
    prepare(source, usecase, history.sql, outputs)
    model = linear(usecase.features.inputs)
    # Small coefficients, so that no score is rounded to one.
    small = model._weights.model_copy(update={"coefficients": ((1e-3,) * len(model.features),)})
    model = LinearModel(model.metadata, small)

    _, destination = score(source, "scored.parquet", model=model, history=history)

    train = read_columns(outputs.train / contract.TRAIN_FILE)
    expected = model.predict(np.stack([train[name] for name in model.features], axis=1))
    scored = read_columns(destination)
    by_id = dict(zip(scored["TRANSACTION_ID"], scored["score"], strict=True))
    assert len(expected) > 100
    np.testing.assert_allclose([by_id[one] for one in train["TRANSACTION_ID"]], expected, rtol=1e-6)


def test_failed_publication_leaves_no_part(tmp_path: Path) -> None:
    """Where the result cannot take its place, nothing half-done stays beside it."""
    (tmp_path / "out.csv").mkdir()
    with pytest.raises(UnscorableFileError, match=r"out\.csv: cannot be written"):
        score(written(tmp_path, "in.csv", CSV), "out.csv")
    assert not list(tmp_path.glob(".*"))


def test_key_that_comes_late_in_json_is_kept(tmp_path: Path) -> None:
    """Columns are those of all objects, not of a sample of them; many rare keys are columns too."""
    rows = [{"A": 1, "B": 1, f"rare{index % 300}": index} for index in range(25_000)]
    rows.append({"A": 1, "B": 1, "late": 7})
    source = written(tmp_path, "in.jsonl", "\n".join(json.dumps(row) for row in rows))

    _, destination = score(source, "out.jsonl")

    last = json.loads(destination.read_text(encoding="utf-8").splitlines()[-1])
    assert (last["late"], last["rare0"], last["decision"]) == (7, None, 1)


def test_rows_put_aside_are_numbered_and_kept_as_they_came(tmp_path: Path) -> None:
    """Whoever corrects a row finds it; the others keep their order."""
    source = tmp_path / "rows.jsonl"
    source.write_text('{"A": 1, "B": 2}\n{"A": "x", "B": 2}\n{"A": 3, "B": 2}\n')
    aside = tmp_path / "aside.jsonl"
    scored, out = score(source, "out.jsonl", quarantine=aside)

    assert (scored.rows, scored.quarantined) == (2, 1)
    assert [json.loads(line)["A"] for line in open_lines(out)] == [1, 3]
    (line,) = map(json.loads, open_lines(aside))
    assert (line["row"], line["record"]["A"]) == (2, "x")
    assert line["reasons"] == "A is not a finite number"


def open_lines(path: Path) -> list[str]:
    """Return the lines of a file."""
    return path.read_text(encoding="utf-8").splitlines()
