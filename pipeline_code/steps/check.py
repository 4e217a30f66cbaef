"""Hold data and SQL against a use case, without writing anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_code.core.tables import connect
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.features import FEATURED, make_features
from pipeline_code.steps.leakage import FutureLook, find_future_looks
from pipeline_code.steps.reception import Reception, receive
from pipeline_code.steps.relations import likely_leaks, measure_drift, relate_to_target
from pipeline_code.steps.sample import draw_sample
from pipeline_code.steps.split import Part, split_rows


@dataclass(frozen=True)
class CheckResult:
    """What was found.

    Attributes:
        reception: which rows keep the contract, and why others do not.
        parts: of the split.
        looks: the features that see what nobody could know.
        leaks: the features that tell the target too well; see `steps.relations.likely_leaks`.
        drift: of each feature from the training rows to the others.
    """

    reception: Reception
    parts: tuple[Part, ...]
    looks: tuple[FutureLook, ...]
    leaks: list[dict[str, Any]]
    drift: dict[str, dict[str, float | None]]


def check(
    source: Path,
    usecase: UseCase,
    sql: str,
    *,
    spill: Path | None = None,
    memory_gib: float = 3.0,
    seed: int = 0,
) -> CheckResult:
    """Do what Prepare does but write, and look for leaks.

    Args:
        source: a CSV, JSON or Parquet file, or a folder of such files.
        usecase: the problem: contract, features, split.
        sql: makes the features.
        spill: a folder for what does not fit into memory.
        memory_gib: how much memory the database may use before it spills.
        seed: draws the moments at which features are made again.

    Raises:
        PipelineError: one line, whenever the source, its rows, the SQL or the split cannot be
            used.
    """
    with connect(memory_gib=memory_gib, spill=spill) as database:
        reception = receive(database, source, usecase)
        columns, inputs = reception.intake.columns, usecase.features.inputs
        make_features(database, usecase, sql, reception.intake)
        looks = find_future_looks(database, usecase, sql, columns, seed=seed)
        parts = split_rows(database, FEATURED, usecase)
        sample = draw_sample(database, FEATURED, parts, [*inputs, usecase.problem.target])
    relation = relate_to_target(sample, inputs, usecase.problem)
    return CheckResult(
        reception,
        parts,
        looks,
        likely_leaks(relation, usecase.problem),
        measure_drift(sample, inputs),
    )
