"""The file that is written is the one that a run takes, and says at each line why it is so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline_code.core.usecase import USECASE_FILE, UseCase, load_usecase
from pipeline_code.steps.discovery.discover import Discovery
from pipeline_code.steps.discovery.usecase_yaml import write_usecase
from tests.steps.discovery.conftest import Discover, labels

ROWS = 1_200
RANDOM = np.random.default_rng(3)
LABELS = labels(ROWS)
CUSTOMERS: dict[str, list[Any]] = {
    "customer_no": list(range(ROWS)),
    "age": RANDOM.integers(18, 90, ROWS).tolist(),
    "plan": RANDOM.choice(["basic", "gold", "?"], ROWS).tolist(),
    "balance": RANDOM.normal(0, 100, ROWS).round(2).tolist(),
    "churn_reason": [f"r{len(label)}" for label in LABELS],
    "remark": [f"customer {number} called us twice" for number in range(ROWS)],
    "churn": LABELS,
}


def loaded(found: Discovery, folder: Path) -> tuple[str, UseCase]:
    """Write the file and load it as a run does."""
    text = write_usecase(found, "customers")
    (folder / USECASE_FILE).write_text(text, encoding="utf-8")
    return text, load_usecase(folder)


def test_every_section_of_a_binary_problem(found: Discover, tmp_path: Path) -> None:
    """What was discovered stands where a run looks for it."""
    text, usecase = loaded(found(CUSTOMERS, target="churn"), tmp_path)

    assert (usecase.problem.type, usecase.problem.positive) == ("binary", "yes")
    assert (usecase.source.delimiter, usecase.source.missing) == (",", ("?",))
    assert usecase.contract.unique == ("customer_no",)
    assert set(usecase.contract.columns["churn"].allowed or ()) == {"yes", "no"}
    assert usecase.contract.columns["plan"].allowed is None, "tomorrow's plans are no mistakes"
    assert usecase.contract.columns["plan"].nullable
    assert usecase.contract.columns["age"].minimum == 0
    assert usecase.contract.columns["balance"].minimum is None
    assert usecase.features.inputs == ("age", "plan", "balance")
    assert (usecase.split.method, usecase.gate.metric) == ("stratified", "auc_roc")
    assert usecase.evaluation.slices == ("plan",)
    assert max(map(len, text.splitlines())) <= 100


def test_a_leak_is_one_sign_away_from_being_put_back(found: Discover, tmp_path: Path) -> None:
    """Whoever knows better takes a # away, and the file is still a use case."""
    discovery = found(CUSTOMERS, target="churn")
    text, usecase = loaded(discovery, tmp_path)
    assert "churn_reason" not in usecase.features.inputs
    assert not usecase.contract.columns["churn_reason"].required, "it is not there to be scored"
    assert "    # - churn_reason\n" in text

    (tmp_path / USECASE_FILE).write_text(text.replace("# - churn_reason", "- churn_reason"))
    assert load_usecase(tmp_path).features.inputs[-1] == "churn_reason"


def test_what_is_left_out_is_named_with_its_reason(found: Discover, tmp_path: Path) -> None:
    """A column never disappears without a word."""
    discovery = found(CUSTOMERS, target="churn")
    text, _ = loaded(discovery, tmp_path)
    assert "# remark is free text" in text
    assert "# customer_no is different in nearly every row" in text
    named = {role.name for role in (*discovery.inputs, *discovery.left_out)} | {*discovery.leaks}
    assert named == set(CUSTOMERS) - {"churn"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (RANDOM.choice([0, 1], ROWS, p=[0.98, 0.02]), ("binary", "average_precision")),
        (RANDOM.choice([0, 1, 2], ROWS), ("multiclass", "log_loss")),
        (RANDOM.choice(["a", "b", "c"], ROWS, p=[0.9, 0.07, 0.03]), ("multiclass", "f1_macro")),
        (RANDOM.normal(size=ROWS), ("regression", "rmse")),
    ],
)
def test_metric_follows_from_the_problem(
    found: Discover, tmp_path: Path, values: np.ndarray, expected: tuple[str, str]
) -> None:
    """Where positives are rare, or one label is, the usual metric looks good for nothing."""
    columns = {"x": RANDOM.normal(size=ROWS), "goal": values}
    _, usecase = loaded(found(columns, target="goal"), tmp_path)
    assert (usecase.problem.type, usecase.gate.metric) == expected


def test_a_split_by_time_and_one_by_group(found: Discover, tmp_path: Path) -> None:
    """The event time and the group are no inputs, and always there."""
    days = [f"2026-{1 + number // 28 % 12:02d}-{1 + number % 28:02d}" for number in range(ROWS)]
    columns = {**CUSTOMERS, "signed": sorted(days), "branch": RANDOM.integers(0, 40, ROWS)}
    _, usecase = loaded(found(columns, target="churn"), tmp_path)
    assert (usecase.split.method, usecase.split.event_time) == ("time", "signed")
    assert usecase.split.gap_days > 0
    assert not usecase.contract.columns["signed"].nullable

    discovery = found(columns, target="churn", group="branch", event_time="none")
    _, usecase = loaded(discovery, tmp_path)
    assert (usecase.split.method, usecase.split.group) == ("grouped", "branch")
    assert usecase.evaluation.resample_by == "branch"
    assert {"signed", "branch"}.isdisjoint(usecase.features.inputs)


def test_broken_rows_widen_the_budget_and_are_named(found: Discover, tmp_path: Path) -> None:
    """Else the first run would stop at what init has seen and accepted."""
    columns = {
        f"x{place}": ["oops" if row % 300 == place else row % 7 for row in range(ROWS)]
        for place in range(4)
    }
    text, usecase = loaded(found({**columns, "churn": LABELS}, target="churn"), tmp_path)
    assert usecase.contract.error_budget == pytest.approx(2 * 16 / ROWS, abs=0.001)
    assert "4 rows have something else, like 'oops'" in " ".join(text.replace("#", "").split())


def test_parquet_has_no_section_of_how_text_is_written(found: Discover, tmp_path: Path) -> None:
    """The file says so itself."""
    import duckdb

    path = tmp_path / "t.parquet"
    duckdb.execute(
        f"copy (select range % 7 as x, range % 3 = 0 as goal from range(500)) to '{path}'"  # noqa: S608
    )
    text, usecase = loaded(found(path.read_bytes(), "t.parquet", target="goal"), tmp_path)
    assert "source:" not in text
    assert usecase.problem.positive is True


NAMES = st.lists(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1).filter(
        lambda name: name.strip() == name and not set(name) & set('",;\t|\n')
    ),
    min_size=2,
    max_size=4,
    unique_by=lambda name: name.lower(),
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(NAMES)
def test_any_names_of_columns_give_a_file_that_loads(
    found: Discover, tmp_path: Path, names: list[str]
) -> None:
    """Yes, #1, a: b and 1.0 are names, not YAML."""
    columns = {name: list(range(60)) for name in names[1:]}
    discovery = found(
        {
            **{name: RANDOM.permutation(values) * 97 for name, values in columns.items()},
            names[0]: ["yes", "no"] * 30,
        },
        target=names[0],
    )
    _, usecase = loaded(discovery, tmp_path)
    assert usecase.problem.target == names[0]
    assert set(usecase.contract.columns) == set(names)
