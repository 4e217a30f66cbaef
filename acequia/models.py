"""Versions of a model: list them, show one, hold two side by side, decide on one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from acequia.errors import NotFoundError
from acequia.project import author, shown
from acequia.summary import heading, interval, title
from acequia.terminal import Terminal
from pipeline_code import contract
from pipeline_code.local.home import Home
from pipeline_code.local.registry import ModelVersion, Registry
from pipeline_code.steps.archive import unpack_model

_STYLES = {
    contract.APPROVED: "good",
    contract.PENDING: "busy",
    contract.REJECTED: "bad",
    contract.ARCHIVED: "faint",
}
_NEVER_WRAPPED = frozenset({"status", "created", "when", "data"})
_LISTED = {
    "binary": ("average_precision", "auc_roc", "cost"),
    "multiclass": ("balanced_accuracy", "log_loss", "cost"),
    "regression": ("rmse", "r2", "cost"),
}


def show_versions(home: Home, group: str, terminal: Terminal) -> None:
    """Print every version of a group, the newest first."""
    versions = Registry(home).list(group)
    listed = _LISTED[_problem(versions)]
    table = _table("version", "status", *map(title, listed), "data", "author", "created")
    for version in versions:
        figures = [_metric(version, name) for name in listed]
        table.add_row(
            f"  {version.version}",
            _status(version),
            *figures,
            _short(version.data_hash),
            version.author,
            version.created[:16].replace("T", " "),
        )
    empty = Text(f"{group} has no version yet; train one: acequia run --usecase {group}")
    terminal.result([_document(each) for each in versions], view=table if versions else empty)


def show_version(home: Home, group: str, number: int, terminal: Terminal) -> None:
    """Print all that is known of one version."""
    registry = Registry(home)
    version = registry.get(group, number)
    history = registry.history(group, number)
    changes = _table("when", "who", "from", "to", "note")
    for change in history:
        changes.add_row(
            f"  {change.at}", change.who, change.from_status or "", change.to_status, change.note
        )
    facts = _table("", "")
    for name, read in _FACTS.items():
        facts.add_row(f"  {name}", str(read(version)))
    view = Group(
        heading(f"{group} version {number}: {version.status}"),
        facts,
        heading("Metrics"),
        _side_by_side({"": version}, _metrics, interval),
        heading("Hyperparameters"),
        _side_by_side({"": version}, _hyperparameters, str),
        heading("History"),
        changes,
    )
    document = {**_document(version), "history": [asdict(change) for change in history]}
    terminal.result(document, view=view)


def compare_versions(home: Home, group: str, numbers: tuple[int, int], terminal: Terminal) -> None:
    """Print two versions side by side; what differs is bold."""
    registry = Registry(home)
    versions = [registry.get(group, number) for number in numbers]
    named = {f"version {version.version}": version for version in versions}
    view = Group(
        heading(f"{group}: versions {numbers[0]} and {numbers[1]}"),
        _side_by_side(
            named, lambda version: {name: read(version) for name, read in _FACTS.items()}, str
        ),
        heading("Metrics (each on the test rows of its own execution)"),
        _side_by_side(named, _metrics, interval),
        heading("Hyperparameters"),
        _side_by_side(named, _hyperparameters, str),
    )
    terminal.result([_document(version) for version in versions], view=view)


def change_status(
    home: Home, group: str, number: int, status: str, note: str, terminal: Terminal
) -> None:
    """Approve, reject or archive a version, in the name of who is at work."""
    registry = Registry(home)
    before = registry.champion(group)
    change: Callable[..., ModelVersion] = {
        contract.APPROVED: registry.approve,
        contract.REJECTED: registry.reject,
        contract.ARCHIVED: registry.archive,
    }[status]
    version = change(group, number, who=author(), note=note)
    text = Text(f"{group} version {number} is {version.status}")
    if status == contract.APPROVED and before and before.version != number:
        text.append(f"; version {before.version} is {contract.ARCHIVED}")
    terminal.result(_document(version), view=text)


def chosen(home: Home, group: str, number: int | None) -> ModelVersion:
    """Return a version, the approved one where none is named.

    Raises:
        NotFoundError: if no version is named and none is approved.
    """
    registry = Registry(home)
    version = registry.champion(group) if number is None else registry.get(group, number)
    if version is None:
        raise NotFoundError(
            f"no version of {group} is approved; see `acequia models list`, then "
            "`acequia models approve VERSION`, or name one with --version"
        )
    return version


@contextmanager
def unpacked(home: Home, group: str, number: int | None) -> Iterator[Path]:
    """Unpack a version's model, the approved one where none is named, for as long as needed.

    Raises:
        NotFoundError: if no version is named and none is approved.
    """
    version = chosen(home, group, number)
    archive = home.path(version.model_uri)
    if not archive.is_file():
        raise NotFoundError(
            f"the model of {group} version {version.version} is gone from {shown(archive)}; "
            "train it again: acequia run"
        )
    with TemporaryDirectory(prefix="acequia-model-") as folder:
        unpack_model(archive, Path(folder))
        yield Path(folder)


def _metrics(version: ModelVersion) -> Mapping[str, Any]:
    return {title(name): metric for name, metric in version.metrics.items()}


def _hyperparameters(version: ModelVersion) -> Mapping[str, Any]:
    return dict(sorted(version.hyperparameters.items()))


_FACTS: Mapping[str, Callable[[ModelVersion], object]] = {
    "status": lambda version: version.status,
    "created": lambda version: version.created,
    "author": lambda version: version.author,
    "code commit": lambda version: version.code_commit,
    "image": lambda version: version.image,
    "data hash": lambda version: version.data_hash,
    "feature versions": lambda version: version.metadata.get(
        contract.METADATA_FEATURE_VERSIONS, ""
    ),
    "execution": lambda version: version.execution,
    "model": lambda version: version.model_uri,
    "report": lambda version: version.metadata.get(contract.METADATA_REPORT, ""),
}


def _side_by_side(
    versions: Mapping[str, ModelVersion],
    read: Callable[[ModelVersion], Mapping[str, Any]],
    write: Callable[[Any], str],
) -> Table:
    """Lay what ``read`` finds out as one row a name and one column a version."""
    columns = [read(version) for version in versions.values()]
    names = list(dict.fromkeys(name for column in columns for name in column))
    table = _table("", *versions)
    for name in names:
        values = [write(column[name]) if name in column else "" for column in columns]
        style = "head" if len(set(values)) > 1 else None
        table.add_row(f"  {name}", *values, style=style)
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="head")
    for index, column in enumerate(columns):
        name = f"  {column}" if index == 0 else column
        table.add_column(name, overflow="fold", no_wrap=column in _NEVER_WRAPPED)
    return table


def _metric(version: ModelVersion, name: str) -> str:
    metric = version.metrics.get(name)
    return interval({"value": metric["value"]}) if metric else ""


def _problem(versions: Sequence[ModelVersion]) -> str:
    """Name the type of problem of the newest version: binary before there were others."""
    newest = versions[0].evaluation if versions else {}
    return str(newest.get("problem", {}).get("type", "binary"))


def _status(version: ModelVersion) -> str:
    return f"[{_STYLES[version.status]}]{version.status}[/]"


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]


def _document(version: ModelVersion) -> dict[str, Any]:
    return {**asdict(version), "arn": version.arn}
