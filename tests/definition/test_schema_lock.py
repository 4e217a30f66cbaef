"""The record of deployed schemas is renewed for allowed changes, and never forgotten."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline_code import contract
from pipeline_code.definition import compile as compiler
from pipeline_code.definition.feature_schemas import schema_of
from pipeline_code.definition.lock import LockedFeatureGroup, read_lock
from pipeline_code.definition.schema_lock import (
    SCHEMA_LOCK_FILE,
    BreakingSchemaChangeError,
    StaleSchemaLockError,
    UnreadableSchemaLockError,
    check_schemas,
    read_schema_lock,
    renew_schema_lock,
)

ROOT = Path(__file__).parents[2]
FRAUD = contract.usecase_folder("fraud")
GROUP = LockedFeatureGroup(
    name="customers",
    versioned_name="customers-v1",
    key="ID",
    key_type="Integral",
    event_time="EventTime",
    features={"A": "Integral", "B": "Fractional"},
)


def test_an_appended_feature_passes_once_it_is_on_record(tmp_path: Path) -> None:
    """Before `acequia compile` it is stale, afterwards it is an update."""
    renew_schema_lock(tmp_path, [GROUP])
    longer = replace(GROUP, features={**GROUP.features, "C": "String"})

    with pytest.raises(StaleSchemaLockError, match=r"customers-v1 yet; run `acequia compile`"):
        check_schemas(tmp_path, [longer])
    renew_schema_lock(tmp_path, [longer])

    check_schemas(tmp_path, [longer])


def test_a_breaking_change_is_refused_and_the_record_stays(tmp_path: Path) -> None:
    """Neither synthesis nor the command that renews the record lets it pass."""
    path = renew_schema_lock(tmp_path, [GROUP])
    before = path.read_bytes()
    shorter = replace(GROUP, features={"A": "Integral"})

    for refuse in (check_schemas, renew_schema_lock):
        with pytest.raises(BreakingSchemaChangeError, match="customers-v1: B is gone") as error:
            refuse(tmp_path, [shorter])
        assert "raise the group's version in usecase.yaml" in str(error.value)
        assert "\n" not in str(error.value), "the command line shows one line"
    assert path.read_bytes() == before


def test_a_new_version_is_the_way_out_and_the_old_one_stays_on_record(tmp_path: Path) -> None:
    """The retained group still has its schema: its version must not be used for another."""
    renew_schema_lock(tmp_path, [GROUP])
    second = replace(GROUP, versioned_name="customers-v2", features={"A": "String"})

    renew_schema_lock(tmp_path, [second])
    check_schemas(tmp_path, [second])

    assert set(read_schema_lock(tmp_path)) == {"customers-v1", "customers-v2"}
    with pytest.raises(BreakingSchemaChangeError):
        renew_schema_lock(tmp_path, [replace(second, versioned_name="customers-v1")])


def test_a_new_group_must_be_recorded(tmp_path: Path) -> None:
    """Without a record its next change could not be judged."""
    with pytest.raises(StaleSchemaLockError, match="customers-v1"):
        check_schemas(tmp_path, [GROUP])


def test_a_feature_named_like_the_key_is_refused(tmp_path: Path) -> None:
    """SageMaker would refuse the group: its definition holds the key already."""
    odd = replace(GROUP, versioned_name="odd-v1", event_time="ID")

    with pytest.raises(BreakingSchemaChangeError, match="odd-v1: ID is there twice"):
        renew_schema_lock(tmp_path, [odd])


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{", '{"lock_version": 9}', '{"lock_version": 1, "groups": {"a-v1": {}}}'],
)
def test_a_broken_record_is_restored_never_rewritten(tmp_path: Path, content: str) -> None:
    """A merge conflict would else be "solved" by forgetting what is deployed."""
    (tmp_path / SCHEMA_LOCK_FILE).write_text(content)

    with pytest.raises(UnreadableSchemaLockError, match="restore it from version control"):
        renew_schema_lock(tmp_path, [GROUP])


def test_the_record_keeps_the_order(tmp_path: Path) -> None:
    """What is read is what was written."""
    renew_schema_lock(tmp_path, [GROUP])

    assert read_schema_lock(tmp_path) == {"customers-v1": schema_of(GROUP)}


def test_the_committed_record_is_fresh() -> None:
    """Whoever appends a feature commits the renewed record with it."""
    check_schemas(FRAUD, read_lock(FRAUD).feature_groups)


def test_the_runbook_that_the_error_names_is_there() -> None:
    """The way out is written down."""
    message = str(BreakingSchemaChangeError({"customers-v1": ["B is gone"]}))

    assert (ROOT / message.rpartition(": ")[2]).is_file()


def test_compile_writes_nothing_after_a_breaking_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pipeline lock would else name a group that cannot be deployed."""
    renew_schema_lock(tmp_path, [GROUP])
    broken = {**vars(GROUP), "key": "OTHER"}
    monkeypatch.setattr(compiler, "compile_usecase", lambda *_: {"feature_groups": [broken]})

    with pytest.raises(BreakingSchemaChangeError):
        compiler.write_locks(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == [SCHEMA_LOCK_FILE]


def test_compile_says_the_reason_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line shows the last line of what the compiler says."""
    renew_schema_lock(tmp_path, [GROUP])
    broken = {**vars(GROUP), "features": {"A": "Integral"}}
    monkeypatch.setattr(compiler, "compile_usecase", lambda *_: {"feature_groups": [broken]})
    monkeypatch.setattr(contract, "usecase_folder", lambda _: tmp_path.parent)

    with pytest.raises(SystemExit) as stopped:
        compiler.main([tmp_path.name])

    assert str(stopped.value).startswith("a deployed feature group takes new features at its end")


def test_compile_renews_the_record_with_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One command for the data scientist, and files to commit."""
    document = {"feature_groups": [dict(vars(GROUP))]}
    monkeypatch.setattr(compiler, "compile_usecase", lambda *_: document)

    paths = compiler.write_locks(tmp_path)

    assert [json.loads(path.read_text()) for path in paths] == [document, document]
    check_schemas(tmp_path, [GROUP])
