"""The model registry keeps its promises, whoever writes at the same time."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pipeline_code import contract
from pipeline_code.local.home import Home
from pipeline_code.local.registry import ModelVersion, NewVersion, Registry, RegistryError

Put = Callable[[str, str], str]
New = Callable[..., NewVersion]


@pytest.fixture
def registry(home: Home) -> Registry:
    """An empty registry."""
    return Registry(home)


@pytest.fixture
def new(put: Put) -> New:
    """Describe a version whose model has the given content."""

    def new(model: str, **facts: Any) -> NewVersion:
        uri = put(f"s3://artifacts/{model}/model.tar.gz", model)
        return NewVersion(group="fraud", model_uri=uri, **{"data_hash": "sha256:d", **facts})

    return new


def in_threads(work: Callable[[], object], times: int) -> None:
    """Do the same in several threads at once."""
    threads = [threading.Thread(target=work) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_versions_count_up_within_their_group(registry: Registry, new: New) -> None:
    """Another group starts at one again."""
    made = [registry.register(new(model)) for model in "ab"]
    other = registry.register(replace(new("a"), group="churn"))

    assert [version.version for version in made] == [1, 2]
    assert other.version == 1
    assert [version.version for version in registry.list("fraud")] == [2, 1]
    assert registry.groups() == ("churn", "fraud")


def test_a_version_keeps_what_was_known_of_it(registry: Registry, new: New) -> None:
    """The registry is the answer to: what is it, from which data, by whom, how good."""
    evaluation = {"metrics": {"auc_roc": {"value": 0.9, "low": 0.8, "high": 0.95}}}
    made = registry.register(
        new("a", author="Ann", code_commit="c0ffee", evaluation=evaluation, metadata={"k": "v"})
    )

    assert registry.get("fraud", 1) == made
    assert made.metrics["auc_roc"]["value"] == 0.9
    assert (made.status, made.author, made.code_commit) == (contract.PENDING, "Ann", "c0ffee")
    assert made.model_hash.startswith("sha256:")


def test_the_same_model_is_registered_once(registry: Registry, new: New, put: Put) -> None:
    """A run that crashed between upload and registration converges when it is repeated."""
    first = registry.register(new("a"))
    elsewhere = put("s3://artifacts/again/model.tar.gz", "a")

    assert registry.register(replace(new("a"), model_uri=elsewhere)) == first
    assert registry.register(new("a", data_hash="sha256:other")).version == 2


@pytest.mark.parametrize("decide", ["reject", "archive"])
def test_a_model_that_was_turned_down_may_ask_again(
    registry: Registry, new: New, decide: str
) -> None:
    """The old decision stays as it is; a new version asks for a new one."""
    registry.register(new("a"))
    getattr(registry, decide)("fraud", 1, who="Ann")

    assert registry.register(new("a")).version == 2


def test_two_registrations_at_once_make_one_version(home: Home, new: New) -> None:
    """Who comes second finds the version of who came first."""
    version = new("a")
    Registry(home)

    in_threads(lambda: Registry(home).register(version), 8)

    assert [v.version for v in Registry(home).list("fraud")] == [1]


def test_a_model_that_is_not_there_is_not_registered(registry: Registry) -> None:
    """A version without a model could never serve."""
    with pytest.raises(RegistryError, match="there is no model at s3://artifacts/none"):
        registry.register(NewVersion(group="fraud", model_uri="s3://artifacts/none"))


def test_nobody_registers_a_version_as_approved(registry: Registry, new: New) -> None:
    """Who trains does not approve."""
    with pytest.raises(RegistryError, match="register it, then approve it"):
        registry.register(new("a"), status=contract.APPROVED)


def test_approving_one_archives_the_champion_before_it(registry: Registry, new: New) -> None:
    """There is one champion a group, and its history says who decided."""
    for model in "ab":
        registry.register(new(model))
    registry.approve("fraud", 1, who="Ann")

    registry.approve("fraud", 2, who="Ben", note="cheaper")

    champion = registry.champion("fraud")
    assert champion is not None
    assert champion.version == 2
    assert registry.get("fraud", 1).status == contract.ARCHIVED
    last = registry.history("fraud", 2)[-1]
    assert (last.who, last.note, last.from_status) == ("Ben", "cheaper", contract.PENDING)
    assert registry.history("fraud", 1)[-1].note == "replaced by version 2"


def test_approvals_at_once_leave_one_champion(home: Home, new: New) -> None:
    """Whatever the order, exactly one version is approved in the end."""
    registry = Registry(home)
    for model in "abcd":
        registry.register(new(model))
    numbers = iter(range(1, 5))

    in_threads(lambda: Registry(home).approve("fraud", next(numbers), who="Ann"), 4)

    approved = [v for v in registry.list("fraud") if v.status == contract.APPROVED]
    assert len(approved) == 1
    assert registry.champion("fraud") == approved[0]


@pytest.mark.parametrize(
    ("before", "change"),
    [
        (["reject"], "approve"),
        (["reject"], "reject"),
        (["approve"], "approve"),
        (["approve"], "reject"),
        (["archive"], "archive"),
        (["archive"], "reject"),
    ],
)
def test_other_changes_of_status_are_refused(
    registry: Registry, new: New, before: list[str], change: str
) -> None:
    """A refused change leaves everything as it was, the champion too."""
    registry.register(new("a"))
    for one in before:
        getattr(registry, one)("fraud", 1, who="Ann")
    history = registry.history("fraud")

    with pytest.raises(RegistryError, match="and cannot become"):
        getattr(registry, change)("fraud", 1, who="Ann")

    assert registry.history("fraud") == history


def test_an_archived_champion_may_come_back(registry: Registry, new: New) -> None:
    """That is a rollback."""
    for model in "ab":
        registry.register(new(model))
    for version in (1, 2, 1):
        registry.approve("fraud", version, who="Ann")

    champion = registry.champion("fraud")
    assert champion is not None
    assert champion.version == 1


@pytest.mark.parametrize(("harm", "words"), [(str.upper, "was altered"), (None, "is missing")])
def test_a_model_that_is_not_what_was_evaluated_is_not_approved(
    registry: Registry, new: New, home: Home, harm: Callable[[str], str] | None, words: str
) -> None:
    """What serves is what was measured; the champion stays."""
    for model in "ab":
        registry.register(new(model))
    registry.approve("fraud", 1, who="Ann")
    path = home.path("s3://artifacts/b/model.tar.gz")
    if harm is None:
        path.unlink()
    else:
        path.write_text(harm(path.read_text()))

    with pytest.raises(RegistryError, match=words):
        registry.approve("fraud", 2, who="Ann")

    champion = registry.champion("fraud")
    assert champion is not None
    assert champion.version == 1


def test_an_unknown_version_is_named_with_those_that_exist(registry: Registry, new: New) -> None:
    """The next command can be typed from the message."""
    registry.register(new("a"))

    with pytest.raises(RegistryError, match=r"fraud has no version 7; it has: 1"):
        registry.approve("fraud", 7, who="Ann")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE history SET who = 'nobody'",
        "DELETE FROM history",
        "DELETE FROM versions",
        "UPDATE versions SET model_hash = 'sha256:0'",
        "UPDATE versions SET status = 'Approved'",
    ],
)
def test_the_database_itself_guards_the_audit_trail(
    registry: Registry, new: New, home: Home, statement: str
) -> None:
    """Not even another program rewrites who decided what, or makes a second champion."""
    for model in "ab":
        registry.register(new(model))
    connection = sqlite3.connect(home.registry)

    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)

    connection.close()


def test_versions_are_equal_by_value(registry: Registry, new: New) -> None:
    """What was registered is what is read back, lineage and all."""
    made = registry.register(new("a", lineage={"Train": {"inputs": {"train": "sha256:1"}}}))

    assert isinstance(made, ModelVersion)
    assert registry.list() == (made,)
