"""A table that was described is found by the run that follows."""

from __future__ import annotations

from pathlib import Path

import pytest

from acequia.raw_data import offer
from pipeline_code.local.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


def test_a_file_is_linked_and_not_copied(home: Home, tmp_path: Path) -> None:
    """Ten gigabytes stay where they are."""
    table = tmp_path / "churn.csv"
    table.write_text("a,b")

    assert offer(home, "churn", table)

    link = home.path("s3://raw/churn/churn.csv")
    assert link.is_symlink()
    assert link.resolve() == table


def test_another_file_takes_the_place_of_the_first(home: Home, tmp_path: Path) -> None:
    """Rows of two files would be read as one table."""
    for name in ("old.csv", "new.csv"):
        (tmp_path / name).write_text(name)
        assert offer(home, "churn", tmp_path / name)

    assert [path.name for path in home.path("s3://raw/churn/").iterdir()] == ["new.csv"]
    assert (tmp_path / "old.csv").read_text() == "old.csv"


def test_data_that_somebody_put_there_stay(home: Home, tmp_path: Path) -> None:
    """A run then has to be told which data are meant."""
    mine = home.path("s3://raw/churn/mine.csv")
    mine.parent.mkdir(parents=True)
    mine.write_text("a,b")
    (tmp_path / "other.csv").write_text("a,b")

    assert not offer(home, "churn", tmp_path / "other.csv")
    assert [path.name for path in mine.parent.iterdir()] == ["mine.csv"]


def test_a_folder_keeps_its_shape(home: Home, tmp_path: Path) -> None:
    """Joined sources lie in folders of their own."""
    (tmp_path / "all" / "accounts").mkdir(parents=True)
    (tmp_path / "all" / "rows.csv").write_text("a")
    (tmp_path / "all" / "accounts" / "a.csv").write_text("a")

    assert offer(home, "churn", tmp_path / "all")

    assert home.path("s3://raw/churn/accounts/a.csv").resolve().is_file()
    assert home.path("s3://raw/churn/rows.csv").is_symlink()
