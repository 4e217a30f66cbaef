"""The command line on the feature store: small answers, and refusals of one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from acequia import features
from acequia.errors import CommandError, NotFoundError
from pipeline_code.core.errors import PipelineError
from pipeline_code.local.feature_store import FeatureStore
from pipeline_code.local.home import Home
from tests.acequia.screen import Screen

GROUP = "fraud-customers-v1"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with three records of one customer."""
    home = Home(tmp_path / "home")
    batch = tmp_path / "batch.parquet"
    days = ", ".join(f"(1, '2026-01-0{day}T00:00:00Z', {day})" for day in (1, 2, 3))
    duckdb.execute(f"copy (from (values {days}) as t(CUSTOMER_ID, EventTime, NB)) to '{batch}'")
    store = FeatureStore(home)
    store.put_online(GROUP, batch)
    store.append_offline(GROUP, batch)
    return home


def test_the_latest_record_is_shown_by_entity(home: Home) -> None:
    """An unknown one is null in JSON; a person reads a note about it."""
    screen = Screen()
    features.show_records(home, "fraud", "customers", ["1", "2"], screen.terminal)
    assert screen.document == {
        "1": {"CUSTOMER_ID": 1, "EventTime": "2026-01-03T00:00:00Z", "NB": 3},
        "2": None,
    }

    screen = Screen(as_json=False)
    features.show_records(home, "fraud", "customers", ["1", "2"], screen.terminal)
    assert "CUSTOMER_ID 1" in screen.text
    assert "no record of 2" in screen.err.export_text()


@pytest.mark.parametrize("name", ["customers", "customers-v1", GROUP])
def test_a_group_has_three_names(home: Home, name: str) -> None:
    """As people say it, as the use case versions it, as the store keeps it."""
    screen = Screen()
    features.show_history(home, "fraud", name, "1", ("2026-01-02", "2026-01-02"), screen.terminal)

    assert [record["NB"] for record in screen.document] == [2]


def test_a_list_counts_what_is_there(home: Home, tmp_path: Path) -> None:
    """An empty home says how to fill it."""
    screen = Screen()
    features.show_groups(home, screen.terminal)
    (group,) = screen.document
    assert (group["name"], group["entities"], group["records"]) == (GROUP, 1, 3)

    screen = Screen(as_json=False)
    features.show_groups(Home(tmp_path / "empty"), screen.terminal)
    assert "acequia run" in screen.text


def rows(tmp_path: Path) -> Path:
    """Write a file to join to."""
    path = tmp_path / "rows.csv"
    path.write_text("CUSTOMER_ID,TX_DATETIME\n1,2026-01-02 12:00:00\n", encoding="utf-8")
    return path


def asked(file: Path, **given: Any) -> features.Join:
    """Ask for a join with customers."""
    usual: dict[str, Any] = {
        "groups": ["customers"],
        "time": None,
        "output": None,
        "force": False,
    }
    return features.Join(file, **{**usual, **given})


def test_a_join_takes_the_time_of_the_use_case(home: Home, tmp_path: Path) -> None:
    """And writes beside the file, where nothing else is said."""
    screen = Screen()
    features.join(home, "fraud", asked(rows(tmp_path)), screen.terminal)

    assert screen.document == {
        "output": str(tmp_path / "rows-joined.csv"),
        "rows": 1,
        "known": {"customers": 1},
    }
    assert "2026-01-02T00:00:00Z" in (tmp_path / "rows-joined.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"groups": ["customer"]}, "no feature group 'customer' in fraud; did you mean"),
        ({"output": Path("/nowhere/out.csv")}, "/nowhere is no folder"),
        ({"time": "WHEN"}, "has no column 'WHEN'"),
        ({"groups": ["terminals"]}, "has no column 'TERMINAL_ID'"),
    ],
)
def test_a_join_that_cannot_be_is_one_line(
    home: Home, tmp_path: Path, given: dict[str, Any], message: str
) -> None:
    """What, where, what there is."""
    with pytest.raises((CommandError, PipelineError), match=message) as caught:
        features.join(home, "fraud", asked(rows(tmp_path), **given), Screen().terminal)
    assert "\n" not in str(caught.value)


def test_an_existing_output_is_not_replaced_unasked(home: Home, tmp_path: Path) -> None:
    """Nor is the file itself, asked or not."""
    file = rows(tmp_path)
    (tmp_path / "rows-joined.csv").write_text("precious", encoding="utf-8")

    with pytest.raises(CommandError, match=r"rows-joined.csv is there already; .*--force"):
        features.join(home, "fraud", asked(file), Screen().terminal)
    with pytest.raises(CommandError, match="is the file to be read"):
        features.join(home, "fraud", asked(file, output=file, force=True), Screen().terminal)
    features.join(home, "fraud", asked(file, force=True), Screen().terminal)
    assert "precious" not in (tmp_path / "rows-joined.csv").read_text(encoding="utf-8")


def test_what_is_not_there_is_told(home: Home) -> None:
    """An entity, a time, a use case; and bounds the wrong way round."""
    with pytest.raises(NotFoundError, match="has no record of '9', '8'"):
        features.show_records(home, "fraud", "customers", ["9", "8"], Screen().terminal)
    with pytest.raises(NotFoundError, match="no record of '1' between these times"):
        features.show_history(
            home, "fraud", "customers", "1", ("2027-01-01", None), Screen().terminal
        )
    with pytest.raises(CommandError, match="--from 2026-02-01 is after --to 2026-01-01"):
        features.show_history(
            home, "fraud", "customers", "1", ("2026-02-01", "2026-01-01"), Screen().terminal
        )
    with pytest.raises(PipelineError, match="--to: 'soon' is no time"):
        features.show_history(home, "fraud", "customers", "1", (None, "soon"), Screen().terminal)
    with pytest.raises(NotFoundError, match="no use case 'nope'"):
        features.show_records(home, "nope", "customers", ["1"], Screen().terminal)
