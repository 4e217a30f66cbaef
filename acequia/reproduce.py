"""Make a version again from what it was made of, and say whether the same comes out."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from acequia.progress import ExecutionView
from acequia.project import code_commit
from acequia.summary import heading
from acequia.terminal import Terminal
from pipeline_code.local.home import Home
from pipeline_code.local.reproduction import (
    DIFFERENT,
    GONE,
    SAME,
    Comparison,
    Reproduction,
    Verdict,
    reproduce,
)

_STYLES = {SAME: "good", DIFFERENT: "bad", GONE: "bad"}


def reproduce_version(
    home: Home, group: str, number: int, terminal: Terminal, *, anyway: bool
) -> bool:
    """Reproduce a version and print the comparison; return whether all of it is the same."""
    with ExecutionView(terminal) as view:
        found = reproduce(home, group, number, commit=code_commit(), anyway=anyway, on_event=view)
    terminal.result(_document(found), view=_view(found))
    return found.succeeded


def _document(found: Reproduction) -> dict[str, Any]:
    return {
        "group": found.version.group,
        "version": found.version.version,
        "execution": found.execution,
        "same_code": found.is_same_code,
        "reproduced": found.succeeded,
        "comparisons": [asdict(each) for each in found.comparisons],
    }


def _view(found: Reproduction) -> Group:
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="head")
    for column in ("  step", "what", "verdict", "recorded", "now"):
        table.add_column(column, overflow="fold", no_wrap=column in ("  step", "what", "verdict"))
    for each in found.comparisons:
        table.add_row(f"  {each.step}", each.what, _verdict(each.verdict), *_cells(each))
    differences = sum(each.verdict != SAME and each.needed for each in found.comparisons)
    name = f"{found.version.group} version {found.version.version}"
    needed = sum(each.needed for each in found.comparisons)
    end = f"  {name} is reproduced: all {needed} comparisons are the same"
    if not found.succeeded:
        end = f"  {name} is NOT reproduced: {differences} of {needed} differ"
    if not found.is_same_code:
        end += "; with today's code, not with that of the version"
    return Group(
        heading(f"{name}, execution {found.execution}"),
        table,
        Text(end, style="good" if found.succeeded else "bad"),
    )


def _verdict(verdict: Verdict) -> str:
    return f"[{_STYLES[verdict]}]{verdict}[/]"


def _cells(each: Comparison) -> tuple[Text, Text]:
    if each.reason:
        return Text(each.recorded), Text(each.reason)
    return Text(_short(each.recorded)), Text(_short(each.found))


def _short(text: str) -> str:
    if text.startswith("sha256:"):
        return text.removeprefix("sha256:")[:12]
    figure = json.loads(text) if text.startswith("{") else {}
    return repr(figure["value"]) if "value" in figure else text
