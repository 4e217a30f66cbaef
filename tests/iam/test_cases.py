"""The table of who may do what: every row is asked, offline, of a simulator of IAM."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.iam.world import Answer, Request, World, ask

TABLE = Path(__file__).parent / "cases.yaml"


@dataclass(frozen=True)
class Case:
    """One row of the table."""

    request: Request
    expect: str
    why: str
    is_general: bool = True

    @property
    def name(self) -> str:
        """What the row says, for the name of its test."""
        verb = "may" if self.expect == "allowed" else "may not"
        return f"{self.request.who} {verb} {self.request.action}: {self.why}"


def _case(row: dict[str, Any]) -> Case:
    # A comma in a row without quotes starts another key.
    if row.keys() - {"context", "only"} != {"who", "action", "resource", "expect", "why"}:
        raise ValueError(f"a row of {TABLE.name} has other keys: {row}")
    request = Request(row["who"], row["action"], row["resource"], row.get("context", {}))
    return Case(request, row["expect"], row["why"], is_general="only" not in row)


CASES = [_case(row) for row in yaml.safe_load(TABLE.read_text(encoding="utf-8"))]


@pytest.fixture(scope="module")
def answers(worlds: dict[str, World]) -> dict[str, Answer]:
    """Ask all rows at once: the simulator starts in half a second and answers in none."""
    world = worlds["everything"]
    found = ask([world.simulation(case.request) for case in CASES])
    return dict(zip((case.name for case in CASES), found, strict=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_row(answers: dict[str, Answer], case: Case) -> None:
    """The simulator says what the row says, and looked at all that the row gives."""
    answer = answers[case.name]

    assert answer.errors is None
    assert answer.ignored == ()
    assert ("allowed" if answer.is_allowed else "denied") == case.expect


def test_prod_answers_the_same(worlds: dict[str, World]) -> None:
    """What holds where every option is on holds in prod, for all that prod has."""
    prod = worlds["prod"]
    rows = [case for case in CASES if case.is_general and _is_there(prod, case.request)]
    answers = ask([prod.simulation(case.request) for case in rows])

    assert len(rows) >= 90
    assert [
        case.name
        for case, answer in zip(rows, answers, strict=True)
        if answer.is_allowed != (case.expect == "allowed")
    ] == []


def test_every_role_has_rows(worlds: dict[str, World]) -> None:
    """A new role gets what it must be able to do and what it must not; its like need no more."""
    for environment in ("prod", "everything"):
        roles = {_kind(name) for name in worlds[environment].roles}

        assert roles - {_kind(case.request.who) for case in CASES} == set()


def _kind(role: str) -> str:
    """Leave out the name of the source or of the feature group, of which there may be many."""
    role = re.sub(r"\.(Files|Database|Table)[a-z0-9]+", r".\1", role)
    return re.sub(r"^Features\.\w+V\d+", "Features.", role)


def _is_there(world: World, request: Request) -> bool:
    try:
        world.fill("".join([request.resource, *map(str, request.context.values())]))
    except KeyError:
        return False
    is_role = request.who in world.roles
    return is_role or ".amazonaws.com" in request.who or ":" in request.who


def test_the_table_is_sound(worlds: dict[str, World]) -> None:
    """Enough rows, none twice, each with a known principal and a reason."""
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)
    for case in CASES:
        who = case.request.who
        assert case.expect in {"allowed", "denied"}, case.name
        assert case.why, case.name
        assert who in worlds["everything"].roles or who.endswith(".amazonaws.com") or ":" in who, (
            case.name
        )
