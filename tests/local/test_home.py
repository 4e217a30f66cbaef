"""URIs lead to places on this machine, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline_code.local.errors import UnsupportedUriError
from pipeline_code.local.home import Home


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("s3://raw/fraud/", "objects/raw/fraud"),
        ("s3://raw", "objects/raw"),
        ("s3://raw/a?b=c#d.txt", "objects/raw/a?b=c#d.txt"),
        ("s3://raw//a", "objects/raw/a"),
    ],
)
def test_object_keys_are_paths_below_their_bucket(home: Home, uri: str, path: str) -> None:
    """Every character that a key may hold is taken as it is."""
    assert home.path(uri) == home.root / path


def test_a_file_uri_is_that_file(home: Home, tmp_path: Path) -> None:
    """Also one with a space in its name."""
    file = tmp_path / "my data.csv"

    assert home.path(file.as_uri()) == file


@pytest.mark.parametrize(
    "uri",
    ["s3://raw/../../etc/passwd", "s3://", "http://host/a", "file://host/a", "raw/a.csv", "", None],
)
def test_other_uris_are_refused(home: Home, uri: str) -> None:
    """Nothing is written outside the store."""
    with pytest.raises(UnsupportedUriError):
        home.path(uri)


def test_the_home_of_a_project_is_a_folder_that_git_ignores() -> None:
    """Data and models never end up in a commit."""
    root = Path(__file__).parents[2]

    assert Home.of_project(root).root == root / ".acequia"
    assert ".acequia/" in (root / ".gitignore").read_text().splitlines()


def test_a_relative_root_is_taken_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jobs work in folders of their own; the same words would lead them elsewhere."""
    monkeypatch.chdir(tmp_path)

    assert Home(Path("here")).root == (tmp_path / "here").resolve()
