"""Unpack a ``model.tar.gz`` that may be damaged or hostile."""

from __future__ import annotations

import shutil
import tarfile
import zlib
from pathlib import Path

from pipeline_code.core.errors import PipelineError

LARGEST_MODEL_BYTES = 2 * 1024**3
"""A gzip of zeros expands a thousandfold; more than this fills the disk of a small instance."""


class DamagedArchiveError(PipelineError, ValueError):
    """An archive cannot be unpacked, or must not be."""

    def __init__(self, archive: Path, why: str) -> None:
        super().__init__(f"{archive} {why}; train the model again, or name another version")


def unpack_model(archive: Path, folder: Path, *, largest: int = LARGEST_MODEL_BYTES) -> Path:
    """Unpack ``archive`` into ``folder`` and return the folder.

    Refuses what would land outside the folder, links, devices, and more than ``largest`` bytes.

    Raises:
        DamagedArchiveError: if the archive is missing, damaged, hostile or too large.
    """
    try:
        with tarfile.open(archive, "r:gz") as packed:
            size = 0
            for member in packed:
                size += member.size
                if size > largest:
                    raise DamagedArchiveError(archive, f"holds more than {largest:,} bytes")
                _extract(packed, member, folder)
    except OSError as error:
        raise DamagedArchiveError(archive, f"cannot be read ({error.strerror or error})") from error
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise DamagedArchiveError(archive, f"is damaged or hostile ({error})") from error
    return folder


def _extract(packed: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Write one member: a folder or a file, and only below ``folder``.

    Not `TarFile.extract` with its filter: Python 3.11 has that from its fourth release on only.
    """
    target = (folder / member.name).resolve()
    if not target.is_relative_to(folder.resolve()):
        raise tarfile.TarError(f"{member.name!r} would land outside the folder")
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    content = packed.extractfile(member) if member.isreg() else None
    if content is None:
        raise tarfile.TarError(f"{member.name!r} is neither a file nor a folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    with content, target.open("wb") as file:
        shutil.copyfileobj(content, file)
