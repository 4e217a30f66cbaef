"""Prepare: from raw files to features split into parts; what was refused is put aside."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pipeline_code import contract
from pipeline_code.core.errors import MissingColumnsError
from pipeline_code.core.tables import Connection, another, connect
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.feature_records import write_records
from pipeline_code.steps.features import FEATURED, make_features, order_of_rows
from pipeline_code.steps.profile import profile_columns
from pipeline_code.steps.quarantine import Intake
from pipeline_code.steps.reception import Reception, receive
from pipeline_code.steps.relations import (
    correlate,
    likely_leaks,
    measure_drift,
    relate_to_target,
)
from pipeline_code.steps.sample import draw_sample
from pipeline_code.steps.split import Part, split_rows, write_part

Progress = Callable[[int, int, str], None]

_STAGES = ("reading", "features", "splitting", "writing and profiling")


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
    as_of: date | None = None,
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
        as_of: the day of the execution, which tells how old the data are; None does not ask.
        spill: a folder for what does not fit into memory.
        memory_gib: how much memory the database may use before it spills.
        progress: told the stages done, all stages and what comes next.

    Raises:
        PipelineError: one line, whenever the source, its rows or the split cannot be used.
    """
    with connect(memory_gib=memory_gib, spill=spill) as database:
        progress(0, len(_STAGES), _STAGES[0])
        received = receive(
            database,
            source,
            usecase,
            quarantine=outputs.quarantine / contract.QUARANTINE_FILE,
            as_of=as_of,
        )
        intake = received.intake
        _require_slices(source, usecase, intake)
        progress(1, len(_STAGES), _STAGES[1])
        make_features(database, usecase, sql, intake)
        progress(2, len(_STAGES), _STAGES[2])
        parts = split_rows(database, FEATURED, usecase)
        progress(3, len(_STAGES), _STAGES[3])
        # Neither keeps all CPUs busy alone.
        with ThreadPoolExecutor(max_workers=1) as pool, another(database) as beside:
            written = pool.submit(_write, beside, usecase, intake, parts, outputs)
            profile = _profile(database, usecase, received, parts)
            written.result()
    outputs.profile.mkdir(parents=True, exist_ok=True)
    (outputs.profile / contract.PROFILE_FILE).write_text(
        json.dumps(profile, indent=1, allow_nan=False) + "\n", encoding="utf-8"
    )
    progress(len(_STAGES), len(_STAGES), "done")
    return PrepareResult(intake, parts, received.data_hash, profile)


def _require_slices(source: Path, usecase: UseCase, intake: Intake) -> None:
    """Refuse slices by a column that is optional and in no file, before anything is trained.

    Raises:
        MissingColumnsError: naming what is missing and what is there.
    """
    columns = (*intake.columns, *usecase.features.inputs)
    missing = [name for name in usecase.evaluation.slices if name not in columns]
    if missing:
        raise MissingColumnsError(f"{source}, for evaluation.slices,", missing, columns)


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
    order = order_of_rows(usecase)
    for part, file in zip(parts, files, strict=True):
        write_part(database, FEATURED, part, [*others, *inputs, target], order, file)
    write_records(database, usecase, outputs.features)


def _profile(
    database: Connection, usecase: UseCase, received: Reception, parts: Sequence[Part]
) -> dict[str, Any]:
    problem, inputs = usecase.problem, usecase.features.inputs
    keys = {*usecase.contract.unique, *(group.key for group in usecase.features.groups)}
    columns = profile_columns(
        database,
        FEATURED,
        list(dict.fromkeys((*received.intake.columns, *inputs))),
        identifiers=sorted(keys - set(inputs)),
        problem=problem,
    )
    sample = draw_sample(database, FEATURED, parts, [*inputs, problem.target])
    relation = relate_to_target(sample, inputs, problem)
    return {
        "usecase": usecase.name,
        "data_hash": received.data_hash,
        "rows": received.intake.figures(),
        "joins": received.figures(),
        "split": {part.name: part.figures() for part in parts},
        "quarantine_reasons": received.reasons(),
        "feature_versions": ",".join(group.versioned_name for group in usecase.features.groups),
        "columns": columns,
        "correlations": correlate(sample, inputs, problem.target),
        "target_relation": relation,
        "likely_leaks": likely_leaks(relation, problem),
        "drift": measure_drift(sample, inputs),
        "drift_thresholds": {
            "warning": usecase.monitoring.drift_warning,
            "alarm": usecase.monitoring.drift_alarm,
        },
    }
