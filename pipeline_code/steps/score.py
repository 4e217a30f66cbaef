"""Score a file: the same rows in the same order, with ``score`` and ``decision`` added."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

import duckdb
import numpy as np

from pipeline_code.core.contract_check import CheckedColumn, absent_column, check_column
from pipeline_code.core.mistakes import closest
from pipeline_code.core.tables import Connection, connect, literal, quoted
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.predict import Matrix, Model
from pipeline_code.steps.quarantine import ACCEPTED
from pipeline_code.steps.score_files import (
    SOURCE,
    UnscorableFileError,
    as_number,
    check_format,
    is_same_format,
    load_source,
    no_number,
    write_result,
)
from pipeline_code.steps.served_model import require_scorable
from pipeline_code.steps.verdicts import decide

Progress = Callable[[int, int, str], None]

_CHUNK_ROWS: Final = 200_000
_MEMORY_GIB: Final = 1.0
ADDED: Final = ("score", "decision")
"""The columns of a result that its source does not have."""
_ROW: Final = "acequia_row"


@dataclass(frozen=True)
class History:
    """How to make features of a file that has the source's columns instead.

    The file is then its own history: windows see the rows in it and nothing before.
    """

    usecase: UseCase
    sql: str


@dataclass(frozen=True)
class Scored:
    """What was done: ``computed`` tells that the features were made, not given."""

    rows: int
    positives: int
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
    """Write ``source`` with the columns ``score`` and ``decision`` to ``destination``.

    Ids and other columns stay as they are. Memory is bounded: what does not fit goes to the
    folder ``spill``. The destination appears whole or not at all. Rows with a value that
    cannot be used go to the file ``quarantine``, as JSON lines with their number and reasons.

    ``is_part``: rows of a larger file, which may all be put aside and get no header.

    Raises:
        UnscorableFileError: if a file is broken, a column is missing, no row can be scored, or,
            without ``quarantine``, a value cannot be used.
    """
    require_scorable(model.metadata)
    check_format(source)
    check_format(destination)
    with connect(memory_gib=_MEMORY_GIB, spill=spill) as database:
        columns = load_source(database, source)
        for name in ADDED:
            if name in {column.lower() for column in columns}:
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
            numbers=model.features,
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
        aside = put_aside(
            database,
            source,
            {name: no_number(name, columns[name]) for name in model.features},
            quarantine,
        )
        floats = ", ".join(
            f"{as_number(name, columns[name])} as {quoted(name)}" for name in model.features
        )
        database.execute(f"create table inputs as select {floats} from {SOURCE}")  # noqa: S608
        return False, aside
    if history is None or not _required(history.usecase) <= columns.keys():
        raise _missing(source, columns, model, history)
    return True, _compute(database, source, columns, model, history, quarantine)


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
    floats = ", ".join(
        f"cast({quoted(name)} as float) as {quoted(name)}" for name in model.features
    )
    try:
        database.execute(
            f"create table inputs as select {floats} from ({history.sql}) order by {_ROW}"  # noqa: S608
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
        is_json = columns[name] == "JSON"
        yield check_column(
            name,
            promised,
            raw=f"({quoted(name)} ->> '$')" if is_json else quoted(name),
            found="VARCHAR" if is_json else columns[name],
            dataset=str(source),
        )


def _score(
    database: Connection, model: Model, chunk_rows: int, progress: Progress | None
) -> tuple[int, int]:
    database.execute("create table scores (score double, decision tinyint)")
    counted = database.execute("select count(*) from inputs").fetchone()
    total, positives = int(counted[0]) if counted else 0, 0
    for start in range(0, total, chunk_rows):
        chunk = database.execute(
            "select * from inputs where rowid >= ? and rowid < ?", [start, start + chunk_rows]
        ).fetchnumpy()
        scores = model.predict(_matrix([chunk[name] for name in model.features]))
        decisions = decide(scores, model.threshold)
        positives += int(decisions.sum())
        database.register("chunk", {"score": scores, "decision": decisions})
        database.execute("insert into scores from chunk")
        database.unregister("chunk")
        if progress:
            progress(min(start + chunk_rows, total), total, "rows scored")
    return total, positives


def _matrix(columns: Sequence[np.ma.MaskedArray | np.ndarray]) -> Matrix:
    filled = [np.ma.filled(column.astype(np.float32), np.nan) for column in columns]
    return np.ascontiguousarray(np.stack(filled, axis=1))


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
