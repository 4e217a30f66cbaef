"""A manifest is written only if every row is accounted for."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pipeline_code.steps.manifest import LostRowsError, ScoredFile, manifest, match_files

FILE = ScoredFile("a.csv", "sha256:1", 3, "a.csv.out", "sha256:2", 3)


def put(folder: Path, **files: str) -> Path:
    """Write files, ``__`` in a name for a folder and ``_`` for a dot."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_totals_are_those_of_the_files() -> None:
    """What is put aside counts."""
    other = ScoredFile("b.csv", "", 5, "b.csv.out", "", 3, quarantine="b.jsonl", quarantined=2)
    document = manifest([FILE, other], usecase="fraud")

    assert (document["rows_in"], document["rows_out"], document["quarantined"]) == (8, 6, 2)
    assert document["usecase"] == "fraud"


def test_lost_rows_are_not_published() -> None:
    """A job that ended well may still have lost some."""
    with pytest.raises(LostRowsError, match=r"a\.csv: has 3 rows, but 2 came out"):
        manifest([ScoredFile("a.csv", "", 3, "a.csv.out", "", 2)])


def test_nothing_is_no_batch() -> None:
    """A manifest of no files would look like a quiet day."""
    with pytest.raises(LostRowsError, match="has no files"):
        manifest([])


def test_files_are_matched_hashed_and_counted(tmp_path: Path) -> None:
    """In folders too; blank lines are no rows, and a last line needs no line break."""
    given = put(tmp_path / "in", a_jsonl="{}\n{}\n", day__b_jsonl="{}\n\n{}")
    scored = put(tmp_path / "out", a_jsonl_out="{}\n{}\n", day__b_jsonl_out="{}\n{}\n")
    files = match_files(given, scored)

    assert [(file.input, file.rows_in, file.rows_out) for file in files] == [
        ("a.jsonl", 2, 2),
        ("day/b.jsonl", 2, 2),
    ]
    whole = (given / "a.jsonl").read_bytes()
    assert files[0].input_hash == f"sha256:{hashlib.sha256(whole).hexdigest()}"


@pytest.mark.parametrize("extra", ["in", "out"])
def test_file_on_one_side_only_is_not_published(tmp_path: Path, extra: str) -> None:
    """A file that was not scored, or a score of no file."""
    put(tmp_path / "in", a_csv="1\n")
    put(tmp_path / "out", a_csv_out="1\n")
    put(tmp_path / extra, stray_csv="1\n")

    with pytest.raises(LostRowsError, match="on one side only"):
        match_files(tmp_path / "in", tmp_path / "out")
