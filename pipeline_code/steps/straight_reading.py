"""Read files in which every row keeps the contract: whole columns at once, in its types.

Values are read in the contract's types straight away, and the contract is held against whole
columns. Where anything is wrong nothing was done, and somebody else reads row by row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from pipeline_code.core.contract_check import (
    Promise,
    is_broken,
    straight_type,
    straight_value,
)
from pipeline_code.core.data_hash import ROW, row_digest
from pipeline_code.core.tables import Connection, quoted
from pipeline_code.steps.coded_texts import first_texts, type_of_texts
from pipeline_code.steps.source import Source

_STRAYS = "acequia_strays"  # the texts of a row, where one is not among those that are coded


def read_straight(
    database: Connection,
    sources: Sequence[Source],
    promises: Mapping[str, Promise],
    table: str,
    coded: Collection[str] = (),
    ordered: bool = True,
) -> bool:
    """Make a table of all rows, if every one keeps the contract.

    Args:
        database: where the table is made.
        sources: the files.
        promises: what the columns of the table must be; those of the contract that are there.
        table: its name.
        coded: columns of texts that may be coded; see `steps.coded_texts`.
        ordered: whether the rows must lie as they do in the files, which takes longer.

    Returns:
        Whether there is a table now.
    """
    if len(sources) != 1 or sources[0].typed is None or not sources[0].columns:
        return False
    columns = {name: promise.column for name, promise in promises.items()}
    source = sources[0].typed({name: straight_type(one) for name, one in columns.items()})
    if source is None:
        return False
    found = {name: source.columns[name] for name in columns}
    values = ", ".join(
        f"{straight_value(one, found[name].sql, found[name].type)} as {quoted(name)}"
        for name, one in columns.items()
    )
    rows = f"select {values} from {source.relation}"  # noqa: S608 - names are quoted
    texts = [name for name, one in columns.items() if name in coded and one.type == "string"]
    reading = _Reading(database, rows, tuple(columns), table, ordered)
    try:
        reading.read(first_texts(database, rows, texts))
        kept = reading.keeps(promises)
    except duckdb.Error:
        kept = False
    if not kept:
        database.execute(f"drop table if exists {table}")
    return kept


@dataclass(frozen=True)
class _Reading:
    database: Connection
    rows: str
    columns: tuple[str, ...]
    table: str
    ordered: bool

    def read(self, texts: Mapping[str, set[str]]) -> None:
        """Make the table, with columns whose ``texts`` are nearly known coded."""
        codes = {
            name: f"try_cast({quoted(name)} as {type_of_texts(some)})"
            for name, some in texts.items()
        }
        values = ", ".join(
            f"{codes.get(name, quoted(name))} as {quoted(name)}" for name in self.columns
        )
        strays = ""
        if codes:
            unknown = " or ".join(
                f"({code} is null and {quoted(name)} is not null)" for name, code in codes.items()
            )
            written = ", ".join(map(quoted, codes))
            strays = f", case when {unknown} then [{written}] end as {_STRAYS}"
        self.database.execute(f"set preserve_insertion_order = {self.ordered}")
        try:
            self.database.execute(
                f"create table {self.table} as select {values}, "  # noqa: S608
                f"{row_digest(self.columns)} as {ROW}{strays} from ({self.rows})"
            )
        finally:
            self.database.execute("reset preserve_insertion_order")
        if codes:
            self._let_in_strays(texts)

    def _let_in_strays(self, texts: Mapping[str, set[str]]) -> None:
        """Give the columns the texts that were not known when the rows were read."""
        for place, (name, known) in enumerate(texts.items(), start=1):
            stray = f"{_STRAYS}[{place}]"
            found = self.database.execute(
                f"select distinct {stray} from {self.table} where {stray} is not null"  # noqa: S608
            ).fetchall()
            if new := {row[0] for row in found} - known:
                column = quoted(name)
                self.database.execute(
                    f"alter table {self.table} alter {column} type {type_of_texts(known | new)} "
                    f"using coalesce(cast({column} as varchar), {stray})"
                )
        self.database.execute(f"alter table {self.table} drop {_STRAYS}")

    def keeps(self, promises: Mapping[str, Promise]) -> bool:
        """Tell whether all columns are what they must be."""
        broken = " or ".join(is_broken(name, *promise) for name, promise in promises.items())
        # As texts, for a word that no row has cannot be compared with a code.
        texts = ", ".join(
            f"cast({quoted(name)} as varchar) as {quoted(name)}"
            for name, promise in promises.items()
            if promise.column.type == "string"
        )
        rows = f"(select * replace ({texts}) from {self.table})" if texts else self.table  # noqa: S608
        query = f"select {broken} from {rows}"  # noqa: S608
        return not self.database.execute(query).fetchall()[0][0]
