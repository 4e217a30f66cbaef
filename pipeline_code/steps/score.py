"""Score a file: the same rows in the same order, with what the model says of each added."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

import duckdb

from pipeline_code.core.contract_check import CheckedColumn, absent_column
from pipeline_code.core.mistakes import closest
from pipeline_code.core.problem_types import BINARY
from pipeline_code.core.tables import Connection, connect, literal, quoted
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.predict import Model
from pipeline_code.steps.quarantine import ACCEPTED
from pipeline_code.steps.score_files import (
    SOURCE,
    UnscorableFileError,
    check_format,
    is_same_format,
    load_source,
    write_result,
)
from pipeline_code.steps.score_inputs import (
    History,
    contract_column,
    given_inputs,
    input_matrix,
    model_type,
)
from pipeline_code.steps.verdicts import DECISION, SCORE, verdict_names, verdicts

__all__ = ["ADDED", "History", "Progress", "Scored", "put_aside", "score_file"]

Progress = Callable[[int, int, str], None]

_CHUNK_ROWS: Final = 200_000
_MEMORY_GIB: Final = 1.0
ADDED: Final = (SCORE, DECISION)
"""What a result of a binary problem has beside its source; see `verdicts.verdict_names`."""
_ROW: Final = "acequia_row"


@dataclass(frozen=True)
class Scored:
    """What was done: ``computed`` tells that the features were made, not given.

    ``positives`` are there where the problem is binary.
    """

    rows: int
    positives: int | None
    computed: bool
    labelled: bool
    quarantined: int = 0


def score_file(
    model: Model,
    source: Path,
    destination: Path,
    *,
    spill: Path | None,
    history: History | None = None,
    quarantine: Path | None = None,
    is_part: bool = False,
    chunk_rows: int = _CHUNK_ROWS,
    progress: Progress | None = None,
) -> Scored:
    """Write ``source`` with the columns of `verdicts.verdicts` to ``destination``.

    Ids and other columns stay as they are. Memory is bounded: what does not fit goes to the
    folder ``spill``. The destination appears whole or not at all. Rows with a value that
    cannot be used go to the file ``quarantine``, as JSON lines with their number and reasons.

    ``is_part``: rows of a larger file, which may all be put aside and get no header.

    Raises:
        UnscorableFileError: if a file is broken, a column is missing, no row can be scored, or,
            without ``quarantine``, a value cannot be used.
    """
    check_format(source)
    check_format(destination)
    with connect(memory_gib=_MEMORY_GIB, spill=spill) as database:
        columns = load_source(database, source, history.usecase if history else None)
        added = verdict_names(model.metadata)
        for name in added:
            if name.lower() in {column.lower() for column in columns}:
                raise UnscorableFileError(
                    source, f"has a column {name} already; rename or remove it"
                )
        computed, quarantined = _make_inputs(database, source, columns, model, history, quarantine)
        if not is_part:
            _refuse_nothing(database, source, quarantine)
        rows, positives = _score(database, model, chunk_rows, progress)
        write_result(
            database,
            destination,
            columns,
            added=added,
            numbers=[name for name in model.features if name not in model.categories],
            like_source=is_same_format(source, destination),
            header=not is_part,
        )
    target = history.usecase.problem.target if history else model.metadata.target
    return Scored(rows, positives, computed, target in columns, quarantined)


def _make_inputs(
    database: Connection,
    source: Path,
    columns: Mapping[str, str],
    model: Model,
    history: History | None,
    quarantine: Path | None,
) -> tuple[bool, int]:
    """Make the table ``inputs`` of the model's features.

    Returns whether they were computed, and how many rows were put aside first.
    """
    if set(model.features) <= columns.keys():
        given = given_inputs(source, columns, model, history)
        aside = put_aside(database, source, {one.name: one.reason for one in given}, quarantine)
        values = ", ".join(f"{one.value} as {quoted(one.name)}" for one in given)
        database.execute(f"create table inputs as select {values} from {SOURCE}")  # noqa: S608
        return False, aside
    if history is None or not _required(history.usecase) <= columns.keys():
        raise _missing(source, columns, model, history)
    aside = _compute(database, source, columns, model, history, quarantine)
    return not history.is_plain, aside


def _compute(
    database: Connection,
    source: Path,
    columns: Mapping[str, str],
    model: Model,
    history: History,
    quarantine: Path | None,
) -> int:
    """Make the features as Prepare does, from columns checked as it checks them."""
    checked = list(_checked(source, columns, history.usecase))
    reasons = {one.name: one.reason for one in checked if one.name in columns}
    aside = put_aside(database, source, reasons, quarantine)
    typed = ", ".join(f"{one.value} as {quoted(one.name)}" for one in checked)
    database.execute(
        f"create view {ACCEPTED} as select rowid as {_ROW}, {typed} from {SOURCE}"  # noqa: S608
    )
    values = ", ".join(
        f"cast({quoted(name)} as {model_type(model, name)}) as {quoted(name)}"
        for name in model.features
    )
    try:
        database.execute(
            f"create table inputs as select {values} from ({history.sql}) order by {_ROW}"  # noqa: S608
        )
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        raise UnscorableFileError(source, f"features cannot be computed: {first}") from error
    return aside


def _checked(source: Path, columns: Mapping[str, str], usecase: UseCase) -> Iterator[CheckedColumn]:
    for name, column in usecase.contract.columns.items():
        if name not in columns:
            # What the file does not know, a label above all, is a missing value.
            yield absent_column(name, column)
            continue
        is_target = name == usecase.problem.target
        promised = column.model_copy(update={"nullable": True}) if is_target else column
        yield contract_column(source, name, columns[name], promised, usecase)


def _score(
    database: Connection, model: Model, chunk_rows: int, progress: Progress | None
) -> tuple[int, int | None]:
    """Make the table ``scores``; return its rows, and of a binary problem the positive ones."""
    fields = ", ".join(f"{quoted(n)} {_type(model, n)}" for n in verdict_names(model.metadata))
    database.execute(f"create table scores ({fields})")
    counted = database.execute("select count(*) from inputs").fetchone()
    total, positives = int(counted[0]) if counted else 0, 0
    is_binary = model.metadata.problem == BINARY
    for start in range(0, total, chunk_rows):
        chunk = database.execute(
            "select * from inputs where rowid >= ? and rowid < ?", [start, start + chunk_rows]
        ).fetchnumpy()
        said = verdicts(model.metadata, model.predict(input_matrix(model, chunk)))
        positives += int(said[DECISION].sum()) if is_binary else 0
        database.register("chunk", said)
        database.execute("insert into scores from chunk")
        database.unregister("chunk")
        if progress:
            progress(min(start + chunk_rows, total), total, "rows scored")
    return total, positives if is_binary else None


def _type(model: Model, name: str) -> str:
    """Name the SQL type of a column of a result."""
    if name != DECISION:
        return "double"
    return "tinyint" if model.metadata.problem == BINARY else "varchar"


def put_aside(
    database: Connection, source: Path, reasons: Mapping[str, str], quarantine: Path | None
) -> int:
    """Take the rows out of `SOURCE` for which a column's SQL gives a reason; return how many.

    They are written to ``quarantine``, where there are any.

    Raises:
        UnscorableFileError: without ``quarantine``.
    """
    broken = f"concat_ws('; ', {', '.join(reasons.values())})"
    counted = database.execute(
        f"select count(*) filter (where {broken} != '') from {SOURCE}"  # noqa: S608
    ).fetchone()
    aside = counted[0] if counted else 0
    if not aside:
        return 0
    if quarantine is None:
        _refuse_first(database, source, reasons)
    try:
        database.execute(
            f"copy (select rowid + 1 as row, {broken} as reasons, {SOURCE} as record "  # noqa: S608
            f"from {SOURCE} where {broken} != '' order by rowid) "
            f"to {literal(quarantine)} (format json)"
        )
    except duckdb.Error as error:
        raise UnscorableFileError(Path(str(quarantine)), "cannot be written") from error
    database.execute(
        f"create table kept as select * from {SOURCE} where {broken} = '' order by rowid"  # noqa: S608
    )
    database.execute(f"drop table {SOURCE}; alter table kept rename to {SOURCE}")
    return int(aside)


def _refuse_nothing(database: Connection, source: Path, quarantine: Path | None) -> None:
    counted = database.execute(f"select count(*) from {SOURCE}").fetchone()  # noqa: S608
    if counted == (0,) and quarantine:
        first = json.loads(quarantine.read_text(encoding="utf-8").partition("\n")[0])["reasons"]
        quarantine.unlink()
        raise UnscorableFileError(source, f"has no row that can be scored; the first: {first}")


def _refuse_first(database: Connection, source: Path, reasons: Mapping[str, str]) -> NoReturn:
    """Refuse the first row for which a column's SQL gives a reason."""
    firsts = ", ".join(f"min(rowid) filter (where ({sql}) is not null)" for sql in reasons.values())
    found = database.execute(f"select {firsts} from {SOURCE}").fetchone() or ()  # noqa: S608
    bad = [(row, name) for row, name in zip(found, reasons, strict=True) if row is not None]
    row, name = min(bad)
    given, reason = database.execute(
        f"select cast({quoted(name)} as varchar), {reasons[name]} from {SOURCE} where rowid = ?",  # noqa: S608
        [row],
    ).fetchall()[0]
    shown = "" if given is None else f" (given {given[:60]!r})"
    raise UnscorableFileError(source, f"row {row + 1}: {reason}{shown}; correct the row")


def _required(usecase: UseCase) -> set[str]:
    """Name the columns without which no feature can be made; the label is not among them."""
    columns = usecase.contract.columns.items()
    return {name for name, column in columns if column.required} - {usecase.problem.target}


def _missing(
    source: Path, columns: Mapping[str, str], model: Model, history: History | None
) -> UnscorableFileError:
    lacking = [name for name in model.features if name not in columns]
    if history:
        required = _required(history.usecase)
        raw = sorted(required - columns.keys())
        # Say what is nearer: a file of features with a slip, or a file of the source with one.
        if len(raw) / len(required) < len(lacking) / len(model.features):
            lacking = raw
    unknown = [name for name in columns if name not in model.features]
    hint = closest(lacking[0], unknown)
    found = ", ".join(list(columns)[:20])
    return UnscorableFileError(
        source, f"lacks {', '.join(lacking)}{hint or '; add what is missing;'} found {found}"
    )
