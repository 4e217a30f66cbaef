"""How each kind of file is read: Parquet by its types, CSV and JSON as text."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import duckdb

from pipeline_code.core.contract_check import is_straight
from pipeline_code.core.data_contract import SourceFormat
from pipeline_code.core.tables import Connection, literal, quoted
from pipeline_code.steps.source import (
    FILE,
    Source,
    SourceColumn,
    SourceError,
    SourceFile,
    damaged,
    path_list,
)

LINE = "acequia_line"
"""The column that holds a line of JSON as it is."""

_DELIMITERS = (",", ";", "\t", "|")
_KEEP_REJECTS = "store_rejects = true, rejects_limit = 0"
# Small buffers share the work out evenly and take less memory; else lines could be longer, too.
_BUFFERS = "buffer_size = 8_000_000, max_line_size = 2_000_000"
_JSON_SAMPLE = 1_000  # objects whose keys are read to learn the columns


def parquet_columns(database: Connection, file: SourceFile) -> list[str]:
    """List names and types of a Parquet file in turn: name, type, name, type."""
    query = f"describe from read_parquet({path_list([file])}, hive_partitioning = false)"
    try:
        rows = database.execute(query).fetchall()
    except duckdb.Error as error:
        raise damaged(file.path, error) from error
    return [part for row in rows for part in (str(row[0]), str(row[1]))]


def parquet_source(details: Sequence[str], files: Sequence[SourceFile]) -> Source:
    """Read Parquet files whose `parquet_columns` are ``details``."""
    names, types = details[::2], details[1::2]
    fields = ", ".join(f"{literal(name)}: {quoted(name)}" for name in names)
    options = f"hive_partitioning = false, filename = '{FILE}'"
    source = Source(
        relation=f"read_parquet({path_list(files)}, {options})",
        columns={
            name: SourceColumn(quoted(name), found)
            for name, found in zip(names, types, strict=True)
        },
        record=f"cast(to_json({{{fields}}}) as varchar)",
        files=tuple(files),
    )
    return replace(source, typed=partial(_typed_parquet, source))


def _typed_parquet(source: Source, types: Mapping[str, str]) -> Source | None:
    """Read Parquet files as they are, where their types are those that are asked for."""
    fits = all(is_straight(wanted, source.columns[name].type) for name, wanted in types.items())
    return source if fits else None


def csv_header(file: Path, head: str, written: SourceFormat) -> list[str]:
    """Find the delimiter and the names of the columns, which a file's first line tells.

    The delimiter is the one that makes most columns, where ``written`` names none.
    """
    delimiters = (written.delimiter,) if written.delimiter else _DELIMITERS
    first = {
        delimiter: next(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter), [])
        for delimiter in delimiters
    }
    delimiter = max(first, key=lambda one: len(first[one]))
    names = first[delimiter]
    if not written.header:
        if not names:
            raise SourceError(file, "begins with an empty line; remove it")
        return [delimiter, *(f"column_{place + 1}" for place in range(len(names)))]
    if not any(name.strip() for name in names):
        raise SourceError(
            file,
            "has no header line; its first line must name the columns, "
            "or set source.header: false in usecase.yaml",
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise SourceError(file, f"names {', '.join(twice)} twice in its header; rename one")
    return [delimiter, *names]


def csv_source(
    details: Sequence[str], files: Sequence[SourceFile], written: SourceFormat
) -> Source:
    """Read CSV files whose `csv_header` is ``details``; every value is text until it is checked."""
    _, *names = details
    cells = _cells(names)
    fields = ", ".join(f"{literal(name)}: {cell}" for name, cell in cells.items())
    options = f"filename = '{FILE}', {_KEEP_REJECTS}"
    return Source(
        relation=_csv(details, files, written, dict.fromkeys(names, "varchar"), options),
        columns={
            name: SourceColumn(present(cell, written.missing), "VARCHAR")
            for name, cell in cells.items()
        },
        record=f"cast(to_json({{{fields}}}) as varchar)",
        files=tuple(files),
        rejects=True,
        typed=partial(_typed_csv, details, files, written),
    )


def _typed_csv(
    details: Sequence[str],
    files: Sequence[SourceFile],
    written: SourceFormat,
    types: Mapping[str, str],
) -> Source | None:
    """Read CSV files in types; a word for a missing value is one also where it is no text.

    But for a number like -999: with a space beside it, it would count as itself.
    """
    if any(_is_number(word) for word in written.missing):
        return None
    _, *names = details
    declared = {name: types.get(name, "varchar") for name in names}
    words = ", ".join(literal(word) for word in ("", *written.missing))
    return Source(
        relation=_csv(details, files, written, declared, f"nullstr = [{words}], {_BUFFERS}"),
        columns={
            name: SourceColumn(
                present(cell, written.missing) if declared[name] == "varchar" else cell,
                declared[name].upper(),
            )
            for name, cell in _cells(names).items()
        },
        record="null",
        files=tuple(files),
    )


def _is_number(word: str) -> bool:
    try:
        return math.isfinite(float(word))
    except ValueError:
        return False


def _cells(names: Sequence[str]) -> dict[str, str]:
    """Name columns by their position: a header may hold names that differ only in case."""
    return {name: f"c{place}" for place, name in enumerate(names)}


def _csv(
    details: Sequence[str],
    files: Sequence[SourceFile],
    written: SourceFormat,
    types: Mapping[str, str],
    options: str,
) -> str:
    delimiter, *names = details
    declared = ", ".join(f"{cell}: '{types[name]}'" for name, cell in _cells(names).items())
    return (
        f"read_csv({path_list(files)}, columns = {{{declared}}}, "
        f"header = {str(written.header).lower()}, auto_detect = false, "
        f"delim = {literal(delimiter)}, quote = '\"', escape = '\"', "
        f"hive_partitioning = false, {_unpacked(files)}{options})"
    )


def json_source(
    database: Connection, layout: str, files: Sequence[SourceFile], written: SourceFormat
) -> Source:
    """Read JSON objects, an ``array`` a file or as ``lines``; missing keys are missing values."""
    rows = _objects(files) if layout == "array" else _lines(files, _KEEP_REJECTS)
    sample = _objects(files) if layout == "array" else _lines(files, "ignore_errors = true")
    # A case, not an `and`: the parts of an `and` may run in any order, and a broken line fails.
    is_object = f"(case when json_valid({LINE}) then json_type({LINE}) else '' end = 'OBJECT')"
    whole = f"case when {is_object} then {LINE} end"
    names = _json_keys(database, sample, whole, files)
    return Source(
        relation=rows,
        columns={
            name: SourceColumn(
                present(f"json_extract_string({whole}, {_pointer(name)})", written.missing),
                "VARCHAR",
            )
            for name in names
        },
        record=LINE,
        files=tuple(files),
        rejects=layout == "lines",
        condition=is_object,
        problem="is no JSON object",
    )


def present(text: str, missing: Sequence[str]) -> str:
    """Write the SQL of a text, NULL where it is one of the words for a missing value."""
    if not missing:
        return text
    words = ", ".join(literal(word.strip()) for word in missing)
    return f"case when trim({text}) not in ({words}) then {text} end"


def _unpacked(files: Sequence[SourceFile]) -> str:
    """Say that copies are not packed, whatever their names end in."""
    return "compression = 'none', " if files[0].is_copy else ""


def _objects(files: Sequence[SourceFile]) -> str:
    return (
        f"(select cast(json as varchar) as {LINE}, filename as {FILE} "  # noqa: S608
        f"from read_json_objects({path_list(files)}, {_unpacked(files)}"
        "format = 'array', filename = true))"
    )


def _lines(files: Sequence[SourceFile], errors: str) -> str:
    """Read lines of text, so that a broken line is one broken row and keeps its text."""
    return (
        f"(select * from read_csv({path_list(files)}, columns = {{{LINE}: 'VARCHAR'}}, "  # noqa: S608
        "header = false, auto_detect = false, delim = '\x01', quote = '', escape = '', "
        f"hive_partitioning = false, filename = '{FILE}', {_unpacked(files)}{errors}) "
        f"where trim({LINE}) <> '')"
    )


def _json_keys(
    database: Connection, relation: str, whole: str, files: Sequence[SourceFile]
) -> list[str]:
    objects = f"select json_keys({whole}) as keys from {relation} limit {_JSON_SAMPLE}"  # noqa: S608
    try:
        rows = database.execute(
            "select key, min(place) as place from (select unnest(keys) as key, "  # noqa: S608
            f"generate_subscripts(keys, 1) as place from ({objects})) "
            "group by key order by place, key"
        ).fetchall()
    except duckdb.Error as error:
        raise damaged(files[0].path, error) from error
    return [str(row[0]) for row in rows]


def _pointer(name: str) -> str:
    return literal("/" + name.replace("~", "~0").replace("/", "~1"))
