"""A planted look into the future is found and named; honest windows pass."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline_code import contract
from pipeline_code.core.tables import Connection, connect
from pipeline_code.core.usecase import AS_THEY_ARE, UseCase, load_usecase, read_sql
from pipeline_code.steps.features import FeatureSqlError, make_features
from pipeline_code.steps.leakage import (
    FutureLookingFeatureError,
    find_future_looks,
    require_no_future,
)
from pipeline_code.steps.quarantine import ACCEPTED
from pipeline_code.steps.reception import receive
from pipeline_code.usecases.fraud.simulator import write_transactions

FRAUD = contract.usecase_folder("fraud")
DOCUMENT: dict[str, Any] = {
    "name": "shop",
    "problem": {"type": "binary", "target": "BACK"},
    "contract": {
        "unique": ["ID"],
        "columns": {
            "ID": {"type": "integer"},
            "WHO": {"type": "integer"},
            "DAY": {"type": "timestamp"},
            "PAID": {"type": "number"},
            "BACK": {"type": "integer", "allowed": [0, 1]},
        },
    },
    "features": {"sql": "features.sql", "inputs": ["FEATURE", "PAID"]},
    "split": {"event_time": "DAY", "gap_days": 7},
    "gate": {"metric": "auc_roc"},
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty days, ten a day, of twenty customers."""
    path = tmp_path_factory.mktemp("shop") / "rows.csv"
    rows = [
        f"{i},{i * 7 % 20},2026-{1 + i // 280:02}-{1 + i // 10 % 28:02} {i % 10:02}:00:00,"
        f"{i * 31 % 97}.5,{int(i * 13 % 5 == 0)}"
        for i in range(560)
    ]
    path.write_text("\n".join(["ID,WHO,DAY,PAID,BACK", *rows]) + "\n")
    return path


def usecase(**changes: Any) -> UseCase:
    """The use case of the shop with other sections."""
    return UseCase.model_validate({**DOCUMENT, **changes})


@pytest.fixture
def database() -> Iterator[Connection]:
    """An empty database."""
    with connect() as database:
        yield database


def looks(database: Connection, source: Path, case: UseCase, feature: str) -> list[tuple[str, str]]:
    """Make one feature of SQL and say what it sees that it should not."""
    sql = f"select *, {feature} as FEATURE from transactions"  # noqa: S608
    received = receive(database, source, case)
    make_features(database, case, sql, received.intake)
    found = find_future_looks(database, case, sql, received.intake.columns)
    return [(look.feature, look.seen) for look in found]


BEFORE = "(partition by WHO order by DAY range between interval 30 day preceding and current row)"
FUTURE = [
    "avg(PAID) over (partition by WHO)",
    "lead(PAID) over (partition by WHO order by DAY, ID)",
    "PAID / sum(PAID) over ()",
    "avg(PAID) over (partition by WHO order by DAY range between interval 3 day preceding "
    "and interval 3 day following)",
    "(select max(t.DAY) - transactions.DAY > interval 9 day from transactions as t "
    "where t.WHO = transactions.WHO)",
    "case when lead(PAID) over (order by DAY, ID) > 50 then 'much' else 'little' end",
]
HONEST = [
    f"avg(PAID) over {BEFORE}",
    "lag(PAID) over (partition by WHO order by DAY, ID)",
    "row_number() over (partition by WHO order by DAY, ID)",
    "case when PAID > 50 then 'much' else 'little' end",
    "sum(BACK) over (partition by WHO order by DAY range between unbounded preceding "
    "and interval 7 day preceding)",
]
LABELS = [
    f"avg(BACK) over {BEFORE}",
    "sum(BACK) over (partition by WHO order by DAY range between unbounded preceding "
    "and interval 6 day preceding)",
    "1 - BACK",
]


@pytest.mark.parametrize("feature", FUTURE)
def test_later_rows_are_seen_by_nobody(database: Connection, shop: Path, feature: str) -> None:
    """A mean over all rows of a customer, the next row, a maximum of the whole table."""
    assert looks(database, shop, usecase(), feature) == [("FEATURE", "rows")]


@pytest.mark.parametrize("feature", HONEST)
def test_windows_that_end_in_time_pass(database: Connection, shop: Path, feature: str) -> None:
    """Of rows until now, and of labels that are a week old."""
    assert looks(database, shop, usecase(), feature) == []


@pytest.mark.parametrize("feature", LABELS)
def test_young_labels_are_seen_by_nobody(database: Connection, shop: Path, feature: str) -> None:
    """Not the row's own, nor one that is known only tomorrow."""
    assert looks(database, shop, usecase(), feature) == [("FEATURE", "labels")]


def test_without_a_gap_only_the_moment_itself_is_too_young(
    database: Connection, shop: Path
) -> None:
    """Yesterday's label is known where nothing says that labels come late."""
    split = {"method": "random", "event_time": "DAY"}
    yesterday = (
        "sum(BACK) over (partition by WHO order by DAY range between unbounded preceding "
        "and interval 1 second preceding)"
    )

    assert looks(database, shop, usecase(split=split), yesterday) == []


def test_its_own_label_is_too_young_without_a_gap(database: Connection, shop: Path) -> None:
    """It is what is to be predicted."""
    split = {"method": "random", "event_time": "DAY"}

    found = looks(database, shop, usecase(split=split), f"avg(BACK) over {BEFORE}")

    assert found == [("FEATURE", "labels")]


@pytest.mark.parametrize(
    ("feature", "seen"),
    [
        ("PAID * 2", []),
        ("avg(PAID) over (partition by WHO)", [("FEATURE", "rows")]),
        ("1 - BACK", [("FEATURE", "labels")]),
    ],
)
def test_without_time_a_row_sees_itself_alone(
    database: Connection, shop: Path, feature: str, seen: list[tuple[str, str]]
) -> None:
    """Other rows may be those of the test."""
    assert looks(database, shop, usecase(split={"method": "random"}), feature) == seen


def test_groups_may_see_themselves(database: Connection, shop: Path) -> None:
    """Where a group is never parted, its mean tells the test nothing."""
    split = {"method": "grouped", "group": "WHO"}

    assert looks(database, shop, usecase(split=split), "avg(PAID) over (partition by WHO)") == []


def test_the_error_names_feature_row_and_values(database: Connection, shop: Path) -> None:
    """Somebody has to find the window in the SQL."""
    sql = "select *, max(ID) over () as FEATURE from transactions"
    received = receive(database, shop, usecase())
    make_features(database, usecase(), sql, received.intake)

    with pytest.raises(
        FutureLookingFeatureError,
        match=r"features\.sql of shop looks into the future: FEATURE of the row with ID \d+ is "
        r"559, and \d+ without the rows after 2026-",
    ) as caught:
        require_no_future(database, usecase(), sql, received.intake.columns)
    assert "\n" not in str(caught.value)


def test_the_tables_are_as_before(database: Connection, shop: Path) -> None:
    """The check can stand before any step."""
    looks(database, shop, usecase(), FUTURE[0])

    assert database.execute(f"select count(*) from {ACCEPTED}").fetchall() == [(560,)]  # noqa: S608
    assert receive_names(database) >= {"transactions", "featured"}


def receive_names(database: Connection) -> set[str]:
    """List the tables."""
    return {row[0] for row in database.execute("show tables").fetchall()}


def test_rows_that_others_keep_alive_are_noticed(database: Connection, shop: Path) -> None:
    """A join that needs a later row drops this one, as long as that has not come."""
    sql = (
        "select t.*, n.PAID as FEATURE from transactions as t join transactions as n "
        "on n.ID = (t.ID + 1) % 560"
    )
    received = receive(database, shop, usecase())
    make_features(database, usecase(), sql, received.intake)

    with pytest.raises(FeatureSqlError, match="when the others are not there yet"):
        find_future_looks(database, usecase(), sql, received.intake.columns)


def test_equal_rows_are_compared_too(database: Connection, tmp_path: Path) -> None:
    """Without a key, rows may be there twice."""
    document = {**DOCUMENT, "contract": {"columns": DOCUMENT["contract"]["columns"]}}
    rows = [f"1,{i % 3},2026-01-{1 + i % 28:02},{i % 28}.5,{i % 28 % 2}" for i in range(28 * 6)]
    (tmp_path / "rows.csv").write_text("\n".join(["ID,WHO,DAY,PAID,BACK", *rows]) + "\n")
    case = UseCase.model_validate(document)

    assert looks(database, tmp_path, case, "max(PAID) over (partition by WHO)") == [
        ("FEATURE", "rows")
    ]


def test_without_sql_there_is_nothing_to_see(database: Connection, shop: Path) -> None:
    """A row as it came cannot look anywhere."""
    case = usecase(features={"inputs": ["PAID"]})
    received = receive(database, shop, case)
    make_features(database, case, AS_THEY_ARE, received.intake)

    assert find_future_looks(database, case, AS_THEY_ARE, received.intake.columns) == ()


def test_joins_do_not_see_later_records(database: Connection, shop: Path, tmp_path: Path) -> None:
    """The join itself passes; SQL that looks the record of the end up does not."""
    (tmp_path / "club").mkdir()
    (tmp_path / "rows.csv").write_text(shop.read_text())
    records = [f"{i % 20},2026-{1 + i // 40:02}-{1 + i % 28:02},{i}" for i in range(80)]
    (tmp_path / "club" / "a.csv").write_text("\n".join(["WHO,SINCE,POINTS", *records]) + "\n")
    club = {
        "name": "club",
        "key": "WHO",
        "event_time": "SINCE",
        "contract": {
            "columns": {
                "WHO": {"type": "integer"},
                "SINCE": {"type": "timestamp"},
                "POINTS": {"type": "integer"},
            }
        },
    }
    case = usecase(features={**DOCUMENT["features"], "joins": [club]})

    assert looks(database, tmp_path, case, "coalesce(club_POINTS, 0)") == []


def test_what_the_project_ships_passes(database: Connection, tmp_path: Path) -> None:
    """Fifteen windows over cards and terminals, labels known after a week."""
    source = write_transactions(tmp_path, seed=1, customers=120, terminals=300, days=60)
    fraud = load_usecase(FRAUD)
    sql = read_sql(FRAUD, fraud)
    received = receive(database, source, fraud)
    make_features(database, fraud, sql, received.intake)

    require_no_future(database, fraud, sql, received.intake.columns)


def test_a_shorter_delay_in_what_the_project_ships_is_found(
    database: Connection, tmp_path: Path
) -> None:
    """Frauds known at once instead of after a week: the mistake that inflates results most."""
    source = write_transactions(tmp_path, seed=1, customers=120, terminals=300, days=60)
    fraud = load_usecase(FRAUD)
    sql = read_sql(FRAUD, fraud).replace(
        "interval 7 day preceding\n        )", "current row\n        )"
    )
    received = receive(database, source, fraud)
    make_features(database, fraud, sql, received.intake)

    with pytest.raises(FutureLookingFeatureError, match="TERMINAL_ID_RISK_1DAY_WINDOW"):
        require_no_future(database, fraud, sql, received.intake.columns)
