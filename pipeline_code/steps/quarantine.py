"""Let in the rows that keep the contract; put the others aside, each with its reasons."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from pipeline_code.core.contract_check import promise
from pipeline_code.core.data_contract import Contract, SourceFormat
from pipeline_code.core.errors import ErrorBudgetExceededError
from pipeline_code.core.problem import Problem
from pipeline_code.core.tables import Connection
from pipeline_code.steps.coded_texts import code_texts
from pipeline_code.steps.duplicates import deduplicate
from pipeline_code.steps.encodings import in_utf8
from pipeline_code.steps.quarantine_table import (
    QUARANTINED,
    count,
    make_quarantine,
    reasons_since,
)
from pipeline_code.steps.row_reading import RowReading
from pipeline_code.steps.source import SourceError
from pipeline_code.steps.sources import list_files, open_sources
from pipeline_code.steps.straight_reading import read_straight

ACCEPTED = "transactions"
"""The table of accepted rows, in the contract's types: what a use case's SQL reads."""

_AS_USUAL = SourceFormat()


@dataclass(frozen=True)
class Intake:
    """What became of every row that was read: ``rows_in`` is the sum of the other three."""

    rows_in: int
    rows_out: int
    quarantined: int
    deduplicated: int
    reasons: dict[str, int]
    columns: tuple[str, ...]

    def figures(self) -> dict[str, int]:
        """Say what became of the rows, for the profile."""
        return {
            "in": self.rows_in,
            "out": self.rows_out,
            "quarantined": self.quarantined,
            "deduplicated": self.deduplicated,
        }


def take_in(
    database: Connection,
    path: Path,
    contract: Contract,
    *,
    written: SourceFormat = _AS_USUAL,
    problem: Problem | None = None,
    table: str = ACCEPTED,
    without: Collection[str] = (),
    root: Path | None = None,
    coded: Collection[str] = (),
    ordered: bool = True,
) -> Intake:
    """Read all files under ``path`` into ``table`` and the table of refused ones.

    A row that was delivered twice, equal in every column of the contract, is let in once and
    counted as deduplicated. Rows that share the contract's unique key but differ contradict
    each other: nobody can say which is right, so all of them are quarantined.

    Args:
        database: where the tables are made.
        path: a file or a folder.
        contract: what its rows promise.
        written: how text files are written.
        problem: if the rows have its target, a label that it does not know breaks the contract.
        table: the table of the accepted rows, in the contract's types; the column `ROW` is new.
        without: folders below the source that are sources of their own.
        root: below which the quarantine names files; the source itself by default.
        coded: columns of texts that are coded where they have few; see `steps.coded_texts`.
        ordered: whether the rows must lie as they do in the files, which takes longer.

    Raises:
        SourceError: if there is nothing to read, or a file is damaged or of no known kind.
        MissingColumnsError: if a file lacks a required column.
        UnreadableTypeError: if a column has a type that cannot hold what is promised.
    """
    make_quarantine(database)
    earlier = count(database, QUARANTINED)
    contract = contract.written(written)
    files = list_files(path, without=without)
    with tempfile.TemporaryDirectory() as scratch:
        reading = RowReading(database, root or path, Path(scratch), contract, problem, table)
        readable = list(in_utf8(files, written.encoding, reading.root, reading.scratch))
        sources = open_sources(database, readable, written)
        present = reading.present(sources)
        promises = {name: promise(contract, problem, name) for name in present}
        if not read_straight(database, sources, promises, table, coded, ordered):
            reading.read(sources, present, written)
    rows_in = count(database, table) + count(database, QUARANTINED) - earlier
    if rows_in == 0:
        raise SourceError(path, "has a header but no rows; deliver rows")
    deduplicated = deduplicate(database, table, contract.unique, present)
    code_texts(database, table, [name for name in present if name in coded])
    return Intake(
        rows_in=rows_in,
        rows_out=count(database, table),
        quarantined=count(database, QUARANTINED) - earlier,
        deduplicated=deduplicated,
        reasons=reasons_since(database, earlier),
        columns=present,
    )


def check_budget(path: Path, intake: Intake, budget: float) -> None:
    """Stop where more rows were quarantined than the use case allows.

    Raises:
        ErrorBudgetExceededError: with the most frequent reason.
    """
    if intake.quarantined > budget * intake.rows_in or intake.rows_out == 0:
        reason, rows = next(iter(intake.reasons.items()))
        raise ErrorBudgetExceededError(
            str(path),
            broken=intake.quarantined,
            rows=intake.rows_in,
            budget=budget,
            most_often=f"{reason} ({rows:,} rows)",
        )
