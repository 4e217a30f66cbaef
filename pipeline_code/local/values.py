"""What the placeholders of a lock stand for on this machine."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

from pipeline_code import contract
from pipeline_code.definition.lock import Lock, source_hash

_PACKAGE = Path(__file__).parent.parent
_SUFFIXES = frozenset({".py", ".sql", ".yaml", ".html", ".j2", ".css", ".js", ".txt"})
_LOCAL = "local"


def local_values(lock: Lock, image: str) -> dict[str, object]:
    """Give every placeholder of ``lock`` a value: buckets are folders, roles and keys a word.

    ``image`` identifies the code that jobs run; see `local_image`.
    """
    values: dict[str, object] = {
        name: name.partition(".")[2] if name.startswith("buckets.") else _LOCAL
        for name in lock.placeholders
    }
    values[contract.IMAGE] = image
    values[contract.MODEL_PACKAGE_GROUP] = lock.usecase
    if lock.algorithm is not None:
        values[contract.ALGORITHM_IMAGE] = lock.algorithm.name
    for group in lock.feature_groups:
        name = f"{lock.usecase}-{group.versioned_name}"
        values[contract.feature_group_placeholder(group.name)] = name
    return values


def local_image(usecases: Path | None = None) -> str:
    """Name the code on this machine as an image is named: by its digest."""
    return f"{_LOCAL}/acequia@{code_digest(usecases=usecases)}"


def code_digest(package: Path = _PACKAGE, *, usecases: Path | None = None) -> str:
    """Hash all that a job can read of the code: sources, SQL, settings, templates, requirements.

    The lock files are left out (their content is in every step's request anyway); the version
    of Python is in, as it would be in an image.
    """
    roots = [package, *([usecases] if usecases else [])]
    parts = [
        source_hash(
            (
                path
                for path in root.rglob("*")
                if path.suffix in _SUFFIXES and "__pycache__" not in path.parts
            ),
            root=root,
        )
        for root in roots
    ]
    digest = "".join([*parts, platform.python_version()]).encode()
    return f"sha256:{hashlib.sha256(digest).hexdigest()}"
