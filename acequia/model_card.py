"""A version's model card, as SageMaker shows it beside a model package, readable on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from acequia.errors import NotFoundError
from acequia.summary import heading
from acequia.terminal import Terminal
from pipeline_code.local.home import Home
from pipeline_code.local.registry import Registry

_SECTIONS = {
    "model_overview": "Overview",
    "intended_uses": "Intended uses",
    "business_details": "Business",
    "training_details": "Training",
    "evaluation_details": "Evaluation",
    "additional_information": "Additional information",
}
_DRAWN = ("linear_graph", "bar_chart", "matrix")


def show_card(home: Home, group: str, number: int, terminal: Terminal) -> None:
    """Print the card of one version.

    Raises:
        NotFoundError: if the version was registered without one.
    """
    version = Registry(home).get(group, number)
    if not version.card:
        raise NotFoundError(
            f"{group} version {number} has no model card: it was registered before there were "
            "any; train it again: acequia run"
        )
    title = f"{group} version {number}: {version.status}"
    made = Text(
        f"  registered on {version.created} by {version.author}, commit {version.code_commit}"
    )
    sections = (
        part
        for key, name in _SECTIONS.items()
        if version.card.get(key)
        for part in (heading(name), *_section(key, version.card[key]))
    )
    terminal.result(dict(version.card), view=Group(heading(title), made, *sections))


def _section(key: str, content: Any) -> Iterator[RenderableType]:
    if key != "evaluation_details":
        yield _facts(content)
        return
    for detail in content:
        yield Text(f"  {detail['name']}", style="head")
        told = {k: v for k, v in detail.items() if k not in ("name", "metric_groups") and v}
        if told:
            yield _facts(told)
        for group in detail.get("metric_groups", ()):
            yield _figures(group)


def _facts(content: Mapping[str, Any]) -> Table:
    table = _table()
    for name, value in _flat(content, ""):
        table.add_row(f"  {name}", Text(value))
    return table


def _flat(content: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    """Yield each single value with its path in words."""
    for key, value in content.items():
        name = f"{prefix}{str(key).replace('_', ' ')}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}: ")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            yield name, ", ".join(map(_item, value))
        else:
            yield name, str(value)


def _item(value: Any) -> str:
    if isinstance(value, Mapping) and "name" in value:
        return f"{value['name']} {_number(value.get('value'))}"
    return str(value)


def _figures(group: Mapping[str, Any]) -> Table:
    table = _table()
    for metric in group["metric_data"]:
        value = metric["value"]
        if metric["type"] in _DRAWN:
            value = _drawn(metric)
        table.add_row(f"  {metric['name']}", Text(_number(value)), Text(metric.get("notes", "")))
    return table


def _drawn(metric: Mapping[str, Any]) -> str:
    """Write a drawing in a line: a matrix by its rows, bars by their highest, curves not at all."""
    value, names = metric["value"], metric.get("x_axis_name", ())
    if metric["type"] == "matrix":
        return " / ".join(", ".join(_number(cell) for cell in row) for row in value)
    if metric["type"] == "bar_chart":
        bars = zip(names, value, strict=False)
        return ", ".join(f"{name} {_number(bar)}" for name, bar in list(bars)[:5])
    return f"{len(value)} points, drawn in the report"


def _number(value: Any) -> str:
    return f"{value:,.6g}" if isinstance(value, float) else str(value)


def _table() -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2), show_header=False)
    table.add_column(overflow="fold", max_width=42)
    table.add_column(overflow="fold")
    return table
