"""Write a use case from a table: what the file says is inferred, what it does not is asked for."""

from __future__ import annotations

import re
import shlex
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from acequia.errors import CommandError
from acequia.project import shown
from acequia.terminal import Terminal
from pipeline_code import contract
from pipeline_code.core.problem import label_text
from pipeline_code.core.problem_types import BINARY, REGRESSION
from pipeline_code.core.usecase import USECASE_FILE, load_usecase
from pipeline_code.steps.discovery.dialect import DELIMITERS
from pipeline_code.steps.discovery.discover import Discovery, Wishes, discover
from pipeline_code.steps.discovery.measures import gate_metric
from pipeline_code.steps.discovery.usecase_yaml import write_usecase

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,30}")
_MOST_SHOWN: Final = 12


class UsecaseNameError(CommandError, ValueError):
    """A use case cannot have this name, or the name is taken."""


@dataclass(frozen=True)
class Request:
    """What a person asked of ``acequia init``; without ``name`` the file's gives it.

    With ``trials`` the use case searches for its settings, in so many.
    """

    data: Path
    wishes: Wishes
    name: str | None = None
    replace: bool = False
    trials: int = 0


@dataclass(frozen=True)
class Created:
    """A use case that was written, and what it was written from."""

    name: str
    data: Path
    file: Path
    found: Discovery
    is_offered: bool = False
    trials: int = 0

    @property
    def next_commands(self) -> tuple[tuple[str, str], ...]:
        """What to type next, and what for; data that a run finds need not be named."""
        data = "" if self.is_offered else f" --data {shlex.quote(str(self.data))}"
        return (
            (f"acequia run --usecase {self.name}{data}", f"prepare, {self._learning}, evaluate"),
            (f"acequia compile {self.name}", "after the first run: each change of usecase.yaml"),
        )

    @property
    def _learning(self) -> str:
        return f"tune ({self.trials} trials)" if self.trials else "train"

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        found = self.found
        return {
            "usecase": self.name,
            "file": str(self.file),
            "rows": found.counts.rows,
            "columns": len(found.table.columns),
            "problem": {
                "type": found.target.type,
                "target": found.target.name,
                "positive": found.target.positive,
                "classes": _classes(found),
            },
            "inputs": [role.name for role in found.inputs],
            "leaks": found.leaks,
            "doubtful": found.doubtful,
            "read_as_missing": _declared(found),
            "left_out": {role.name: role.why for role in found.left_out},
            "split": found.split.method,
            "metric": gate_metric(found.target)[0],
            "trials": self.trials,
            "next": [command for command, _ in self.next_commands],
        }

    def view(self) -> RenderableType:
        """Lay it out for a terminal."""
        return Group(*self._parts())

    def _parts(self) -> Iterator[RenderableType]:
        found = self.found
        yield Text(
            f"{shown(self.data)}: {found.counts.rows:,} rows, {len(found.table.columns)} columns, "
            f"{_format(found)}"
        )
        yield Text("\nChosen", style="head")
        yield _grid(_choices(found))
        if found.leaks:
            yield Text("\nLikely leaks, left out of the inputs", style="bad")
            yield _grid(found.leaks.items())
        if found.left_out:
            yield Text("\nLeft out", style="head")
            yield _grid((role.name, role.why) for role in found.left_out)
        yield Text("\nTo check", style="head")
        yield _grid(_checks(found))
        yield Text("\nWritten", style="head")
        # A path that is wrapped cannot be copied.
        yield Text(f"  {shown(self.file)}", no_wrap=True, overflow="ignore")
        yield Text("\nNext", style="head")
        for command, purpose in self.next_commands:
            yield Text.assemble("  ", (command, "command"), (f"  {purpose}", "faint"))


def create_usecase(request: Request, terminal: Terminal, *, root: Path | None = None) -> Created:
    """Write ``usecase.yaml`` for a table.

    Args:
        request: the table, what is known of it, and a name.
        terminal: where progress is shown.
        root: a folder of use cases other than the project's.

    Raises:
        UsecaseNameError: if the name is taken or not allowed.
        PipelineError: if the table cannot be used, or something must be said first.
    """
    name = request.name if request.name is not None else _name_of(request.data)
    folder = contract.usecase_folder(name, root=root)
    _check_name(name, folder, request)
    with (
        tempfile.TemporaryDirectory(prefix="acequia-init-") as scratch,
        terminal.working(f"Reading {shown(request.data)}"),
    ):
        spill = Path(scratch) / "spill"
        spill.mkdir()
        found = discover(request.data, request.wishes, spill=spill)
        draft = Path(scratch) / USECASE_FILE
        draft.write_text(write_usecase(found, name, request.trials), encoding="utf-8")
        load_usecase(draft.parent)  # what is written is what a run would take
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(draft, folder / f".{USECASE_FILE}")
    (folder / f".{USECASE_FILE}").replace(folder / USECASE_FILE)
    return Created(name, request.data, folder / USECASE_FILE, found, trials=request.trials)


def _name_of(data: Path) -> str:
    """Make a name of a file's: its letters and digits, the rest as hyphens."""
    stem = data.name.split(".")[0].lower() if data.is_file() else data.resolve().name.lower()
    name = re.sub(r"[^a-z0-9]+", "-", stem).strip("-")[:31].rstrip("-")
    if not _NAME.fullmatch(name):
        raise UsecaseNameError(f"no use case can be called after {data}; name it: --name NAME")
    return name


def _check_name(name: str, folder: Path, request: Request) -> None:
    if not _NAME.fullmatch(name):
        raise UsecaseNameError(
            f"--name {name!r} is not allowed; a name is up to 31 small letters, digits and "
            "hyphens, a letter first, like customer-churn"
        )
    if (folder / USECASE_FILE).exists() and not request.replace:
        raise UsecaseNameError(
            f"{shown(folder / USECASE_FILE)} is there already; choose another name with --name, "
            "or replace it with --force"
        )


def _format(found: Discovery) -> str:
    dialect = found.table.dialect
    files = len(found.table.source.files)
    kind = found.table.kind if files == 1 else f"{files:,} files of {found.table.kind}"
    if dialect is None:
        return kind
    header = "header" if dialect.header else "no header"
    return f"{kind} ({DELIMITERS[dialect.delimiter]}, {header}, {dialect.encoding})"


def _classes(found: Discovery) -> list[Any]:
    return [label for label, _ in found.target.labels] if found.target.type != REGRESSION else []


def _choices(found: Discovery) -> Iterator[tuple[str, str]]:
    target, split = found.target, found.split
    what = f"{target.type}: {target.name}"
    if target.type == BINARY:
        what += f" is {label_text(target.positive or 0)} in {target.positive_share:.1%} of the rows"
    elif target.labels:
        what += f", {len(target.labels)} labels"
    yield "problem", what
    kinds = Counter(role.kind for role in found.inputs)
    each = ", ".join(f"{count} {_PLURALS.get(kind, kind)}" for kind, count in kinds.items())
    yield "inputs", f"{len(found.inputs)} of {len(found.table.columns)} columns: {each}"
    yield "split", f"{split.method}: {split.why}"
    metric, why = gate_metric(target)
    yield "metric", f"{metric}: {why}"
    if found.counts.markers:
        cells = [repr(cell) if cell else "blanks" for cell in found.counts.markers]
        yield "missing", f"written as {', '.join(cells)}, or empty"
    if written := _written(found):
        yield "written", "; ".join(f"{name} {how}" for name, how in written[:_MOST_WRITTEN])
    if declared := _declared(found):
        yield "as missing", ", ".join(declared)
    if found.unique:
        yield "key", found.unique


def _written(found: Discovery) -> list[tuple[str, str]]:
    """Say of columns that are written in a way of their own which it is."""
    listed = []
    for name, one in found.counts.columns.items():
        settings = {key: value for key, value in one.seen.settings.items() if key != "missing"}
        if settings:
            listed.append((name, ", ".join(f"{key} {value!r}" for key, value in settings.items())))
    return listed


def _declared(found: Discovery) -> list[str]:
    """List the numbers that are read as missing values, with their rows."""
    return [
        f"{name} {each.value} ({one.sentinels.get(each.value, 0):,} rows)"
        for name, one in found.counts.columns.items()
        for each in one.seen.sentinels
        if each.is_clear
    ]


_MOST_WRITTEN: Final = 6
_PLURALS: Final = {"number": "numeric", "category": "of words", "boolean": "yes or no"}


def _checks(found: Discovery) -> Iterator[tuple[str, str]]:
    """Say what a person should look at, since no file can say it."""
    yield "costs", "what an error costs is not in the file: 1 and 1 are stand-ins"
    if found.split.method == "time":
        yield "gap_days", "how long until the target of a row is known"
    yield from ((name, f"kept, but it {why}") for name, why in found.doubtful.items())
    for name, one in found.counts.columns.items():
        if one.seen.doubt:
            yield name, one.seen.doubt
        for each in one.seen.sentinels:
            if not each.is_clear:
                yield name, f"{each.value} may stand for a missing value: {each.why}"
    if found.drawn.unreadable:
        yield "lines", f"{found.drawn.unreadable:,} cannot be read: {found.drawn.unreadable_why}"
    for one in found.counts.columns.values():
        if one.broken:
            like = repr(one.broken_example[:30])
            yield one.name, f"{one.broken:,} rows are put aside: no {one.type}, like {like}"
    rare = [label_text(label) for label, rows in found.target.labels if rows < _ROWS_OF_A_LABEL]
    if rare:
        yield found.target.name, f"fewer than {_ROWS_OF_A_LABEL} rows are {', '.join(rare[:5])}"


_ROWS_OF_A_LABEL: Final = 10


def _grid(rows: Iterable[tuple[str, str]]) -> Table:
    """Lay out names and sentences; of very many the first ones."""
    table = Table.grid(padding=(0, 2))
    listed = list(rows)
    for name, text in listed[:_MOST_SHOWN]:
        table.add_row(Text(f"  {name}"), Text(text))
    if len(listed) > _MOST_SHOWN:
        table.add_row("", f"and {len(listed) - _MOST_SHOWN} more, in the file")
    return table
