"""Prepare takes in by the file that was written the very rows that init has counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_code.core.tables import Connection
from pipeline_code.core.usecase import USECASE_FILE, load_usecase
from pipeline_code.steps.discovery.usecase_yaml import write_usecase
from pipeline_code.steps.quarantine import take_in
from tests.steps.discovery.conftest import Discover, labels, lines

ROWS = 600
RANDOM = np.random.default_rng(5)
TABLE: dict[str, list[Any]] = {
    "key": list(range(ROWS)),
    "town": RANDOM.choice(["Köln", "Bonn", "?", "  "], ROWS).tolist(),
    "total": [" " if row % 60 == 7 else f"{row * 1.5:.2f}" for row in range(ROWS)],
    "score": ["NA" if row % 9 == 0 else row % 7 for row in range(ROWS)],
    "label": [f" {label} " for label in labels(ROWS)],
}
TEXT = lines(TABLE)
BROKEN = TEXT + "1,2\n" + "600,Bonn,x,3, yes \n"
JSON = "\n".join(
    json.dumps(dict(zip(TABLE, row, strict=True))) for row in zip(*TABLE.values(), strict=True)
)


@pytest.mark.parametrize(
    ("content", "name", "broken"),
    [
        (TEXT.encode(), "t.csv", 0),
        (TEXT.encode("utf-8-sig"), "t.csv", 0),
        (TEXT.encode("utf-16"), "t.csv", 0),
        (TEXT.encode("latin-1"), "t.csv", 0),
        (TEXT.replace("Bonn", "€").encode("cp1252"), "t.csv", 0),
        (TEXT.replace(",", ";").encode(), "t.csv", 0),
        (TEXT.replace(",", "\t").encode(), "t.csv", 0),
        (TEXT.replace(",", "|").encode(), "t.csv", 0),
        (TEXT.replace("\n", "\r\n").encode(), "t.csv", 0),
        (BROKEN.encode(), "t.csv", 2),
        (JSON.encode(), "t.jsonl", 0),
        (f"[{JSON.replace(chr(10), ',')}]".encode(), "t.json", 0),
    ],
)
def test_every_row_is_taken_in_but_those_that_were_called_broken(
    found: Discover, database: Connection, tmp_path: Path, content: bytes, name: str, broken: int
) -> None:
    """A first run that stops at the contract of init makes nobody come back."""
    discovery = found(content, name, target="label")
    text = write_usecase(discovery, "table")
    (tmp_path / USECASE_FILE).write_text(text, encoding="utf-8")
    usecase = load_usecase(tmp_path)

    intake = take_in(
        database,
        tmp_path / name,
        usecase.contract,
        written=usecase.source,
        problem=usecase.problem,
    )

    assert (intake.rows_out, intake.quarantined) == (ROWS, broken), intake.reasons
    assert broken <= usecase.contract.error_budget * intake.rows_in
    figures = database.execute(
        "select count(town), count(total), count(score), count(*) filter (label like '%yes%') "
        "from transactions"
    ).fetchall()[0]
    columns = discovery.counts.columns
    expected = [discovery.counts.rows - columns[one].missing for one in ("town", "total", "score")]
    assert list(figures[:3]) == [count - (broken > 0) for count in expected]
    assert usecase.problem.positive == "yes"


def test_a_file_without_a_header(found: Discover, database: Connection, tmp_path: Path) -> None:
    """Its columns have the same numbers there."""
    rows = TEXT.partition("\n")[2]
    discovery = found(rows, target="column_5")
    (tmp_path / USECASE_FILE).write_text(write_usecase(discovery, "table"), encoding="utf-8")
    usecase = load_usecase(tmp_path)
    intake = take_in(
        database,
        tmp_path / "table.csv",
        usecase.contract,
        written=usecase.source,
        problem=usecase.problem,
    )
    assert (intake.rows_out, intake.quarantined) == (ROWS, 0)
