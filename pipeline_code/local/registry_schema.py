"""The tables of the model registry; the database itself keeps its promises."""

from __future__ import annotations

from typing import Final

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS versions (
    model_group TEXT NOT NULL,
    version INTEGER NOT NULL,
    status TEXT NOT NULL
        CHECK (status IN ('PendingManualApproval', 'Approved', 'Rejected', 'Archived')),
    model_uri TEXT NOT NULL,
    model_hash TEXT NOT NULL,
    data_hash TEXT NOT NULL,
    created TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (model_group, version)
) WITHOUT ROWID;

-- Two champions of one group cannot be written, whoever tries.
CREATE UNIQUE INDEX IF NOT EXISTS one_champion ON versions (model_group) WHERE status = 'Approved';

CREATE TABLE IF NOT EXISTS history (
    id INTEGER PRIMARY KEY,
    model_group TEXT NOT NULL,
    version INTEGER NOT NULL,
    at TEXT NOT NULL,
    from_status TEXT,
    to_status TEXT NOT NULL,
    who TEXT NOT NULL,
    note TEXT NOT NULL
);
CREATE TRIGGER IF NOT EXISTS history_is_not_changed BEFORE UPDATE ON history
    BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
CREATE TRIGGER IF NOT EXISTS history_is_not_deleted BEFORE DELETE ON history
    BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
CREATE TRIGGER IF NOT EXISTS versions_are_not_deleted BEFORE DELETE ON versions
    BEGIN SELECT RAISE(ABORT, 'a version is archived, never deleted'); END;
CREATE TRIGGER IF NOT EXISTS versions_keep_their_model
    BEFORE UPDATE OF model_group, version, model_uri, model_hash, data_hash, created, document
    ON versions
    BEGIN SELECT RAISE(ABORT, 'only the status of a version changes'); END;
"""
