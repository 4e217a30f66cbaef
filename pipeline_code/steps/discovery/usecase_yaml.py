"""Write what was discovered as ``usecase.yaml``, with the reason at every line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import ceil
from typing import Final

from pipeline_code.core.problem import label_text
from pipeline_code.core.problem_types import BINARY, MULTICLASS, REGRESSION
from pipeline_code.steps.discovery.column_types import Seen
from pipeline_code.steps.discovery.discover import Discovery
from pipeline_code.steps.discovery.exact_counts import Counted
from pipeline_code.steps.discovery.limits import is_small, limits_of
from pipeline_code.steps.discovery.measures import FIRST_ALGORITHM, gate_metric
from pipeline_code.steps.discovery.search import folds_of, tuning_lines
from pipeline_code.steps.discovery.splitting import TEST_SHARE, VALIDATION_SHARE
from pipeline_code.steps.discovery.written_numbers import common_writing
from pipeline_code.steps.discovery.yaml_lines import line, remark, scalar

Lines = Iterator[str]

_USUAL_BUDGET: Final = 0.01
_PLAIN: Final = (".", None)
_MOST_SLICES: Final = 3
_VALUES_OF_A_SLICE: Final = 12
_PART: Final = {
    (True, False): "the event time",
    (False, True): "the group",
    (False, False): "the key: no value occurs twice",
}


def write_usecase(found: Discovery, name: str, trials: int = 0) -> str:
    """Return the text of the file; with ``trials`` it asks for a search of so many."""
    sections: tuple[Callable[[Discovery], Lines], ...] = (
        _problem,
        _costs,
        _source,
        _contract,
        _features,
        _split,
        partial(_training, is_tuned=trials > 0),
        *([lambda _: tuning_lines(trials)] if trials else []),
        _evaluation,
        _gate,
    )
    parts = ["\n".join(_head(found, name)), *("\n".join(write(found)) for write in sections)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(found: Discovery, name: str) -> Lines:
    table = found.table
    yield "# yaml-language-server: $schema=../usecase.schema.json"
    yield from remark(
        f"Written from {table.path.name}: {found.counts.rows:,} rows, {len(table.columns)} "
        "columns. A comment says why a line is as it is; what you know better, change. "
        f"After a change: acequia compile {name}"
    )
    yield f"name: {scalar(name)}"


def _problem(found: Discovery) -> Lines:
    target = found.target
    yield "problem:"
    yield from line(f"type: {target.type}", target.why, indent=2)
    yield f"  target: {scalar(target.name)}"
    yield from line(
        f"objective: {scalar(f'Predict {target.name} of each row.')}",
        "goes into the model card: say what the prediction is for",
        indent=2,
    )
    if target.type == BINARY:
        yield from line(f"positive: {scalar(target.positive)}", target.positive_why, indent=2)
    if target.type == MULTICLASS:
        rows = ", ".join(f"{label_text(label)}: {count:,}" for label, count in target.labels)
        listed = ", ".join(scalar(label) for label, _ in target.labels)
        yield from line(f"classes: [{listed}]", f"rows of each: {rows}", indent=2)


def _costs(found: Discovery) -> Lines:
    yield from remark("No file says what an error costs you: these are stand-ins, write your own.")
    yield "costs:"
    yield "  currency: EUR"
    if found.target.type == BINARY:
        positive = label_text(found.target.positive or 0)
        yield from line("false_positive: 1", f"a row taken for {positive} that is not", indent=2)
        yield from line("false_negative: 1", f"a row of {positive} that is missed", indent=2)
    elif found.target.type == MULTICLASS:
        label = label_text(found.target.labels[0][0])
        example = f"what missing a row of a label costs, else 1, like {{{scalar(label)}: 5}}"
        yield from line("missed: {}", example, indent=2)
    else:
        yield from line("over: 1", "a unit of the target that was predicted too much", indent=2)
        yield from line("under: 1", "a unit that was predicted too little", indent=2)


def _source(found: Discovery) -> Lines:
    """Say how text is written; Parquet says so itself, and JSON but for its missing values."""
    dialect, markers = found.table.dialect, found.counts.markers
    decimal, thousands = _numbers(found)
    if dialect is None and not markers and (decimal, thousands) == _PLAIN:
        return
    yield "source:"
    if dialect is not None:
        delimiter = '"\\t"' if dialect.delimiter == "\t" else f'"{dialect.delimiter}"'
        yield from line(f"delimiter: {delimiter}", dialect.why["delimiter"], indent=2)
        yield from line(f"header: {str(dialect.header).lower()}", dialect.why["header"], indent=2)
        yield from line(f"encoding: {dialect.encoding}", dialect.why["encoding"], indent=2)
    if markers:
        where = [one.name for one in found.counts.columns.values() if one.seen.markers]
        yield from line(
            f"missing: [{', '.join(map(scalar, markers))}]",
            f"cells that mean nothing is known, beside empty ones; found in {_some(where)}",
            indent=2,
        )

    if (decimal, thousands) != _PLAIN:
        where = [
            name for name, one in _written(found).items() if one.settings.get("decimal") == decimal
        ]
        yield from line(
            f"decimal: {_quoted(decimal)}",
            f"between a whole number and its fraction; seen in {_some(where)}",
            indent=2,
        )
    if thousands is not None:
        yield from line(
            f"thousands: {_quoted(thousands)}", "between groups of exactly three digits", indent=2
        )


def _written(found: Discovery) -> dict[str, Seen]:
    return {name: one.seen for name, one in found.counts.columns.items()}


def _numbers(found: Discovery) -> tuple[str, str | None]:
    """Say how most columns of numbers that are written otherwise write them."""
    return common_writing(one.settings for one in _written(found).values())


def _how(found: Discovery, one: Counted) -> list[str]:
    """Say of a column how it is written, unless that is what the source says of all."""
    seen = one.seen
    given = dict(seen.settings) if one.type == seen.type else {}
    missing = given.pop("missing", [])
    decimal, thousands = _numbers(found)
    own = (given.pop("decimal", "."), given.pop("thousands", None))
    if one.type in ("integer", "number") and seen.column.type == "VARCHAR":
        fits = own[0] == decimal and own[1] in (None, thousands)
        # Without a point, whole numbers are the same everywhere.
        if not fits and (own != _PLAIN or seen.has_points):
            given["decimal"] = own[0]
            given |= {"thousands": own[1]} if own[1] else {}
    parts = [f"{name}: {_quoted(value)}" for name, value in given.items()]
    return parts + ([f"missing: [{', '.join(map(str, missing))}]"] if missing else [])


def _quoted(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_quoted, value))}]"
    return f'"{value}"'


def _missing_why(one: Counted) -> str:
    """Say which numbers stand for a missing value, or may do so."""
    sentences = []
    for each in one.seen.sentinels:
        rows = one.sentinels.get(each.value, 0)
        verb = "is read as missing" if each.is_clear else "may stand for a missing value"
        advice = "" if each.is_clear else f"; then add missing: [{each.value}]"
        sentences.append(f"{each.value} ({rows:,} rows) {verb}: {each.why}{advice}")
    return "; ".join(sentences)


def _contract(found: Discovery) -> Lines:
    yield "contract:"
    share = found.broken_share
    if share > _USUAL_BUDGET / 2:
        budget = ceil(2 * share * 1000) / 1000
        why = f"{share:.2%} of the rows have a broken value, twice that is allowed; see below"
    else:
        budget = _USUAL_BUDGET
        why = "a larger share of broken rows stops a run before training"
    yield from line(f"error_budget: {budget:g}", why, indent=2)
    if found.unique:
        yield from line(
            f"unique: [{scalar(found.unique)}]", "equal rows of one key count once", indent=2
        )
    yield from remark(
        "Ranges are wide on purpose: a sign where the quantity has one, no largest value. Text may "
        "take values that nobody has seen yet. "
        + (
            f"{found.counts.rows:,} rows are too few to promise that a column never has a gap."
            if is_small(found.counts)
            else "A column that never had a gap may not have one."
        ),
        indent=2,
    )
    yield "  columns:"
    for one in found.counts.columns.values():
        if one.name:
            yield from _column(found, one)


def _column(found: Discovery, one: Counted) -> Lines:
    if one.name == found.target.name:
        parts, why = _target_column(found)
    elif one.name in {found.split.event_time, found.split.group, found.unique}:
        parts = [f"type: {one.type}", *(["nullable: true"] if one.missing else [])]
        why = _PART[one.name == found.split.event_time, one.name == found.split.group]
    elif not found.roles[one.name].is_input or one.name in found.leaks:
        parts = [f"type: {one.type}", "required: false", "nullable: true"]
        why = "not needed: it is left out of the inputs"
    else:
        limits = limits_of(one, found.counts)
        parts, why = [f"type: {one.type}"], limits.why
        if limits.is_nullable:
            parts.append("nullable: true")
        if limits.minimum is not None:
            parts.append(f"minimum: {limits.minimum:g}")
        if limits.maximum is not None:
            parts.append(f"maximum: {limits.maximum:g}")
    parts += _how(found, one)
    if note := _missing_why(one):
        why += f"; {note}"
    if one.seen.doubt and one.seen.doubt not in why:
        why += f"; {one.seen.doubt}"
    if one.broken:
        why += f"; {one.broken:,} rows have something else, like {one.broken_example[:30]!r}"
    yield from line(f"{scalar(one.name)}: {{{', '.join(parts)}}}", why, indent=4)


def _target_column(found: Discovery) -> tuple[list[str], str]:
    target = found.target
    parts = [f"type: {target.column_type}"]
    why = "the target"
    if target.labels:
        allowed = ", ".join(scalar(label) for label, _ in target.labels)
        parts.append(f"allowed: [{allowed}]")
        why += ": a row of another label is put aside"
    if target.missing:
        why += f"; so are {target.missing:,} rows without one"
    return parts, why


def _features(found: Discovery) -> Lines:
    yield "features:"
    yield from remark(
        "The model gets these columns as they are; to make others, write features.sql and name it "
        f"here (sql: features.sql). Behind each: its {found.findings.measure} alone.",
        indent=2,
    )
    yield "  inputs:"
    for role in found.inputs:
        strength = found.findings.strengths[role.name]
        why = f"{role.kind}, {role.why}, {strength:.3f}"
        if role.name in found.doubtful:
            why = f"check this one: it {found.doubtful[role.name]}"
        yield from line(f"- {scalar(role.name)}", why, indent=4)
    if found.leaks:
        yield from remark(
            "Likely leaks: they know the outcome, so a model that learns from them fails on rows "
            "whose outcome is still open. To put one back, take the # away before its line.",
            indent=4,
        )
        for name, why in found.leaks.items():
            yield from remark(f"{scalar(name)} {why}:", indent=4)
            yield f"    # - {scalar(name)}"
    others = [role for role in found.left_out if role.name]
    if others:
        yield from remark("Left out:", indent=4)
        for role in others:
            yield from remark(f"{scalar(role.name)} {role.why}", indent=4)


def _split(found: Discovery) -> Lines:
    split = found.split
    yield "split:"
    yield from line(f"method: {split.method}", split.why, indent=2)
    if split.event_time:
        yield f"  event_time: {scalar(split.event_time)}"
    if split.method == "time":
        yield from line("train_days: 0", "0: everything before the validation days", indent=2)
        yield from line(
            f"validation_days: {split.validation_days}",
            f"about {VALIDATION_SHARE:.0%} of the rows",
            indent=2,
        )
        yield from line(
            f"gap_days: {split.gap_days}",
            "set it to the days until a target is known: rows younger than that have none yet",
            indent=2,
        )
        yield from line(
            f"test_days: {split.test_days}", f"the last {TEST_SHARE:.0%} of the rows", indent=2
        )
        return
    if split.group:
        yield f"  group: {scalar(split.group)}"
    yield f"  validation_share: {VALIDATION_SHARE:g}"
    yield f"  test_share: {TEST_SHARE:g}"
    yield from line("seed: 0", "the same seed gives the same parts", indent=2)


def _training(found: Discovery, *, is_tuned: bool) -> Lines:
    algorithm, why = FIRST_ALGORITHM
    yield "training:"
    yield from line(f"algorithm: {algorithm}", why, indent=2)
    yield "  seed: 0"
    yield from line(
        "early_stopping_rounds: 30", "no more trees once validation rows gain nothing", indent=2
    )
    folds, reason = folds_of(found) if is_tuned else (0, "")
    if folds:
        yield from line(f"folds: {folds}", reason, indent=2)


def _evaluation(found: Discovery) -> Lines:
    slices = sorted(
        (
            role
            for role in found.inputs
            if role.kind in {"category", "boolean"} and role.column.distinct <= _VALUES_OF_A_SLICE
        ),
        key=lambda role: -found.findings.strengths[role.name],
    )[:_MOST_SLICES]
    if not slices and not found.split.group:
        return
    yield "evaluation:"
    if found.split.group:
        yield from line(
            f"resample_by: {scalar(found.split.group)}", "its rows are not independent", indent=2
        )
    if slices:
        yield from line(
            f"slices: [{', '.join(scalar(role.name) for role in slices)}]",
            "measured value by value: the strongest inputs of few values",
            indent=2,
        )


def _gate(found: Discovery) -> Lines:
    metric, why = gate_metric(found.target)
    yield "gate:"
    yield from line(f"metric: {metric}", why, indent=2)
    yield from line(
        "minimum_uplift: 0.0", "how much better than the champion a challenger must be", indent=2
    )
    example = {BINARY: "auc_roc: 0.7", MULTICLASS: "accuracy: 0.6", REGRESSION: "r2: 0.2"}
    yield from line(
        "guardrails: {}",
        f"below this no challenger is registered, like {{{example[found.target.type]}}}",
        indent=2,
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
