"""Prepare: from raw files to features split by time; what was refused is put aside."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipeline_code import contract
from pipeline_code.core.errors import MissingColumnsError, PipelineError
from pipeline_code.core.tables import Connection, connect, literal, quoted
from pipeline_code.core.usecase import FeatureGroup, UseCase
from pipeline_code.steps.profile import correlate, profile_columns
from pipeline_code.steps.quarantine import (
    ACCEPTED,
    Intake,
    check_budget,
    take_in,
    write_quarantine,
)
from pipeline_code.steps.split import Part, split_rows, write_part

Progress = Callable[[int, int, str], None]

EVENT_TIME = "EventTime"
_FEATURED = "featured"
_STAGES = ("reading", "features", "splitting", "writing", "profiling")


class FeatureSqlError(PipelineError, ValueError):
    """The use case's SQL fails, or does not give one row a row with the promised columns."""

    def __init__(self, usecase: UseCase, problem: object) -> None:
        reason = " ".join(str(problem).split())[:400]
        super().__init__(f"{usecase.features.sql} of {usecase.name}: {reason}; correct the SQL")


def _silent(done: int, total: int, what: str) -> None:
    """Show no progress."""


@dataclass(frozen=True)
class PrepareOutputs:
    """The folders that Prepare fills."""

    train: Path
    validation: Path
    test: Path
    features: Path
    profile: Path
    quarantine: Path

    @classmethod
    def under(cls, root: Path) -> PrepareOutputs:
        """Name the folders below ``root`` as the channels are named."""
        return cls(
            train=root / contract.TRAIN_CHANNEL,
            validation=root / contract.VALIDATION,
            test=root / contract.TEST,
            features=root / contract.FEATURES,
            profile=root / contract.PROFILE,
            quarantine=root / contract.QUARANTINE,
        )


@dataclass(frozen=True)
class PrepareResult:
    """What came in, what went out, and the profile that was written."""

    intake: Intake
    parts: tuple[Part, ...]
    data_hash: str
    profile: dict[str, Any]


def prepare(
    source: Path,
    usecase: UseCase,
    sql: str,
    outputs: PrepareOutputs,
    *,
    spill: Path | None = None,
    memory_gib: float = 3.0,
    progress: Progress = _silent,
) -> PrepareResult:
    """Read, check, enrich, split and profile the rows of a use case.

    The same rows and settings give the same bytes, whatever the order, the number or the kind of
    the source's files.

    Args:
        source: a CSV, JSON or Parquet file, or a folder of such files.
        usecase: the problem: contract, features, split.
        sql: reads the table ``transactions``, gives each of its rows with the features.
        outputs: where files are written; the quarantine also when the run stops.
        spill: a folder for what does not fit into memory.
        memory_gib: how much memory the database may use before it spills.
        progress: told the stages done, all stages and what comes next.

    Raises:
        PipelineError: one line, whenever the source, its rows or the split cannot be used.
    """
    with connect(memory_gib=memory_gib, spill=spill) as database:
        progress(0, len(_STAGES), _STAGES[0])
        intake = take_in(database, source, usecase.contract)
        write_quarantine(database, outputs.quarantine / contract.QUARANTINE_FILE)
        check_budget(source, intake, usecase.contract.error_budget)
        data_hash = hash_rows(database, usecase, intake.columns)
        progress(1, len(_STAGES), _STAGES[1])
        make_features(database, usecase, sql, intake)
        progress(2, len(_STAGES), _STAGES[2])
        parts = split_rows(database, _FEATURED, usecase)
        progress(3, len(_STAGES), _STAGES[3])
        _write(database, usecase, intake, parts, outputs)
        progress(4, len(_STAGES), _STAGES[4])
        profile = _profile(database, usecase, intake, parts, data_hash)
    outputs.profile.mkdir(parents=True, exist_ok=True)
    (outputs.profile / contract.PROFILE_FILE).write_text(
        json.dumps(profile, indent=1, allow_nan=False) + "\n", encoding="utf-8"
    )
    progress(len(_STAGES), len(_STAGES), "done")
    return PrepareResult(intake, parts, data_hash, profile)


def hash_rows(database: Connection, usecase: UseCase, columns: Sequence[str]) -> str:
    """Hash the accepted rows by what they say, not by how they came.

    Rows are written out in the contract's types, sorted within each day of the event time and
    hashed a day at a time (so no day but one is in memory); the hash of the days' hashes is the
    data's. Other file order, format or chunking: same hash. One changed value: another.
    """
    day = f"cast({quoted(usecase.split.time_column)} as date)"
    values = ", ".join(
        f"coalesce(replace(cast({quoted(name)} as varchar), chr(31), chr(31) || chr(31)), chr(30))"
        for name in columns
    )
    rows = database.execute(
        f"select {day} as day, sha256(string_agg(line, chr(10) order by line)) from "  # noqa: S608
        f"(select {quoted(usecase.split.time_column)}, concat_ws(chr(31), {values}) as line "
        f"from {ACCEPTED}) group by day order by day"
    ).fetchall()
    digest = hashlib.sha256("\x1f".join(columns).encode())
    for one, rows_hash in rows:
        digest.update(f"\n{one} {rows_hash}".encode())
    return f"sha256:{digest.hexdigest()}"


def make_features(database: Connection, usecase: UseCase, sql: str, intake: Intake) -> None:
    """Run the use case's SQL over the accepted rows into one table.

    Raises:
        FeatureSqlError: if it fails, or gives more or fewer rows than it was given.
        MissingColumnsError: if it does not give every column that the use case names.
    """
    query = f"(\n{sql.strip().removesuffix(';')}\n)"
    wanted = dict.fromkeys((*intake.columns, *usecase.features.inputs, *_group_columns(usecase)))
    try:
        types = {row[0]: row[1] for row in database.execute(f"describe from {query}").fetchall()}
        if missing := wanted.keys() - types.keys():
            raise MissingColumnsError(usecase.features.sql or "the source", missing, types)
        # Exact decimals, as SQL makes of 0.5 or of a mean, are no numbers for a model.
        names = ", ".join(
            f"cast({quoted(name)} as double) as {quoted(name)}"
            if types[name].startswith("DECIMAL")
            else quoted(name)
            for name in wanted
        )
        database.execute(
            f"create table {_FEATURED} as select {names} from {query} "  # noqa: S608
            f"order by {_order(usecase)}"
        )
    except duckdb.Error as error:
        raise FeatureSqlError(usecase, error) from error
    rows = database.execute(f"select count(*) from {_FEATURED}").fetchall()[0][0]  # noqa: S608
    if rows != intake.rows_out:
        raise FeatureSqlError(usecase, f"makes {rows:,} rows of {intake.rows_out:,}")


def _group_columns(usecase: UseCase) -> list[str]:
    return [name for group in usecase.features.groups for name in (group.key, *group.features)]


def _order(usecase: UseCase) -> str:
    names = (usecase.split.time_column, *usecase.contract.unique)
    rest = "" if usecase.contract.unique else ", all"
    return ", ".join(quoted(name) for name in names) + rest


def _write(
    database: Connection,
    usecase: UseCase,
    intake: Intake,
    parts: Sequence[Part],
    outputs: PrepareOutputs,
) -> None:
    target, inputs = usecase.problem.target, usecase.features.inputs
    others = [name for name in intake.columns if name not in inputs and name != target]
    files = (
        outputs.train / contract.TRAIN_FILE,
        outputs.validation / contract.VALIDATION_FILE,
        outputs.test / contract.TEST_FILE,
    )
    for part, file in zip(parts, files, strict=True):
        write_part(database, _FEATURED, part, [*others, *inputs, target], _order(usecase), file)
    outputs.features.mkdir(parents=True, exist_ok=True)
    for group in usecase.features.groups:
        _write_group(database, usecase, group, outputs.features)


def _write_group(database: Connection, usecase: UseCase, group: FeatureGroup, folder: Path) -> None:
    """Write the latest record of each entity, and every record of the last days."""
    time, key = quoted(usecase.split.time_column), quoted(group.key)
    names = ", ".join(quoted(name) for name in group.features)
    record = f"{key}, strftime({time}, '%Y-%m-%dT%H:%M:%SZ') as {quoted(EVENT_TIME)}, {names}"
    last_first = ", ".join(f"{quoted(name)} desc" for name in usecase.contract.unique)
    latest = (
        f"select {record} from {_FEATURED} qualify row_number() over "  # noqa: S608
        f"(partition by {key} order by {time} desc{', ' if last_first else ''}{last_first}) = 1 "
        f"order by {key}"
    )
    history = (
        f"select {record} from {_FEATURED} where cast({time} as date) > "  # noqa: S608
        f"(select max(cast({time} as date)) from {_FEATURED}) - {usecase.features.history_days} "
        f"order by {_order(usecase)}"
    )
    for query, name in (
        (latest, contract.features_latest_file(group.name)),
        (history, contract.features_history_file(group.name)),
    ):
        database.execute(f"copy ({query}) to {literal(folder / name)} (format parquet)")


def _profile(
    database: Connection, usecase: UseCase, intake: Intake, parts: Sequence[Part], data_hash: str
) -> dict[str, Any]:
    target, inputs = usecase.problem.target, usecase.features.inputs
    keys = {*usecase.contract.unique, *(group.key for group in usecase.features.groups)}
    columns = profile_columns(
        database,
        _FEATURED,
        list(dict.fromkeys((*intake.columns, *inputs))),
        identifiers=sorted(keys - set(inputs)),
        target=target,
    )
    return {
        "usecase": usecase.name,
        "data_hash": data_hash,
        "rows": {
            "in": intake.rows_in,
            "out": intake.rows_out,
            "quarantined": intake.quarantined,
            "deduplicated": intake.deduplicated,
        },
        "split": {part.name: part.figures() for part in parts},
        "quarantine_reasons": intake.reasons,
        "feature_versions": ",".join(group.versioned_name for group in usecase.features.groups),
        "columns": columns,
        "correlations": correlate(database, _FEATURED, inputs, target),
    }
