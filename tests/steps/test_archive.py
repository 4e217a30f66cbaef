"""A model's archive is unpacked only where it may land, or not at all."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline_code.steps.archive import DamagedArchiveError, unpack_model

CONTENT = b"{}" * 1000


def pack(path: Path, *members: tarfile.TarInfo) -> Path:
    """Write an archive of files with the same content, or of links."""
    with tarfile.open(path, "w:gz") as packed:
        for member in members:
            if member.isfile():
                member.size = len(CONTENT)
            packed.addfile(member, io.BytesIO(CONTENT) if member.isfile() else None)
    return path


def link(name: str, target: str) -> tarfile.TarInfo:
    """Describe a symbolic link."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member


def truncated(path: Path) -> None:
    """Cut an archive in half, as an interrupted upload does."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_a_sound_archive_is_unpacked(tmp_path: Path) -> None:
    """What training packed is what scoring reads."""
    archive = pack(tmp_path / "model.tar.gz", tarfile.TarInfo("model.json"))

    folder = unpack_model(archive, tmp_path / "model")

    assert (folder / "model.json").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "member",
    [tarfile.TarInfo("../escaped"), link("model.json", "/etc/passwd"), link("up", "../..")],
    ids=["parent folder", "absolute link", "relative link"],
)
def test_nothing_lands_outside_its_folder(tmp_path: Path, member: tarfile.TarInfo) -> None:
    """A model from elsewhere must not overwrite or reveal what is not its own."""
    archive = pack(tmp_path / "model.tar.gz", member)

    with pytest.raises(DamagedArchiveError, match="hostile"):
        unpack_model(archive, tmp_path / "model")
    assert not (tmp_path / "escaped").exists()


def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path: Path) -> None:
    """The limit holds for the sum of all files."""
    members = [tarfile.TarInfo(str(number)) for number in range(3)]
    archive = pack(tmp_path / "model.tar.gz", *members)

    with pytest.raises(DamagedArchiveError, match="more than 4,000 bytes"):
        unpack_model(archive, tmp_path / "model", largest=2 * len(CONTENT))


@pytest.mark.parametrize(
    "damage",
    [
        truncated,
        lambda path: path.write_bytes(b"no archive"),
        lambda path: path.write_bytes(b""),
        Path.unlink,
    ],
    ids=["truncated", "no archive", "empty", "missing"],
)
def test_a_damaged_archive_is_one_line(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    """An interrupted upload is told from a broken program."""
    archive = pack(tmp_path / "model.tar.gz", tarfile.TarInfo("model.json"))
    damage(archive)

    with pytest.raises(DamagedArchiveError) as caught:
        unpack_model(archive, tmp_path / "model")
    assert "\n" not in str(caught.value)
