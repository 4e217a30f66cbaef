"""Prepare is a function of its rows: same rows, same bytes; every refusal is one line."""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_code import contract
from pipeline_code.core.errors import (
    ErrorBudgetExceededError,
    MissingColumnsError,
    PipelineError,
    SingleClassError,
)
from pipeline_code.core.splits import EmptySplitError
from pipeline_code.core.tables import connect, count_rows, read_columns
from pipeline_code.core.usecase import Column, load_usecase, read_sql
from pipeline_code.steps.features import FeatureSqlError
from pipeline_code.steps.prepare import PrepareOutputs, PrepareResult, prepare
from pipeline_code.usecases.fraud.simulator import write_transactions

FOLDER = contract.usecase_folder("fraud")
USECASE = load_usecase(FOLDER)
SQL = read_sql(FOLDER, USECASE)
PUBLISHED = Path(__file__).parents[3] / "shared" / "data" / "fraud-handbook-transactions.parquet"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty days of a small town."""
    folder = tmp_path_factory.mktemp("source")
    return write_transactions(folder, seed=1, customers=120, terminals=300, days=40)


@pytest.fixture(scope="module")
def prepared(source: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PrepareResult]:
    """What Prepare makes of it."""
    root = tmp_path_factory.mktemp("prepared")
    return root, run(source, root)


def run(source: Path, root: Path, *, sql: str = SQL, **settings: str) -> PrepareResult:
    """Prepare with single settings, their dots written as two underscores."""
    changed = USECASE.with_settings({key.replace("__", "."): v for key, v in settings.items()})
    return prepare(source, changed, sql, PrepareOutputs.under(root))


def hashes(root: Path) -> dict[str, str]:
    """Hash every file below a folder."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def copied(source: Path, target: Path, select: str) -> Path:
    """Write the source's rows anew, changed by SQL."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with connect() as database:
        database.execute(f"copy (select {select} from '{source}') to '{target}'")  # noqa: S608
    return target


def test_all_files_are_there_with_their_columns(prepared: tuple[Path, PrepareResult]) -> None:
    """Identifiers first, then the inputs in the model's order, the target last."""
    root, result = prepared

    assert set(hashes(root)) == {
        "train/train.parquet",
        "validation/validation.parquet",
        "test/test.parquet",
        "features/customers-latest.parquet",
        "features/customers-history.parquet",
        "features/terminals-latest.parquet",
        "features/terminals-history.parquet",
        "profile/profile.json",
        "quarantine/quarantine.parquet",
    }
    for part in result.parts:
        columns = read_columns(root / part.name / f"{part.name}.parquet")
        assert list(columns) == [
            "TRANSACTION_ID",
            "TX_DATETIME",
            "CUSTOMER_ID",
            "TERMINAL_ID",
            "TX_FRAUD_SCENARIO",
            *USECASE.features.inputs,
            "TX_FRAUD",
        ]
        assert len(columns["TX_FRAUD"]) == part.rows
        assert columns["TX_FRAUD"].sum() == part.positives


def test_rows_are_ordered_by_time(prepared: tuple[Path, PrepareResult]) -> None:
    """Threads may not decide the order."""
    columns = read_columns(prepared[0] / "train" / "train.parquet")

    order = np.lexsort((columns["TRANSACTION_ID"], columns["TX_DATETIME"]))
    assert np.array_equal(order, np.arange(len(order)))


def test_same_rows_same_bytes_whatever_the_files(
    source: Path, prepared: tuple[Path, PrepareResult], tmp_path: Path
) -> None:
    """Shuffled, as text, in many files or as JSON: every output is identical, the hash included."""
    mixed = tmp_path / "mixed"
    with connect() as database:
        (mixed / "b").mkdir(parents=True)
        for rest, name in ((0, "a.csv"), (1, "b/b.jsonl"), (2, "c.parquet")):
            database.execute(
                f"copy (from '{source}' where TRANSACTION_ID % 3 = {rest} "
                f"order by hash(TRANSACTION_ID)) to '{mixed / name}'"
            )

    result = run(mixed, tmp_path / "out")

    assert result.data_hash == prepared[1].data_hash
    assert hashes(tmp_path / "out") == hashes(prepared[0])


def test_one_changed_value_is_another_hash(
    source: Path, prepared: tuple[Path, PrepareResult], tmp_path: Path
) -> None:
    """The hash is the data's identity in the registry."""
    change = (
        "* replace (TX_AMOUNT + case when TRANSACTION_ID = 7 then 0.01 else 0 end as TX_AMOUNT)"
    )

    assert run(copied(source, tmp_path / "t.parquet", change), tmp_path / "o").data_hash != (
        prepared[1].data_hash
    )


def test_the_profile_adds_up(prepared: tuple[Path, PrepareResult]) -> None:
    """It is read as JSON by the pipeline, the report and drift detection."""
    root, result = prepared
    profile = json.loads((root / "profile" / "profile.json").read_text())

    assert profile == result.profile
    rows = profile["rows"]
    assert rows["in"] == rows["out"] + rows["quarantined"] + rows["deduplicated"] > 0
    assert profile["data_hash"] == result.data_hash
    assert profile["feature_versions"] == "customers-v1,terminals-v1"
    assert set(profile["columns"]) >= {*USECASE.features.inputs, "TX_FRAUD"}
    assert profile["split"]["test"]["to"] == "2018-05-10"


def test_known_positives_leave_the_test_rows(tmp_path: Path) -> None:
    """A card is left out from the day on which its fraud, a week and a day old, is known."""
    start = date(2018, 4, 1)
    rows = []
    for number, (card, day, fraud) in enumerate(
        [(card, day, 0) for card in range(5) for day in range(40)]
        + [(0, 24, 1), (1, 25, 1), (2, 18, 1), (3, 33, 1), (4, 10, 1)]
    ):
        rows.append(
            f"{number},{start + timedelta(day)} 12:00:00.{number:06},{card},{card},10.0,{fraud}"
        )
    path = tmp_path / "rows.csv"
    header = "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD"
    path.write_text("\n".join([header, *rows]))

    run(path, tmp_path, split__validation_days="0")  # test days are 33 to 39

    test = read_columns(tmp_path / "test" / "test.parquet")
    days = (test["TX_DATETIME"].astype("M8[D]") - np.datetime64("2018-04-01")).astype(int)
    left = {card: sorted(days[test["CUSTOMER_ID"] == card].tolist()) for card in range(5)}
    assert left[0] == [], "the fraud of day 24 is known on day 32"
    assert left[1] == [], "the fraud of day 25 is known on day 33, the first test day"
    assert left[2] == list(range(33, 40)), "day 18 is more than 14 days before the test"
    assert left[3] == [33, *range(33, 40)], "a fraud of a test day is not known within the week"
    assert left[4] == list(range(33, 40)), "day 10 is long ago: the card was replaced"


def test_a_known_positive_blocks_only_from_its_day_on(tmp_path: Path) -> None:
    """A fraud of day 28 is known on day 36: three test days before it stay."""
    rows = [
        f"{day},2018-04-01 12:00:00,1,1,10.0,0".replace(
            "2018-04-01", str(date(2018, 4, 1) + timedelta(day))
        )
        for day in range(40)
    ]
    rows += ["90,2018-04-29 13:00:00,1,1,5.0,1", "91,2018-04-02 13:00:00,2,1,5.0,1"]
    rows += ["92,2018-05-10 13:00:00,2,1,5.0,1"]
    path = tmp_path / "rows.csv"
    header = "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD"
    path.write_text("\n".join([header, *rows]))

    run(path, tmp_path, split__validation_days="0")

    test = read_columns(tmp_path / "test" / "test.parquet")
    assert test["TRANSACTION_ID"].tolist() == [33, 34, 35, 92]


def test_feature_groups_hold_the_latest_and_the_recent(
    source: Path, prepared: tuple[Path, PrepareResult]
) -> None:
    """One record an entity online, a week of records offline, times as the store wants them."""
    folder = prepared[0] / "features"
    rows = read_columns(source)
    latest = read_columns(folder / "customers-latest.parquet")
    history = read_columns(folder / "customers-history.parquet")

    assert list(latest)[:2] == ["CUSTOMER_ID", "EventTime"]
    assert np.array_equal(latest["CUSTOMER_ID"], np.unique(rows["CUSTOMER_ID"]))
    one = latest["CUSTOMER_ID"][0]
    last = rows["TX_DATETIME"][rows["CUSTOMER_ID"] == one].max()
    assert latest["EventTime"][0] == f"{np.datetime_as_string(last, 's')}Z"
    recent = rows["TX_DATETIME"] >= np.datetime64("2018-05-04")
    assert len(history["CUSTOMER_ID"]) == recent.sum()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"split__validation_days": "30"}, "the train split has no rows"),
        ({"split__end": "2019-01-01"}, "the validation split has no rows"),
        ({"split__end": "2018-04-12"}, "data reach from 2018-04-01"),
    ],
)
def test_a_split_without_rows_is_one_line(
    source: Path, tmp_path: Path, settings: dict[str, str], message: str
) -> None:
    """It says which days were asked for and which there are."""
    with pytest.raises(EmptySplitError, match=message) as caught:
        run(source, tmp_path, sql=SQL, **settings)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_single_class_stops_before_training(source: Path, tmp_path: Path, part: str) -> None:
    """Nothing can be learned from or measured on rows that are all alike."""
    days = "< '2018-05-04'" if part == "train" else ">= '2018-05-04'"
    rows = f"* replace (case when TX_DATETIME {days} then 0 else TX_FRAUD end as TX_FRAUD)"

    with pytest.raises(SingleClassError, match=f"the {part} split has a single class"):
        run(copied(source, tmp_path / "t.parquet", rows), tmp_path)


def test_the_quarantine_is_written_even_when_the_run_stops(source: Path, tmp_path: Path) -> None:
    """Whoever has to repair the source needs the rows."""
    rows = "* replace (case when TRANSACTION_ID % 20 = 0 then -1 else TX_AMOUNT end as TX_AMOUNT)"

    with pytest.raises(ErrorBudgetExceededError, match="TX_AMOUNT is below 0"):
        run(copied(source, tmp_path / "t.parquet", rows), tmp_path)

    quarantine = read_columns(tmp_path / "quarantine" / "quarantine.parquet")
    assert set(quarantine["reasons"]) == {"TX_AMOUNT is below 0"}
    assert len(quarantine["record"]) == -(-count_rows(source) // 20)
    assert not (tmp_path / "train").exists()


def test_within_the_budget_the_run_goes_on(source: Path, tmp_path: Path) -> None:
    """And says what it left out."""
    rows = "* replace (case when TRANSACTION_ID = 20 then 'nan' else TX_AMOUNT end as TX_AMOUNT)"

    result = run(copied(source, tmp_path / "t.parquet", rows), tmp_path)

    assert result.profile["quarantine_reasons"] == {"TX_AMOUNT is not a finite number": 1}
    assert result.intake.rows_out == result.intake.rows_in - 1


@pytest.mark.parametrize(
    ("sql", "error", "message"),
    [
        ("select * from transactins", FeatureSqlError, r"features\.sql of fraud: .*transactins"),
        ("select * from transactions", MissingColumnsError, r"features\.sql lacks"),
        (SQL + "limit 5", FeatureSqlError, "makes 5 rows of"),
    ],
)
def test_features_that_do_not_fit_are_one_line(
    source: Path, tmp_path: Path, sql: str, error: type[PipelineError], message: str
) -> None:
    """A typo, a forgotten feature, a filter that drops rows."""
    with pytest.raises(error, match=message) as caught:
        run(source, tmp_path, sql=sql)
    assert "\n" not in str(caught.value)


def test_decimals_of_the_sql_become_floats(source: Path, tmp_path: Path) -> None:
    """``case ... else 0.5 end`` is a decimal in SQL and must not reach the model as one."""
    sql = f"select * replace (cast(0.5 as decimal(3, 1)) as TX_DURING_NIGHT) from (\n{SQL}\n)"  # noqa: S608

    profile = run(source, tmp_path, sql=sql).profile

    assert profile["columns"]["TX_DURING_NIGHT"]["type"] == "double"
    assert profile["correlations"]["target"]["TX_DURING_NIGHT"] is None


def test_a_source_without_the_optional_column_works(source: Path, tmp_path: Path) -> None:
    """The bank's own export has no scenarios."""
    result = run(copied(source, tmp_path / "t.parquet", "* exclude (TX_FRAUD_SCENARIO)"), tmp_path)

    assert "TX_FRAUD_SCENARIO" not in result.intake.columns
    assert "TX_FRAUD_SCENARIO" not in read_columns(tmp_path / "train" / "train.parquet")


def test_the_input_is_not_touched(source: Path, tmp_path: Path) -> None:
    """Raw data are evidence."""
    before = source.read_bytes()

    run(source, tmp_path)

    assert source.read_bytes() == before
    assert [path.name for path in source.parent.iterdir()] == [source.name]


def test_progress_reaches_its_end(source: Path, tmp_path: Path) -> None:
    """A bar that stops at four fifths looks like a hang."""
    said: list[tuple[int, int, str]] = []

    prepare(
        source,
        USECASE,
        SQL,
        PrepareOutputs.under(tmp_path),
        progress=lambda *step: said.append(step),
    )

    assert [done for done, _, _ in said] == list(range(said[0][1] + 1))


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the handbook's data are not on this machine")
def test_the_published_split_has_the_published_rows(tmp_path: Path) -> None:
    """67,240 training and 58,264 test rows, as the handbook says."""
    result = run(
        PUBLISHED,
        tmp_path,
        split__end="2018-08-14",
        split__train_days="7",
        split__validation_days="0",
    )

    rows: dict[str, Any] = {part.name: part.rows for part in result.parts}
    assert rows == {"train": 67_240, "validation": 0, "test": 58_264}
    assert result.intake.rows_in == result.intake.rows_out == 1_754_155
    assert count_rows(tmp_path / "validation" / "validation.parquet") == 0


def test_a_slice_that_no_file_has_stops_before_anything_is_trained(
    source: Path, tmp_path: Path
) -> None:
    """An optional column may be absent, but not measured by then."""
    columns = {**USECASE.contract.columns, "REGION": Column(type="string", required=False)}
    usecase = USECASE.model_copy(
        update={
            "contract": USECASE.contract.model_copy(update={"columns": columns}),
            "evaluation": USECASE.evaluation.model_copy(update={"slices": ("REGION",)}),
        }
    )

    with pytest.raises(MissingColumnsError, match=r"evaluation\.slices, lacks REGION"):
        prepare(source, usecase, SQL, PrepareOutputs.under(tmp_path))

    assert not (tmp_path / contract.TRAIN_CHANNEL).exists()
