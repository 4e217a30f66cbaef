"""Archives of models: equal files make equal bytes, and what is packed can be unpacked."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline_code.core.archives import pack
from pipeline_code.steps.archive import unpack_model


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    """A model that was trained again is the same version only if its archive is."""
    for folder, when in (("one", 1_000), ("two", 2_000)):
        (tmp_path / folder).mkdir()
        for name in ("b.json", "a.ubj") if folder == "one" else ("a.ubj", "b.json"):
            (tmp_path / folder / name).write_text(name)
            os.utime(tmp_path / folder / name, (when, when))
        files = [(path.name, path) for path in (tmp_path / folder).iterdir()]
        pack(files, tmp_path / f"{folder}.tar.gz")

    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()


def test_what_is_packed_can_be_unpacked(tmp_path: Path) -> None:
    """The server reads what PackageModel wrote."""
    (tmp_path / "model.json").write_text("{}")
    pack([("model.json", tmp_path / "model.json")], tmp_path / "model.tar.gz")

    folder = unpack_model(tmp_path / "model.tar.gz", tmp_path / "unpacked")

    assert [path.name for path in folder.iterdir()] == ["model.json"]
