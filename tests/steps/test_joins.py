"""A row gets what was known of its key at its time: never more, and always the same."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_code.core.errors import ErrorBudgetExceededError
from pipeline_code.core.tables import connect, read_columns
from pipeline_code.core.usecase import AS_THEY_ARE, UseCase
from pipeline_code.steps.freshness import StaleDataError
from pipeline_code.steps.prepare import PrepareOutputs, PrepareResult, prepare
from pipeline_code.steps.reception import receive
from pipeline_code.steps.source import SourceError

DOCUMENT: dict[str, Any] = {
    "name": "loans",
    "problem": {"type": "binary", "target": "LATE"},
    "contract": {
        "error_budget": 0.5,
        "columns": {
            "WHO": {"type": "string", "nullable": True},
            "AT": {"type": "timestamp"},
            "LATE": {"type": "integer"},
        },
    },
    "features": {
        "inputs": ["rating_GRADE", "rating_POINTS"],
        "joins": [
            {
                "name": "rating",
                "key": "WHO",
                "event_time": "SINCE",
                "contract": {
                    "error_budget": 0.5,
                    "columns": {
                        "WHO": {"type": "string", "nullable": True},
                        "SINCE": {"type": "timestamp"},
                        "GRADE": {"type": "string"},
                        "POINTS": {"type": "number", "nullable": True, "required": False},
                    },
                },
            }
        ],
    },
    "split": {"method": "random", "event_time": "AT"},
    "gate": {"metric": "auc_roc"},
}
USECASE = UseCase.model_validate(DOCUMENT)


def write(
    folder: Path, rows: list[str], ratings: list[str], columns: str = "WHO,SINCE,GRADE"
) -> Path:
    """Write a source with its join, the records in two files."""
    (folder / "rating").mkdir(parents=True)
    (folder / "rows.csv").write_text("\n".join(["WHO,AT,LATE", *rows]) + "\n")
    half = len(ratings) // 2
    for name, some in (("1.csv", ratings[:half]), ("2.csv", ratings[half:])):
        (folder / "rating" / name).write_text("\n".join([columns, *some]) + "\n")
    return folder


def grades(source: Path) -> list[Any]:
    """Join, and return the rows with their grade."""
    with connect() as database:
        receive(database, source, USECASE)
        return database.execute(
            "select WHO, strftime(\"AT\", '%Y-%m-%d'), rating_GRADE from transactions order by all"
        ).fetchall()


def test_the_latest_record_that_was_known_is_taken(tmp_path: Path) -> None:
    """Of the day before and of the very moment, never of later; of others nothing."""
    source = write(
        tmp_path / "in",
        [f"ann,2026-01-{day:02} 12:00:00,0" for day in (1, 2, 3, 9)] + ["bob,2026-01-09,1"],
        ["ann,2026-01-02 12:00:00,A", "ann,2026-01-02 12:00:01,B", "ann,2026-01-09 12:00:01,C"],
    )

    assert grades(source) == [
        ("ann", "2026-01-01", None),
        ("ann", "2026-01-02", "A"),
        ("ann", "2026-01-03", "B"),
        ("ann", "2026-01-09", "B"),
        ("bob", "2026-01-09", None),
    ]


def test_no_row_is_lost_or_doubled(tmp_path: Path) -> None:
    """Without a key, without a record, with two records of one moment: still one row a row."""
    source = write(
        tmp_path / "in",
        ["ann,2026-01-02,0", ",2026-01-02,0", "ann,2026-01-02,0"],
        ["ann,2026-01-01,A", "ann,2026-01-01,B", ",2026-01-01,N", "ann,2026-01-01,A"],
    )

    found = grades(source)

    assert len(found) == 3
    assert {who for who, _, grade in found if grade is None} == {None}


def test_records_of_one_moment_do_not_depend_on_their_order(tmp_path: Path) -> None:
    """Of two records that contradict each other the same one is taken every time."""
    records = [f"ann,2026-01-01,{grade}" for grade in "ABCDEFGH"]
    first = grades(write(tmp_path / "a", ["ann,2026-01-02,0"], records))

    assert grades(write(tmp_path / "b", ["ann,2026-01-02,0"], records[::-1])) == first


def test_broken_records_are_put_aside_and_counted(tmp_path: Path) -> None:
    """In the same quarantine, below the folder of the join."""
    source = write(
        tmp_path / "in",
        [f"ann,2026-01-{day:02},{day % 2}" for day in range(1, 29)],
        ["ann,2026-01-01,A", "ann,soon,A", "ann,2026-01-03,C", "bob,2026-01-03,C"],
    )
    result = run(source, tmp_path / "out")

    quarantine = read_columns(tmp_path / "out/quarantine/quarantine.parquet")
    assert quarantine["source"].tolist() == ["rating/1.csv"]
    assert result.profile["quarantine_reasons"] == {"rating: SINCE is not a time": 1}
    assert result.profile["joins"]["rating"] == {
        "in": 4,
        "out": 3,
        "quarantined": 1,
        "deduplicated": 0,
        "matched": 28,
    }


def run(source: Path, root: Path) -> PrepareResult:
    """Prepare without SQL."""
    return prepare(source, USECASE, AS_THEY_ARE, PrepareOutputs.under(root))


def test_joined_columns_are_inputs(tmp_path: Path) -> None:
    """Also one that no file has; the columns of the source stay in front."""
    source = write(
        tmp_path / "in",
        [f"ann,2026-01-{day:02},{day % 2}" for day in range(1, 29)],
        ["ann,2026-01-05,A", "ann,2026-01-15,B"],
    )
    run(source, tmp_path / "out")

    train = read_columns(tmp_path / "out/train/train.parquet")
    assert list(train) == ["WHO", "AT", "rating_GRADE", "rating_POINTS", "LATE"]
    assert {*train["rating_GRADE"]} == {None, "A", "B"}


def test_records_count_in_the_hash_of_the_data(tmp_path: Path) -> None:
    """Another rating is other data, though the rows are the same."""
    rows = [f"ann,2026-01-{day:02},{day % 2}" for day in range(1, 29)]
    first = run(write(tmp_path / "a", rows, ["ann,2026-01-05,A"]), tmp_path / "1")
    other = run(write(tmp_path / "b", rows, ["ann,2026-01-05,B"]), tmp_path / "2")

    assert first.data_hash != other.data_hash


def test_a_join_without_folder_is_one_line(tmp_path: Path) -> None:
    """It says where the files are looked for."""
    path = tmp_path / "rows.csv"
    path.write_text("WHO,AT,LATE\nann,2026-01-01,0\n")

    with connect() as database, pytest.raises(SourceError, match="rating is no folder"):
        receive(database, tmp_path, USECASE)


def test_the_budget_of_a_join_is_its_own(tmp_path: Path) -> None:
    """Good rows do not make up for ratings that cannot be read; the quarantine is written."""
    source = write(
        tmp_path / "in", ["ann,2026-01-02,0"], ["ann,soon,A", "ann,later,B", "ann,2026-01-01,C"]
    )
    file = tmp_path / "quarantine.parquet"

    with connect() as database, pytest.raises(ErrorBudgetExceededError, match="rating: 2 of 3"):
        receive(database, source, USECASE, quarantine=file)
    assert len(read_columns(file)["record"]) == 2


def test_a_join_has_an_age_of_its_own(tmp_path: Path) -> None:
    """Fresh rows with last year's ratings are not fresh."""
    document = json.loads(json.dumps(DOCUMENT))
    document["features"]["joins"][0]["contract"]["freshness_days"] = 3
    source = write(tmp_path / "in", ["ann,2026-02-02,0"], ["ann,2026-01-01,A"])

    with connect() as database, pytest.raises(StaleDataError, match="SINCE is of 2026-01-01"):
        receive(database, source, UseCase.model_validate(document), as_of=date(2026, 2, 2))


MOMENTS = st.integers(0, 12).map(lambda hour: f"2026-01-01 {hour:02}:00:00")
KEYS = st.sampled_from("abc")


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(KEYS, MOMENTS), min_size=1, max_size=12),
    st.lists(st.tuples(KEYS, MOMENTS), min_size=1, max_size=12, unique=True),
)
def test_it_is_what_a_person_would_look_up(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any], records: list[Any]
) -> None:
    """For each row, the last record of its key that is not later."""
    source = write(
        tmp_path_factory.mktemp("join") / "in",
        [f"{key},{time},0" for key, time in rows],
        [f"{key},{time},g{place}" for place, (key, time) in enumerate(records)],
    )
    expected = []
    for key, time in rows:
        known = [(since, f"g{i}") for i, (who, since) in enumerate(records) if who == key]
        expected.append((key, max((one for one in known if one[0] <= time), default=(0, None))[1]))

    found = [(who, grade) for who, _, grade in grades(source)]

    assert sorted(found, key=str) == sorted(expected, key=str)
