"""Write the records that feature groups keep: the latest of each entity, and the recent ones."""

from __future__ import annotations

from pathlib import Path

from pipeline_code import contract
from pipeline_code.core.data_hash import ROW
from pipeline_code.core.tables import Connection, literal, quoted
from pipeline_code.core.usecase import FeatureGroup, UseCase
from pipeline_code.steps.features import FEATURED, order_of_rows


def write_records(database: Connection, usecase: UseCase, folder: Path) -> None:
    """Write the records of every feature group of the use case into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for group in usecase.features.groups:
        _write_group(database, usecase, group, folder)


def _write_group(database: Connection, usecase: UseCase, group: FeatureGroup, folder: Path) -> None:
    time, key = quoted(usecase.split.time_column), quoted(group.key)
    names = ", ".join(quoted(name) for name in group.features)
    record = (
        f"{key}, strftime({time}, '%Y-%m-%dT%H:%M:%SZ') as {quoted(contract.EVENT_TIME)}, {names}"
    )
    last_first = ", ".join(f"{quoted(name)} desc" for name in usecase.contract.unique or (ROW,))
    # The last moment of each entity first: then few rows are left to be compared.
    latest = (
        f"select {record} from {FEATURED} semi join "  # noqa: S608
        f"(select {key}, max({time}) as {time} from {FEATURED} group by 1) using ({key}, {time}) "
        f"qualify row_number() over (partition by {key} order by {last_first}) = 1 order by {key}"
    )
    history = (
        f"select {record} from {FEATURED} where cast({time} as date) > "  # noqa: S608
        f"(select max(cast({time} as date)) from {FEATURED}) - {usecase.features.history_days} "
        f"order by {order_of_rows(usecase)}"
    )
    for query, name in (
        (latest, contract.features_latest_file(group.name)),
        (history, contract.features_history_file(group.name)),
    ):
        database.execute(f"copy ({query}) to {literal(folder / name)} (format parquet)")
