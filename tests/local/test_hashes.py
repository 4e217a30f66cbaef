"""Content hashes: by name and content alone, and quick where nothing changed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pipeline_code.local import hashes
from pipeline_code.local.hashes import Hashes

OLD_NS = time.time_ns() - 10_000_000_000


@pytest.fixture
def hashing(tmp_path: Path) -> Hashes:
    """Hashes with an empty memory."""
    return Hashes(tmp_path / "state.sqlite")


def write(path: Path, content: str) -> Path:
    """Write a file that has not been touched for a while."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    os.utime(path, ns=(OLD_NS, OLD_NS))
    return path


def test_a_folder_is_its_names_and_contents(hashing: Hashes, tmp_path: Path) -> None:
    """Where it lies and when it was written do not count."""
    for folder, content in (("one", "x"), ("two", "x"), ("three", "y")):
        write(tmp_path / folder / "deep/a.txt", content)
    (tmp_path / "two/deep/a.txt").touch()
    write(tmp_path / "four/deep/b.txt", "x")

    one, two, three, four = (
        hashing.tree(tmp_path / name) for name in ("one", "two", "three", "four")
    )

    assert one == two
    assert len({one, three, four}) == 3


def test_a_file_is_hashed_as_a_folder_that_holds_it(hashing: Hashes, tmp_path: Path) -> None:
    """A job sees the same in both cases."""
    file = write(tmp_path / "raw/a.csv", "x")

    assert hashing.tree(file) == hashing.tree(file.parent)


def test_an_untouched_file_is_not_read_again(
    hashing: Hashes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second run over gigabytes of unchanged data takes no time."""
    file = write(tmp_path / "raw/a.csv", "x")
    first = hashing.file(file)
    monkeypatch.setattr(hashes.hashlib, "file_digest", None)

    assert hashing.file(file) == first


def test_a_change_is_seen_by_size_or_time(hashing: Hashes, tmp_path: Path) -> None:
    """Or both."""
    file = write(tmp_path / "raw/a.csv", "x")
    first = hashing.file(file)
    file.write_text("y")

    assert hashing.file(file) != first


def test_a_file_of_this_moment_is_not_remembered(hashing: Hashes, tmp_path: Path) -> None:
    """A second write within the same clock tick, of the same size, would go unseen."""
    file = tmp_path / "a.csv"
    file.write_text("x")
    stamp = time.time_ns() + 1_000_000_000
    os.utime(file, ns=(stamp, stamp))
    first = hashing.file(file)
    with file.open("r+") as same:
        same.write("y")
    os.utime(file, ns=(stamp, stamp))

    assert hashing.file(file) != first


def test_two_names_for_one_file_count_as_two(hashing: Hashes, tmp_path: Path) -> None:
    """A link in the data is read like the file that it leads to."""
    write(tmp_path / "raw/a.csv", "x")
    alone = hashing.tree(tmp_path / "raw")
    (tmp_path / "raw/b.csv").symlink_to("a.csv")

    assert hashing.tree(tmp_path / "raw") != alone
