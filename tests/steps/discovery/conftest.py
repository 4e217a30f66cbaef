"""Small tables in files, and what discovery makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_code.core.tables import Connection, connect
from pipeline_code.steps.discovery.column_types import see_columns
from pipeline_code.steps.discovery.discover import Discovery, Wishes, discover
from pipeline_code.steps.discovery.exact_counts import Counts, count_table
from pipeline_code.steps.discovery.reading import Table, draw_rows, open_table

Write = Callable[..., Path]
Count = Callable[..., Counts]
Discover = Callable[..., Discovery]


def lines(columns: dict[str, Sequence[Any]]) -> str:
    """Write columns as CSV; nothing is quoted."""
    rows = zip(*columns.values(), strict=True)
    return "\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n"


def labels(rows: int, share: float = 0.3) -> list[str]:
    """Draw yes and no, the same ones every time."""
    return np.where(np.random.default_rng(0).random(rows) < share, "yes", "no").tolist()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write text, bytes or columns to a file."""

    def write(content: str | bytes | dict[str, Sequence[Any]], name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = lines(content) if isinstance(content, dict) else content
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture
def database() -> Iterator[Connection]:
    """A database in memory."""
    with connect() as opened:
        yield opened


@pytest.fixture
def open_file(database: Connection, write: Write) -> Callable[..., Table]:
    """Write and open a table."""

    def open_file(content: Any, name: str = "table.csv", header: bool | None = None) -> Table:
        path = write(content, name)
        return open_table(database, path, header=header, named=(), scratch=path.parent / "copies")

    return open_file


@pytest.fixture
def count(database: Connection, open_file: Callable[..., Table]) -> Count:
    """Write a table, draw its rows, and count."""

    def count(content: Any, name: str = "table.csv") -> Counts:
        table = open_file(content, name)
        draw_rows(database, table)
        return count_table(database, table, see_columns(database, table.columns))

    return count


@pytest.fixture
def found(write: Write) -> Discover:
    """Write a table and discover all of it."""

    def found(content: Any, name: str = "table.csv", **wishes: Any) -> Discovery:
        return discover(write(content, name), Wishes(**wishes))

    return found
