"""The feature store: what is in it, a record, its history, what was known at the time of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from acequia.errors import CommandError, NotFoundError
from acequia.project import shown, usecase_folder
from acequia.terminal import Terminal
from pipeline_code import contract
from pipeline_code.core.feature_sql import instant
from pipeline_code.core.mistakes import closest
from pipeline_code.core.usecase import UseCase, load_usecase
from pipeline_code.local.feature_store import FeatureStore
from pipeline_code.local.home import Home
from pipeline_code.local.services import LocalServices
from pipeline_code.steps.feature_join import JoinedGroup, join_file

_NEVER_WRAPPED = frozenset({"group", "key", "from", "to", contract.EVENT_TIME})


@dataclass(frozen=True)
class Join:
    """What a person asked of ``acequia features join``."""

    file: Path
    groups: Sequence[str]
    time: str | None
    output: Path | None
    force: bool


def show_groups(home: Home, terminal: Terminal) -> None:
    """Print every feature group of which there are records."""
    store = FeatureStore(home)
    found = [store.summary(name) for name in store.groups()]
    table = _table("group", "key", "entities", "records", "from", "to", "features")
    for each in found:
        table.add_row(
            f"  {each.name}",
            each.key,
            f"{each.entities:,}",
            f"{each.records:,}",
            each.oldest or "",
            each.latest or "",
            str(len(each.features)),
        )
    empty = Text("No feature group has records yet; write some: acequia run")
    terminal.result([asdict(each) for each in found], view=table if found else empty)


def show_records(
    home: Home, usecase: str, group: str, entities: Sequence[str], terminal: Terminal
) -> None:
    """Print the latest record of each entity.

    Raises:
        NotFoundError: if none of them has one.
    """
    chosen = _chosen(home, _usecase(usecase), group)
    found = LocalServices(home).get_records(chosen.feature_group, entities)
    missing = [entity for entity in entities if entity not in found]
    if not found:
        raise NotFoundError(
            f"{chosen.feature_group} has no record of {', '.join(map(repr, missing))}; "
            "see which groups have records: acequia features list"
        )
    table = _table("", *(f"{chosen.key} {entity}" for entity in found))
    for name in next(iter(found.values())):
        table.add_row(f"  {name}", *(_cell(record.get(name)) for record in found.values()))
    terminal.result({entity: found.get(entity) for entity in entities}, view=table)
    if missing:
        terminal.note(f"no record of {', '.join(missing)}")


def show_history(
    home: Home,
    usecase: str,
    group: str,
    entity: str,
    bounds: tuple[str | None, str | None],
    terminal: Terminal,
) -> None:
    """Print the records of one entity, the oldest first.

    Raises:
        NotFoundError: if there are none between the bounds.
    """
    begin = instant(bounds[0], "--from") if bounds[0] else None
    end = instant(bounds[1], "--to", is_end=True) if bounds[1] else None
    if begin and end and begin > end:
        raise CommandError(f"--from {bounds[0]} is after --to {bounds[1]}; swap them")
    chosen = _chosen(home, _usecase(usecase), group)
    records = LocalServices(home).history(chosen.feature_group, entity, begin, end)
    if not records:
        between = " between these times" if begin or end else ""
        raise NotFoundError(
            f"{chosen.feature_group} has no record of {entity!r}{between}; see from when to when "
            "there are records: acequia features list"
        )
    table = _table(*(name for name in records[0] if name != chosen.key))
    for record in records:
        cells = [_cell(value) for name, value in record.items() if name != chosen.key]
        table.add_row(f"  {cells[0]}", *cells[1:])
    terminal.result([dict(record) for record in records], view=table)


def join(home: Home, usecase: str, asked: Join, terminal: Terminal) -> None:
    """Write the rows of a file with what was known of them at their time."""
    problem = _usecase(usecase)
    groups = [_chosen(home, problem, name) for name in dict.fromkeys(asked.groups)]
    time = asked.time or problem.split.event_time
    if time is None:
        raise CommandError(
            f"{usecase} has no event time; name the column with the time of a row: --time COLUMN"
        )
    output = asked.output or asked.file.with_name(f"{asked.file.stem}-joined{asked.file.suffix}")
    _check_output(asked.file, output, force=asked.force)
    with terminal.working(f"Joining {shown(asked.file)}"):
        made = join_file(asked.file, output, groups, time, LocalServices(home))
    known = "; ".join(f"{count:,} with a record of {name}" for name, count in made.known.items())
    document = {"output": str(output), "rows": made.rows, "known": dict(made.known)}
    terminal.result(document, view=Text(f"{made.rows:,} rows: {shown(output)}; {known}"))


def _usecase(name: str) -> UseCase:
    return load_usecase(usecase_folder(name))


def _chosen(home: Home, usecase: UseCase, name: str) -> JoinedGroup:
    """Find a group by its name, its name with version, or its physical name.

    Raises:
        NotFoundError: with the names there are.
    """
    declared = {
        group.name: JoinedGroup(group.name, f"{usecase.name}-{group.versioned_name}", group.key)
        for group in usecase.features.groups
    }
    for group in declared.values():
        versioned = group.feature_group.removeprefix(f"{usecase.name}-")
        if name in (group.name, versioned, group.feature_group):
            return group
    store = FeatureStore(home)
    if name in store.groups():
        return JoinedGroup(name, name, store.summary(name).key)
    known = [*declared, *store.groups()]
    raise NotFoundError(
        f"there is no feature group {name!r} in {usecase.name}{closest(name, known)}; "
        f"there are: {', '.join(known) or 'none'}"
    )


def _check_output(source: Path, output: Path, *, force: bool) -> None:
    if not output.parent.is_dir():
        raise NotFoundError(f"{shown(output.parent)} is no folder; make it first")
    if output.exists() and source.exists() and output.samefile(source):
        raise CommandError(f"{shown(output)} is the file to be read; name another with --output")
    if output.is_dir():
        raise CommandError(f"{shown(output)} is a folder; name a file with --output")
    if output.exists() and not force:
        raise CommandError(
            f"{shown(output)} is there already; name another with --output, or add --force"
        )


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="head")
    for index, column in enumerate(columns):
        name = f"  {column}" if index == 0 else column
        table.add_column(name, overflow="fold", no_wrap=column in _NEVER_WRAPPED)
    return table


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
