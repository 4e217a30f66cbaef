"""Give jobs their inputs without copying them, and publish what they made in one move."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from pipeline_code.local.hashes import files_under
from pipeline_code.local.locks import held

_READ_ONLY = 0o444
_STAGING = ".staging"


def link_files(source: Path, target: Path) -> int:
    """Fill the folder ``target`` with links to the file, or the files under, ``source``.

    Links to files in real folders: a job can neither add to nor remove from its source.

    Returns:
        The number of files.
    """
    target.mkdir(parents=True, exist_ok=True)
    files = files_under(source)
    for name, file in files:
        link = target / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(file.resolve())
    return len(files)


def publish(made: Path, target: Path, store: Path) -> None:
    """Move a file or folder to ``target`` in the object store: all of it appears, or nothing.

    What was there before is replaced. The files become read-only.
    """
    for _, file in files_under(made):
        if file.is_symlink():  # a job may hand an input on; the store holds no links
            content = file.resolve()
            file.unlink()
            shutil.copyfile(content, file)
        file.chmod(_READ_ONLY)
    staging = store / _STAGING
    staging.mkdir(parents=True, exist_ok=True)
    # Beside the store first: a job folder may lie on another disk, and that move is no rename.
    staged = Path(tempfile.mkdtemp(dir=staging)) / target.name
    try:
        shutil.move(made, staged)
    except BaseException:
        shutil.rmtree(staged.parent)
        raise
    with held(staging / "lock"):
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            target.rename(staged.with_name("replaced"))
        staged.rename(target)
    shutil.rmtree(staged.parent)


def copy_whole(source: Path, target: Path) -> None:
    """Copy one file so that ``target`` never exists half written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".copy-")
    os.close(descriptor)
    try:
        shutil.copyfile(source, name)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
