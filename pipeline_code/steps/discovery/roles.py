"""Decide what each column is for: a feature, a time, a key, or nothing a model can use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from pipeline_code.core.mistakes import closest
from pipeline_code.steps.discovery.errors import DiscoveryError
from pipeline_code.steps.discovery.exact_counts import Counted, Counts
from pipeline_code.steps.discovery.words import KEYS, NOT_THE_MOMENT, NUMBERED, words_of

Kind = Literal["number", "category", "boolean", "time", "key", "entity", "constant", "text"]

_NEARLY_UNIQUE: Final = 0.9
_WORDS_OF_A_TEXT: Final = 3.0
_LONG_TEXT: Final = 100
_DISTINCT_SHARE_OF_A_TEXT: Final = 0.5
_DISTINCT_OF_A_CODE: Final = 50
_FEWEST_ROWS: Final = 20


@dataclass(frozen=True)
class Role:
    """What a column is for, and why.

    Attributes:
        kind: what it is.
        is_input: whether a model gets it.
        why: what spoke for it, a phrase; of a column that is left out, with advice.
    """

    column: Counted
    kind: Kind
    is_input: bool
    why: str

    @property
    def name(self) -> str:
        """The column's name in the source."""
        return self.column.name


@dataclass(frozen=True)
class EventTime:
    """The moment of each row; without ``name`` there is none, or a person has to choose.

    Attributes:
        candidates: columns among which only a person can choose.
        why: what spoke for the choice.
    """

    name: str | None
    why: str = ""
    candidates: tuple[str, ...] = ()

    @property
    def question(self) -> str:
        """What has to be asked; empty where it is decided."""
        if not self.candidates:
            return ""
        return (
            f"when a row is to be predicted: {', '.join(self.candidates)}, or none "
            "(then rows are split by chance)"
        )


def decide_roles(counts: Counts, *, target: str, kept_out: Mapping[str, str]) -> dict[str, Role]:
    """Decide for every column but the target.

    Args:
        counts: of the table.
        target: what is predicted.
        kept_out: columns that have a part already (event time, group), and which.
    """
    roles = {}
    for name, one in counts.columns.items():
        if name == target:
            continue
        role = _role(one, counts)
        if name in kept_out:
            role = Role(one, role.kind, False, kept_out[name])
        roles[name] = role
    return roles


def find_event_time(counts: Counts, given: str | None, target: str) -> EventTime:
    """Take the event time that was given, or the only time that can be one.

    Raises:
        DiscoveryError: if what was given is no time.
    """
    times = [
        name
        for name, one in counts.columns.items()
        if one.type == "timestamp" and name != target and not one.seen.problem
    ]
    if given is not None and given.lower() == "none" and given not in counts.columns:
        return EventTime(None, "as you said")
    if given is not None:
        return EventTime(_checked_time(counts, given, times), "as you said")
    whole = [
        name
        for name in times
        if not counts.columns[name].missing
        and not counts.columns[name].broken
        and not NOT_THE_MOMENT.intersection(words_of(name))
        and _span_days(counts.columns[name]) >= 1
    ]
    if len(whole) > 1:
        return EventTime(None, candidates=tuple(whole))
    if whole:
        return EventTime(whole[0], "the only column of times that every row has")
    why = (
        f"of {', '.join(times)} none can be the moment of a row" if times else "no column of times"
    )
    return EventTime(None, why)


def _span_days(one: Counted) -> float:
    if not isinstance(one.minimum, datetime) or not isinstance(one.maximum, datetime):
        return 0.0
    return (one.maximum - one.minimum).total_seconds() / 86_400


def _checked_time(counts: Counts, given: str, times: list[str]) -> str:
    if given in times:
        return given
    one = counts.columns.get(given)
    if one is None:
        problem = f"is no column{closest(given, list(counts.columns))}"
    elif one.seen.problem:
        problem = f"holds {one.seen.problem}"
    else:
        problem = f"is {one.type}, no time"
    raise DiscoveryError(
        f"--event-time {given!r} {problem}; columns of times: {', '.join(times) or 'none'}; "
        "a time is written year first, like 2026-11-24 18:00:00; say none to split by chance"
    )


def _role(one: Counted, counts: Counts) -> Role:
    filled = counts.rows - one.missing
    if filled == 0:
        return Role(one, "constant", False, "has no value at all")
    if one.distinct == 1:
        value = one.minimum if one.minimum is not None else "the same text"
        gaps = f", or nothing ({one.missing / counts.rows:.0%} of rows)" if one.missing else ""
        if one.missing:
            return Role(one, "category", False, f"is {value}{gaps}; make a yes or no of it")
        return Role(one, "constant", False, f"is {value} in every row; nothing to learn from it")
    if one.type == "timestamp":
        advice = "a model takes numbers and words; make features of it in SQL, like days since"
        return Role(one, "time", False, f"is a time: {advice}")
    if one.seen.problem:
        return Role(one, "text", False, f"holds {one.seen.problem}; write it so and run init again")
    if one.type == "boolean":
        return Role(one, "boolean", True, "true or false")
    if one.type == "string":
        return _text_role(one, counts, filled)
    return _number_role(one, counts, filled)


def _text_role(one: Counted, counts: Counts, filled: int) -> Role:
    share = _distinct_share(one, counts)
    if share > _DISTINCT_SHARE_OF_A_TEXT and filled >= _FEWEST_ROWS:
        if one.seen.words >= _WORDS_OF_A_TEXT or one.seen.longest > _LONG_TEXT:
            advice = "make numbers or categories of it (length, words that matter)"
            return Role(one, "text", False, f"is free text; {advice}")
        if share >= _NEARLY_UNIQUE or NUMBERED.intersection(words_of(one.name)):
            return Role(one, "key", False, "is different in nearly every row: it names rows")
        advice = "make a shorter one of it (its beginning, a group)"
        return Role(one, "text", False, f"has {one.distinct:,} different words; {advice}")
    if _is_entity(one):
        return _entity(one)
    return Role(one, "category", True, f"{one.distinct:,} different values")


def _number_role(one: Counted, counts: Counts, filled: int) -> Role:
    share = _distinct_share(one, counts)
    is_code = one.type == "integer"
    if is_code and share >= _NEARLY_UNIQUE and filled >= _FEWEST_ROWS:
        words = set(words_of(one.name))
        if NUMBERED.intersection(words) or _is_dense(one, filled):
            return Role(one, "key", False, "is different in nearly every row: it numbers rows")
    if is_code and _is_entity(one):
        return _entity(one)
    return Role(one, "number", True, f"{one.distinct:,} different values")


def _entity(one: Counted) -> Role:
    return Role(
        one,
        "entity",
        False,
        f"names one of {one.distinct:,} others; their rows belong together: if a model has to "
        f"work for new ones, run init again with --group {one.name}",
    )


def _is_entity(one: Counted) -> bool:
    """Say whether a column names customers, machines and the like, each with several rows."""
    return one.distinct > _DISTINCT_OF_A_CODE and bool(KEYS.intersection(words_of(one.name)))


def _is_dense(one: Counted, filled: int) -> bool:
    """Say whether whole numbers count rows: as many numbers as rows, without large gaps."""
    return bool(one.minimum is not None and one.maximum - one.minimum < 1.1 * filled)


def _distinct_share(one: Counted, counts: Counts) -> float:
    """Judge by the drawn rows: exact for them, and repeated values of all rows cannot hide."""
    drawn = one.seen.distinct / max(1, one.seen.filled)
    return min(drawn, one.distinct / max(1, counts.rows - one.missing) * 1.1)
