"""Read a pipeline lock and fill in what only the place of execution knows.

A lock holds a pipeline definition exactly as SageMaker takes it, but for placeholders
(``{{buckets.raw}}``) that stand for names which exist only once something is deployed.
Synthesis puts CDK tokens in their place, the local twin puts its own folders.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOCK_FILE = "pipeline.lock.json"
BATCH_LOCK_FILE = "batch.lock.json"
LOCK_VERSION = 1

_SOURCES = (
    "contract.py",
    "core/data_contract.py",
    "core/dqdl.py",
    "core/feature_settings.py",
    "core/foreign_algorithms.py",
    "core/instance_settings.py",
    "core/learning_settings.py",
    "core/metric_names.py",
    "core/problem.py",
    "core/problem_types.py",
    "core/usecase.py",
    "definition/algorithm_image.py",
    "definition/channels.py",
    "definition/compile.py",
    "definition/declared_parameters.py",
    "definition/foreign_training.py",
    "definition/jobs.py",
    "definition/lock.py",
    "definition/pipeline.py",
    "definition/registration.py",
    "definition/retries.py",
    "definition/tuning.py",
)

# Of each lock what it is compiled from, beside the use case itself.
_SOURCES_OF = {
    LOCK_FILE: _SOURCES,
    BATCH_LOCK_FILE: tuple(
        sorted(
            {*_SOURCES, "definition/batch.py"}
            - {f"definition/{name}.py" for name in ("foreign_training", "pipeline", "tuning")}
        )
    ),
}

_PLACEHOLDER = re.compile(r"\{\{([a-z0-9_.-]+)\}\}")


class LockError(Exception):
    """Base of every error about a pipeline lock."""


class UnreadableLockError(LockError, ValueError):
    """The lock is missing or not one of ours."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} {why}; run `acequia compile` to write it anew")


class UnresolvedPlaceholderError(LockError, LookupError):
    """A lock names something for which no value was given."""

    def __init__(self, usecase: str, missing: Iterable[str]) -> None:
        self.missing = tuple(sorted(missing))
        super().__init__(
            f"the lock of {usecase} needs values for {', '.join(self.missing)}; "
            "give them where the lock is resolved"
        )


@dataclass(frozen=True)
class LockedFeatureGroup:
    """The schema of one feature group, as the lock carries it to the stacks."""

    name: str
    versioned_name: str
    key: str
    key_type: str
    event_time: str
    features: Mapping[str, str]


@dataclass(frozen=True)
class LockedContract:
    """What the source promises, as the lock carries it to the stacks.

    ``columns`` maps each column to its type, ``quality_ruleset`` is the promise in DQDL;
    ``event_time`` is None where rows have no time.
    """

    columns: Mapping[str, str]
    unique: tuple[str, ...]
    event_time: str | None
    target: str
    quality_ruleset: str

    @property
    def has_numeric_target(self) -> bool:
        """Whether a mean of the target says something: that of labels in words does not."""
        return self.columns[self.target] in ("integer", "number")


@dataclass(frozen=True)
class LockedAlgorithm:
    """The image of another algorithm than ours, in ECR.

    ``name`` is what usecase.yaml calls it, ``version`` a tag with its colon or a digest with
    its @, ``registries`` the account that keeps it in each region.
    """

    name: str
    repository: str
    version: str
    registries: Mapping[str, str]


@dataclass(frozen=True)
class Lock:
    """A compiled pipeline: its definition, what its data are, and the hash of its sources."""

    usecase: str
    source_hash: str
    sdk: str
    feature_groups: tuple[LockedFeatureGroup, ...]
    contract: LockedContract
    definition: Mapping[str, Any]
    algorithm: LockedAlgorithm | None = None

    @property
    def placeholders(self) -> frozenset[str]:
        """Every name for which `resolve` needs a value."""
        return frozenset(_placeholders(self.definition))

    def resolve(self, values: Mapping[str, object]) -> dict[str, Any]:
        """Return the definition with every placeholder replaced.

        A string that is nothing but one placeholder takes the value as it is, and where it
        stands in a list, the items of a value that is a list; inside a longer string the value
        is inserted as text.

        Raises:
            UnresolvedPlaceholderError: if a placeholder has no value.
        """
        missing = self.placeholders - values.keys()
        if missing:
            raise UnresolvedPlaceholderError(self.usecase, missing)
        resolved: dict[str, Any] = _replace(self.definition, values)
        return resolved


def read_lock(folder: Path, file: str = LOCK_FILE) -> Lock:
    """Read a lock that lies in a use case's folder, by default that of the training pipeline.

    Raises:
        UnreadableLockError: if it is missing, broken or of another lock version.
    """
    path = folder / file
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UnreadableLockError(path, "does not exist") from error
    except (OSError, ValueError) as error:
        raise UnreadableLockError(path, f"cannot be read ({error})") from error
    if not isinstance(document, dict) or document.get("lock_version") != LOCK_VERSION:
        raise UnreadableLockError(path, f"is not a lock of version {LOCK_VERSION}")
    return Lock(
        usecase=document["usecase"],
        source_hash=document["source_hash"],
        sdk=document["sdk"],
        feature_groups=tuple(LockedFeatureGroup(**group) for group in document["feature_groups"]),
        contract=LockedContract(
            **{**document["contract"], "unique": tuple(document["contract"]["unique"])}
        ),
        definition=document["definition"],
        algorithm=LockedAlgorithm(**document["algorithm"]) if document.get("algorithm") else None,
    )


def source_hash(files: Iterable[Path], *, root: Path) -> str:
    """Hash files by their path under ``root`` and their content, in a fixed order."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(b"\0")
        digest.update(path.read_bytes())
        digest.update(b"\0")
    return f"sha256:{digest.hexdigest()}"


def lock_source_hash(folder: Path, file: str = LOCK_FILE) -> str:
    """Hash what the lock ``file`` in ``folder`` is compiled from.

    A lock whose ``source_hash`` differs is stale: `acequia compile` renews it.
    """
    package = Path(__file__).parent.parent
    shared = [package / name for name in _SOURCES_OF[file]]
    own = folder / "usecase.yaml"
    digest = hashlib.sha256(source_hash(shared, root=package).encode())
    digest.update(own.read_bytes())
    return f"sha256:{digest.hexdigest()}"


def placeholder(name: str) -> str:
    """Write the placeholder for ``name`` as it stands in a lock."""
    return f"{{{{{name}}}}}"


def _placeholders(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield from _PLACEHOLDER.findall(node)
    elif isinstance(node, Mapping):
        for value in node.values():
            yield from _placeholders(value)
    elif isinstance(node, list):
        for value in node:
            yield from _placeholders(value)


def _replace(node: Any, values: Mapping[str, object]) -> Any:
    if isinstance(node, str):
        whole = _PLACEHOLDER.fullmatch(node)
        if whole:
            return values[whole[1]]
        return _PLACEHOLDER.sub(lambda match: str(values[match[1]]), node)
    if isinstance(node, Mapping):
        return {key: _replace(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return list(_replace_items(node, values))
    return node


def _replace_items(items: list[Any], values: Mapping[str, object]) -> Iterator[Any]:
    """Replace in each item; a placeholder that stands for a list makes way for its items."""
    for item in items:
        replaced = _replace(item, values)
        if isinstance(item, str) and isinstance(replaced, list):
            yield from replaced
        else:
            yield replaced
