"""The journal of executions: written step by step, so that a killed runner loses nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_code.core.mistakes import closest
from pipeline_code.local.database import Database
from pipeline_code.local.errors import UnknownExecutionError
from pipeline_code.local.home import Home
from pipeline_code.local.locks import is_held
from pipeline_code.local.records import EXECUTING, INTERRUPTED, ExecutionResult, StepRecord

RUNNER_LOCK = "runner.lock"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS executions (
    id TEXT PRIMARY KEY, pipeline TEXT NOT NULL, code TEXT NOT NULL, definition TEXT NOT NULL,
    parameters TEXT NOT NULL, started TEXT NOT NULL, status TEXT NOT NULL, finished TEXT,
    duration_sec REAL, reason TEXT, failed_step TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS steps (
    execution TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (execution, name)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Plan:
    """What an execution was asked to do; a resumed one is asked the same."""

    execution_id: str
    pipeline: str
    code: str
    definition: Mapping[str, Any]
    parameters: Mapping[str, Any]
    started: str


class Executions:
    """The executions of one home."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._database = Database(home.state, _SCHEMA)

    def begin(self, plan: Plan) -> None:
        """Write down what is to be done, or that it is done again."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO executions (id, pipeline, code, definition, parameters, started,"
                " status) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
                " status = excluded.status, finished = NULL, reason = NULL, failed_step = NULL",
                (
                    plan.execution_id,
                    plan.pipeline,
                    plan.code,
                    json.dumps(plan.definition),
                    json.dumps(plan.parameters),
                    plan.started,
                    EXECUTING,
                ),
            )

    def save_step(self, execution_id: str, position: int, record: StepRecord) -> None:
        """Write down where one step stands."""
        row = (execution_id, position, record.name, json.dumps(record.document()))
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO steps VALUES (?, ?, ?, ?)", row)

    def end(self, result: ExecutionResult) -> None:
        """Write down how the execution ended."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE executions SET status = ?, finished = ?, duration_sec = ?, reason = ?,"
                " failed_step = ? WHERE id = ?",
                (
                    result.status,
                    result.finished,
                    result.duration_sec,
                    result.reason,
                    result.failed_step,
                    result.execution_id,
                ),
            )

    def has(self, execution_id: str) -> bool:
        """Tell whether an execution has this id."""
        with self._database.reading() as connection:
            query = "SELECT 1 FROM executions WHERE id = ?"
            return connection.execute(query, (execution_id,)).fetchone() is not None

    def plan(self, execution_id: str) -> Plan:
        """Return what an execution was asked to do."""
        row = self._row(execution_id)
        return Plan(
            execution_id=row["id"],
            pipeline=row["pipeline"],
            code=row["code"],
            definition=json.loads(row["definition"]),
            parameters=json.loads(row["parameters"]),
            started=row["started"],
        )

    def get(self, execution_id: str) -> ExecutionResult:
        """Return one execution, as far as it came.

        Raises:
            UnknownExecutionError: if there is none with this id.
        """
        return self._result(self._row(execution_id))

    def list(self) -> tuple[ExecutionResult, ...]:
        """Return all executions, the newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM executions ORDER BY started DESC, id DESC"
            ).fetchall()
        return tuple(self._result(row) for row in rows)

    def _row(self, execution_id: str) -> sqlite3.Row:
        with self._database.reading() as connection:
            row: sqlite3.Row | None = connection.execute(
                "SELECT * FROM executions WHERE id = ?", (execution_id,)
            ).fetchone()
            if row is not None:
                return row
            known = [one["id"] for one in connection.execute("SELECT id FROM executions")]
        raise UnknownExecutionError(execution_id, closest(execution_id, known))

    def _result(self, row: sqlite3.Row) -> ExecutionResult:
        status = row["status"]
        lock = self._home.execution(row["id"]) / RUNNER_LOCK
        if status == EXECUTING and not is_held(lock):
            status = INTERRUPTED
        with self._database.reading() as connection:
            steps = connection.execute(
                "SELECT record FROM steps WHERE execution = ? ORDER BY position", (row["id"],)
            ).fetchall()
        return ExecutionResult(
            execution_id=row["id"],
            pipeline=row["pipeline"],
            status=status,
            started=row["started"],
            steps=tuple(StepRecord.of(json.loads(step["record"])) for step in steps),
            parameters=json.loads(row["parameters"]),
            finished=row["finished"],
            duration_sec=row["duration_sec"],
            reason=row["reason"],
            failed_step=row["failed_step"],
        )
