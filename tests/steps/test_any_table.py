"""Prepare takes tables of any kind: labels as text, classes, numbers, no time, groups."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_code.core.encoding import TextColumnError
from pipeline_code.core.errors import ErrorBudgetExceededError, SingleClassError
from pipeline_code.core.tables import Columns, connect, read_columns
from pipeline_code.core.usecase import AS_THEY_ARE, UseCase
from pipeline_code.steps.drawn_split import EmptyPartError, OneGroupError, RareClassError
from pipeline_code.steps.features import FeatureSqlError, UnusableFeatureError
from pipeline_code.steps.freshness import StaleDataError
from pipeline_code.steps.prepare import PrepareOutputs, PrepareResult, prepare

PROBLEMS: dict[str, dict[str, Any]] = {
    "binary": {"type": "binary", "target": "LABEL", "positive": "yes"},
    "multiclass": {"type": "multiclass", "target": "LABEL", "classes": ["red", "green", "blue"]},
    "regression": {"type": "regression", "target": "LABEL"},
}
METRICS = {"binary": "auc_roc", "multiclass": "accuracy", "regression": "rmse"}
LABELS = {
    "binary": ["yes", "no", "no", "no"],
    "multiclass": ["red", "green", "blue", "blue"],
    "regression": None,
}


def usecase(kind: str = "binary", **changes: Any) -> UseCase:
    """A use case without time or SQL; sections change by their names."""
    target = "number" if kind == "regression" else "string"
    document: dict[str, Any] = {
        "name": "any",
        "problem": PROBLEMS[kind],
        "contract": {
            "columns": {
                "SIZE": {"type": "number", "nullable": True},
                "COLOUR": {"type": "string", "nullable": True},
                "FLAG": {"type": "boolean"},
                "HOUSE": {"type": "integer"},
                "LABEL": {"type": target},
            }
        },
        "features": {"inputs": ["SIZE", "COLOUR", "FLAG"]},
        "split": {"method": "stratified"},
        "gate": {"metric": METRICS[kind]},
    }
    for section, values in changes.items():
        document[section] = {**document.get(section, {}), **values}
    return UseCase.model_validate(document)


def rows(kind: str = "binary", count: int = 400) -> list[list[Any]]:
    """Rows with gaps, three colours, forty houses and no two alike."""
    labels = LABELS[kind]
    return [
        [
            "" if i % 17 == 0 else i / 8,
            ["", "red", "blue", "green, or so"][i % 4],
            i % 3 == 0,
            i % 40,
            labels[i // 4 % 4] if labels else i * i % 977 + 0.5,
        ]
        for i in range(count)
    ]


def csv(folder: Path, values: Sequence[Sequence[Any]], name: str = "rows.csv") -> Path:
    """Write rows as CSV."""
    lines = [
        ",".join(f'"{cell}"' if "," in str(cell) else str(cell) for cell in row) for row in values
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join(["SIZE,COLOUR,FLAG,HOUSE,LABEL", *lines]) + "\n")
    return folder / name


def run(source: Path, root: Path, case: UseCase, sql: str = AS_THEY_ARE) -> PrepareResult:
    """Prepare a source."""
    return prepare(source, case, sql, PrepareOutputs.under(root))


def parts(root: Path) -> list[Columns]:
    """Read train, validation and test."""
    return [
        read_columns(root / name / f"{name}.parquet") for name in ("train", "validation", "test")
    ]


def hashes(root: Path) -> dict[str, str]:
    """Hash every file below a folder."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_labels_become_0_and_1_and_categories_stay_text(tmp_path: Path) -> None:
    """A model of later can read the words itself; gaps are gaps."""
    run(csv(tmp_path, rows()), tmp_path / "out", usecase())

    train, validation, test = parts(tmp_path / "out")
    assert [len(part["LABEL"]) for part in (train, validation, test)] == [260, 60, 80]
    for part in (train, validation, test):
        assert list(part) == ["HOUSE", "SIZE", "COLOUR", "FLAG", "LABEL"]
        assert part["LABEL"].sum() == len(part["LABEL"]) / 4, "yes is every fourth"
        assert {*part["COLOUR"]} == {None, "red", "blue", "green, or so"}
        assert {*part["FLAG"].tolist()} == {0, 1}
        assert part["FLAG"].dtype.kind == "i"
    assert np.isnan(train["SIZE"]).any()


def test_classes_become_their_places(tmp_path: Path) -> None:
    """In the order of the settings, in every part."""
    result = run(csv(tmp_path, rows("multiclass")), tmp_path / "out", usecase("multiclass"))

    for part, made in zip(parts(tmp_path / "out"), result.parts, strict=True):
        counts = np.bincount(part["LABEL"]).tolist()
        assert counts == [len(part["LABEL"]) // 4] * 2 + [len(part["LABEL"]) // 2]
        assert made.figures()["target"]["classes"] == dict(
            zip(["red", "green", "blue"], counts, strict=True)
        )


def test_a_number_stays_a_number_and_is_spread_over_the_parts(tmp_path: Path) -> None:
    """Each part has a tenth of its rows in each tenth of the target."""
    result = run(csv(tmp_path, rows("regression")), tmp_path / "out", usecase("regression"))

    every = np.concatenate([part["LABEL"] for part in parts(tmp_path / "out")])
    edges = np.quantile(every, np.arange(1, 10) / 10)
    for part in parts(tmp_path / "out"):
        counts = np.bincount(np.searchsorted(edges, part["LABEL"]))
        assert np.ptp(counts) <= 2
    figures = result.parts[0].figures()["target"]
    assert figures["mean"] == pytest.approx(parts(tmp_path / "out")[0]["LABEL"].mean())
    assert "positives" not in result.parts[0].figures()


@pytest.mark.parametrize("method", ["stratified", "random", "grouped"])
@pytest.mark.parametrize("kind", PROBLEMS)
def test_same_rows_same_bytes_whatever_the_files(tmp_path: Path, kind: str, method: str) -> None:
    """Turned round, in two files, as JSON and Parquet: neither the parts nor a byte move."""
    case = usecase(kind, split={"method": method, "group": "HOUSE"})
    source = csv(tmp_path / "one", rows(kind))
    mixed = tmp_path / "mixed"
    csv(mixed, rows(kind)[200:][::-1], "b.csv")
    with connect() as database:
        types = "SIZE: 'double', COLOUR: 'varchar', FLAG: 'boolean', HOUSE: 'bigint'"
        types += ", LABEL: 'double'" if kind == "regression" else ", LABEL: 'varchar'"
        read = f"read_csv('{source}', columns = {{{types}}}) limit 200"
        database.execute(f"copy (from (from {read}) where HOUSE % 2 = 0) to '{mixed}/a.parquet'")
        database.execute(f"copy (from (from {read}) where HOUSE % 2 = 1) to '{mixed}/c.jsonl'")

    first = run(source, tmp_path / "out1", case)
    second = run(mixed, tmp_path / "out2", case)

    assert first.data_hash == second.data_hash
    assert hashes(tmp_path / "out1") == hashes(tmp_path / "out2")


def test_another_seed_is_another_split(tmp_path: Path) -> None:
    """Of the same rows, with the same sizes."""
    source = csv(tmp_path, rows())
    run(source, tmp_path / "0", usecase())
    run(source, tmp_path / "1", usecase(split={"seed": 1}))

    one, other = ({*parts(tmp_path / name)[2]["SIZE"].tolist()} for name in "01")
    assert len(one & other) < len(one) / 2


def test_equal_rows_are_on_one_side(tmp_path: Path) -> None:
    """A row that was delivered ten times is not learned and then tested."""
    run(csv(tmp_path, rows(count=80) * 10), tmp_path / "out", usecase())

    sides = [
        Counter(zip(part["SIZE"].tolist(), part["HOUSE"].tolist(), strict=True))
        for part in parts(tmp_path / "out")
    ]
    known = [{row for row in side if row[0] == row[0]} for side in sides]
    assert not known[0] & known[1]
    assert not (known[0] | known[1]) & known[2]
    assert all(side[row] == 10 for side, some in zip(sides, known, strict=True) for row in some)


def test_a_group_is_on_one_side(tmp_path: Path) -> None:
    """No house is known from training when it is tested; its share is met."""
    case = usecase(split={"method": "grouped", "group": "HOUSE"})
    run(csv(tmp_path, rows()), tmp_path / "out", case)

    train, validation, test = ({*part["HOUSE"].tolist()} for part in parts(tmp_path / "out"))
    assert not train & validation
    assert not (train | validation) & test
    assert (len(train), len(validation), len(test)) == (26, 6, 8)


def test_rows_without_a_group_stay_together(tmp_path: Path) -> None:
    """Whether they belong together nobody knows, so they are not parted."""
    case = usecase(split={"method": "grouped", "group": "COLOUR"})
    result = run(csv(tmp_path, rows()), tmp_path / "out", case)

    missing = [sum(value is None for value in part["COLOUR"]) for part in parts(tmp_path / "out")]
    assert sorted(missing) == [0, 0, 100]
    assert sum(part.rows for part in result.parts) == 400


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([*rows("multiclass"), *[[1, "red", True, 1, "blue"]]], None),
        (
            [row for row in rows("multiclass") if row[4] != "green"]
            + [[1, "red", True, 1, "green"], [2, "red", True, 1, "green"]],
            r"class 'green' of LABEL has 2 rows, too few for 3 parts",
        ),
        (
            [row for row in rows("multiclass") if row[4] != "green"],
            r"class 'green' of LABEL has 0 rows",
        ),
    ],
)
def test_a_rare_class_is_named(tmp_path: Path, values: list[Any], message: str | None) -> None:
    """With its rows and what to do, in one line."""
    source = csv(tmp_path, values)
    if message is None:
        run(source, tmp_path / "out", usecase("multiclass"))
        return
    with pytest.raises(RareClassError, match=message) as caught:
        run(source, tmp_path / "out", usecase("multiclass"))
    assert "problem.classes" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_class_that_chance_left_out_is_named(tmp_path: Path) -> None:
    """Three rows of a class may all train where nothing holds them apart."""
    few = [row for row in rows("multiclass") if row[4] != "green"]
    few += [[1, "red", True, 1, "green"]]

    with pytest.raises(RareClassError, match=r"'green' of LABEL has no rows in the test split"):
        run(
            csv(tmp_path, few),
            tmp_path / "out",
            usecase("multiclass", split={"method": "random", "seed": 3}),
        )


def test_one_class_only_is_one_line(tmp_path: Path) -> None:
    """The positive label that never comes."""
    none = [[*row[:4], "no"] for row in rows()]

    with pytest.raises(SingleClassError, match="every LABEL is 0"):
        run(csv(tmp_path, none), tmp_path / "out", usecase(split={"method": "random"}))


def test_one_group_only_is_one_line(tmp_path: Path) -> None:
    """There is nothing to hold back."""
    same = [[*row[:3], 7, row[4]] for row in rows()]

    with pytest.raises(OneGroupError, match="every HOUSE is 7"):
        run(
            csv(tmp_path, same),
            tmp_path / "out",
            usecase(split={"method": "grouped", "group": "HOUSE"}),
        )


@pytest.mark.parametrize(
    ("split", "count", "message"),
    [
        ({"method": "random"}, 2, "the validation split has no rows.*deliver more rows"),
        ({"method": "random"}, 1, "has no rows"),
        ({"method": "grouped", "group": "FLAG"}, 400, "validation split.*validation_share: 0"),
    ],
)
def test_an_empty_part_is_one_line(
    tmp_path: Path, split: dict[str, Any], count: int, message: str
) -> None:
    """It says how many rows each part would have and what to change."""
    with pytest.raises(EmptyPartError, match=message) as caught:
        run(csv(tmp_path, rows(count=count)), tmp_path / "out", usecase(split=split))
    assert "\n" not in str(caught.value)


def test_all_rows_equal_cannot_be_tested(tmp_path: Path) -> None:
    """Equal rows stay together, so there are no others."""
    with pytest.raises(EmptyPartError, match="the validation split has no rows"):
        run(
            csv(tmp_path, [[1, "red", True, 1, 2.5]] * 50),
            tmp_path / "out",
            usecase("regression"),
        )


def test_two_rows_can_be_split(tmp_path: Path) -> None:
    """The smallest table: one trains, one is tested."""
    case = usecase("regression", split={"validation_share": 0.0})

    run(csv(tmp_path, rows("regression", 2)), tmp_path / "out", case)

    assert [len(part["LABEL"]) for part in parts(tmp_path / "out")] == [1, 0, 1]


def test_a_constant_number_is_split_and_described(tmp_path: Path) -> None:
    """One stratum, no spread, no correlation."""
    values = [[*row[:4], 2.5] for row in rows()]

    profile = run(csv(tmp_path, values), tmp_path / "out", usecase("regression")).profile

    assert profile["split"]["test"]["rows"] == 80
    assert profile["split"]["test"]["target"]["std"] == 0
    assert profile["correlations"]["target"]["SIZE"] is None
    assert profile["likely_leaks"] == []


@pytest.mark.parametrize(
    ("kind", "label", "reason"),
    [
        ("multiclass", "yellow", "LABEL is not one of red, green, blue"),
        ("multiclass", "", "LABEL is missing"),
        ("binary", "", "LABEL is missing"),
        ("regression", "much", "LABEL is not a finite number"),
    ],
)
def test_an_unknown_label_is_quarantined(
    tmp_path: Path, kind: str, label: str, reason: str
) -> None:
    """Also where the contract allows gaps: no row is learned without a label."""
    case = usecase(kind)
    column = case.contract.columns["LABEL"].model_copy(update={"nullable": True})
    columns = {**case.contract.columns, "LABEL": column}
    case = case.model_copy(
        update={"contract": case.contract.model_copy(update={"columns": columns})}
    )

    result = run(csv(tmp_path, [*rows(kind), [1, "red", True, 1, label]]), tmp_path / "out", case)

    assert result.intake.reasons == {reason: 1}
    assert result.intake.rows_out == 400


def test_labels_that_the_contract_does_not_allow_are_quarantined(tmp_path: Path) -> None:
    """A binary label is positive, negative or a mistake."""
    case = usecase(
        contract={
            "columns": {
                **usecase().model_dump(exclude_unset=True)["contract"]["columns"],
                "LABEL": {"type": "string", "allowed": ["yes", "no"]},
            }
        }
    )

    result = run(csv(tmp_path, [*rows(), [1, "red", True, 1, "nay"]]), tmp_path / "out", case)

    assert result.intake.reasons == {"LABEL is not one of yes, no": 1}


@pytest.mark.parametrize(
    ("kind", "target", "positive", "label"),
    [
        ("boolean", {"type": "boolean"}, True, ["true", "false"]),
        ("integer", {"type": "integer"}, 2, ["2", "1"]),
        ("number", {"type": "number"}, 2.0, ["2.0", "1"]),
        ("half", {"type": "number"}, 0.5, ["0.5", "1"]),
        ("spaced", {"type": "string"}, ">50K", [" >50K", " <=50K"]),
    ],
)
def test_a_label_is_matched_as_text(
    tmp_path: Path, kind: str, target: dict[str, Any], positive: Any, label: list[str]
) -> None:
    """``true``, ``2``, ``2.0`` and a space in front: as people write labels."""
    document = usecase().model_dump(mode="json", exclude_unset=True)
    document["problem"]["positive"] = positive
    document["contract"]["columns"]["LABEL"] = target
    values = [[*row[:4], label[0] if row[4] == "yes" else label[1]] for row in rows()]

    run(csv(tmp_path, values), tmp_path / "out", UseCase.model_validate(document))

    assert [part["LABEL"].sum() for part in parts(tmp_path / "out")] == [65, 15, 20]


def test_free_text_is_refused_before_training(tmp_path: Path) -> None:
    """With one of its values and what to do."""
    values = [
        [row[0], f"this is comment number {i} of all", *row[2:]] for i, row in enumerate(rows())
    ]

    with pytest.raises(TextColumnError, match=r"COLOUR is free text.*features\.sql"):
        run(csv(tmp_path, values), tmp_path / "out", usecase())


def test_a_time_is_no_input(tmp_path: Path) -> None:
    """Hours and weekdays can be learned from, a moment cannot."""
    sql = "select * replace (timestamp '2026-01-01' as SIZE) from transactions"

    with pytest.raises(UnusableFeatureError, match="SIZE, which is of type TIMESTAMP"):
        run(csv(tmp_path, rows()), tmp_path / "out", usecase(), sql)


def test_a_label_that_the_sql_loses_is_one_line(tmp_path: Path) -> None:
    """A join that does not match must not make labels of nothing."""
    sql = "select * replace (case when HOUSE > 1 then LABEL end as LABEL) from transactions"

    with pytest.raises(FeatureSqlError, match="leaves 20 rows without a LABEL"):
        run(csv(tmp_path, rows()), tmp_path / "out", usecase(), sql)


def test_rows_are_ordered_by_a_unique_key_where_there_is_one(tmp_path: Path) -> None:
    """A person who looks for a row finds it."""
    case = usecase(
        contract={**usecase().model_dump(exclude_unset=True)["contract"], "unique": ["HOUSE"]}
    )
    values = [[*row[:3], i, row[4]] for i, row in enumerate(rows())]

    run(csv(tmp_path, values), tmp_path / "out", case)

    houses = parts(tmp_path / "out")[0]["HOUSE"]
    assert np.array_equal(houses, np.sort(houses))


@pytest.mark.parametrize("kind", PROBLEMS)
def test_the_profile_relates_columns_to_any_target(tmp_path: Path, kind: str) -> None:
    """Every bar says how the target lies in it; a copy of the target is a likely leak."""
    case = usecase(kind, features={"sql": "features.sql", "inputs": ["SIZE", "COLOUR", "COPY"]})
    sql = "select *, LABEL as COPY from transactions"

    profile = run(csv(tmp_path, rows(kind)), tmp_path / "out", case, sql).profile

    assert json.loads((tmp_path / "out/profile/profile.json").read_text()) == profile
    bars = profile["columns"]["COLOUR"]["histogram"]
    match kind:
        case "binary":
            assert sum(bars["positives"]) < sum(bars["counts"]) == 300
        case "multiclass":
            assert [sum(counts) for counts in bars["classes"]] == bars["counts"]
        case _:
            reds = [row[4] for row in rows(kind) if row[1] == "red"]
            mean = bars["means"][bars["values"].index("red")]
            assert mean == pytest.approx(np.mean(reds), abs=1e-5)
    assert [leak["feature"] for leak in profile["likely_leaks"]] == ["COPY"]
    assert profile["target_relation"]["COPY"]["score"] > 0.99
    assert profile["target_relation"]["SIZE"]["score"] < 0.9
    assert set(profile["drift"]["COLOUR"]) == {"validation", "test"}
    assert profile["drift_thresholds"] == {"warning": 0.1, "alarm": 0.25}


def test_what_moved_between_the_parts_is_seen(tmp_path: Path) -> None:
    """A feature that means something else in the test rows; bins come from the training rows."""
    case = usecase(split={"method": "grouped", "group": "HOUSE"})
    run(csv(tmp_path / "a", rows(count=4_000)), tmp_path / "a/out", case)
    tested = {*parts(tmp_path / "a/out")[2]["HOUSE"].tolist()}
    moved = [[1_000, "violet", *row[2:]] if row[3] in tested else row for row in rows(count=4_000)]

    drift = run(csv(tmp_path / "b", moved), tmp_path / "b/out", case).profile["drift"]

    assert min(drift[name]["test"] for name in ("SIZE", "COLOUR")) > 1
    assert max(drift[name]["validation"] for name in ("SIZE", "FLAG")) < 0.1


def timed(**contract: Any) -> UseCase:
    """A use case whose rows have a time."""
    document = usecase().model_dump(mode="json", exclude_unset=True)
    document["contract"] |= contract
    document["contract"]["columns"]["SIZE"] = {"type": "timestamp"}
    document["features"]["inputs"] = ["COLOUR"]
    document["split"] = {"method": "random", "event_time": "SIZE"}
    return UseCase.model_validate(document)


@pytest.mark.parametrize(
    ("as_of", "fresh"),
    [(None, True), (date(2026, 2, 9), True), (date(2026, 2, 10), False), (date(2025, 1, 1), True)],
)
def test_old_data_are_refused_where_it_matters(
    tmp_path: Path, as_of: date | None, fresh: bool
) -> None:
    """Seven days are allowed, eight are not; where nobody says the day, nothing is checked."""
    values = [[f"2026-02-{i % 2 + 1:02}", "red", *row[2:]] for i, row in enumerate(rows())]
    source, outputs = csv(tmp_path, values), PrepareOutputs.under(tmp_path / "out")
    case = timed(freshness_days=7)

    if fresh:
        prepare(source, case, AS_THEY_ARE, outputs, as_of=as_of)
    else:
        with pytest.raises(StaleDataError, match=r"SIZE is of 2026-02-02, 8 days before"):
            prepare(source, case, AS_THEY_ARE, outputs, as_of=as_of)


def test_the_error_budget_counts_unknown_labels(tmp_path: Path) -> None:
    """A label that was renamed at the source is not learned as negative."""
    values = [[*row[:4], "RED" if row[4] == "red" else row[4]] for row in rows("multiclass")]

    with pytest.raises(ErrorBudgetExceededError, match="LABEL is not one of red, green, blue"):
        run(csv(tmp_path, values), tmp_path / "out", usecase("multiclass"))


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(-1e6, 1e6), st.sampled_from(["a", "b"]), st.integers(0, 3), st.booleans()
        ),
        min_size=12,
        max_size=60,
    ),
    st.sampled_from(["stratified", "random", "grouped"]),
)
def test_every_row_is_in_one_part(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any], method: str
) -> None:
    """None is lost, none is in two, whatever the rows say; or the run says why it stops."""
    folder = tmp_path_factory.mktemp("rows")
    some = [[size, colour, flag, house, size] for size, colour, house, flag in values]
    case = usecase("regression", split={"method": method, "group": "HOUSE"})

    try:
        result = run(csv(folder, some), folder / "out", case)
    except (EmptyPartError, OneGroupError):
        return

    assert sum(part.rows for part in result.parts) == len(values)
    sizes = sorted(size for part in parts(folder / "out") for size in part["SIZE"].tolist())
    assert sizes == sorted(float(size) for size, *_ in some)
