"""The first lines: what was decided, what speaks against it, and on which rows it was measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline_code import contract
from pipeline_code.core.problem_types import BINARY, MULTICLASS
from pipeline_code.steps.report.card import Card
from pipeline_code.steps.report.formats import cell, figure, number, plural, share
from pipeline_code.steps.report.reading import Found, items, number_at, part, problem_type


@dataclass(frozen=True)
class Decision:
    """What the gate decided, for the heading, and for those who read nothing else."""

    is_better: bool
    headline: str
    plain: str
    reason: str
    cautions: tuple[str, ...]


def decision(document: Found) -> Decision:
    """Say what was decided, and what there is to do."""
    gate, champion = part(document, "gate"), part(document, "champion")
    version = champion.get("version")
    is_better = gate.get("decision") == contract.REGISTER_DECISION
    if is_better:
        headline = "The challenger may be registered"
        compared = (
            f"It does better than version {version}, which is in use, and"
            if champion
            else "No version is approved yet, so there was nothing to beat;"
        )
        plain = (
            f"{compared} every condition of the gate holds. It goes live only if you approve it."
        )
    elif champion:
        headline = "The champion stays"
        plain = (
            f"Version {version} remains in use; there is nothing to approve. {_failed(document)}"
        )
    else:
        headline = "The challenger is not registered"
        plain = f"There is nothing to approve. {_failed(document)}"
    cautions = tuple(_cautions(document)) if is_better else ()
    return Decision(is_better, headline, plain, str(gate.get("reason") or ""), cautions)


def _cautions(document: Found) -> Iterable[str]:
    """Say what speaks against a challenger that passed."""
    uplift, cost = part(document, "uplift"), part(document, "cost")
    low, high = number_at(uplift, "low"), number_at(uplift, "high")
    if low is not None and high is not None and low <= 0:
        yield "chance alone may explain that it came out better"
    ours, theirs = number_at(cost, "challenger"), number_at(cost, "champion")
    if ours is not None and theirs is not None and ours > theirs:
        yield "its errors would have cost more than the champion's"
    if part(document, "data").get("likely_leaks"):
        yield "a feature tells the target almost without error, which is too good to be true"


def _failed(document: Found) -> str:
    checks = items(document, "gate", "checks")
    failed = sum(not one.get("passed") for one in checks)
    if not checks:
        return ""
    verb = "fails" if failed == 1 else "fail"
    return f"{failed} of {plural(len(checks), 'condition')} of the gate {verb}."


def tested(document: Found) -> Card:
    """Say on which rows all of this was measured."""
    rows, split = number_at(document, "rows") or 0, part(document, "data", "split")
    test = part(split, "test")
    said = ["The model never saw these rows."]
    if test.get("from") and test.get("to"):
        said.append(f"They are of {test['from']} to {test['to']}.")
    said.append(_target(document, rows))
    trained, chosen = (number_at(split, name, "rows") for name in ("train", "validation"))
    if trained:
        watched = f", with {plural(chosen, 'row')} to choose by" if chosen else ""
        said.append(f"It learned from {plural(trained, 'row')}{watched}.")
    return Card(plural(rows, "test row"), "were set apart for this", tuple(filter(None, said)))


def _target(document: Found, rows: float) -> str:
    problem, kind = part(document, "problem"), problem_type(document)
    target = problem.get("target", "the target")
    if kind == BINARY:
        positives = number_at(document, "positives")
        if positives is None:
            return ""
        label = cell(problem.get("positive", 1))
        portion = f"{number(positives)} of them ({share(positives, rows)})"
        return f"{portion} are positive: {target} is {label}."
    if kind == MULTICLASS:
        return _classes(document, target, rows)
    spread = part(document, "target")
    if not spread:
        return ""
    low, high, mean = (figure(number_at(spread, key)) for key in ("min", "max", "mean"))
    return f"{target} lies between {low} and {high} there, {mean} on average."


def _classes(document: Found, target: str, rows: float) -> str:
    counts = sorted(
        zip(items(document, "class_rows"), items(document, "classes"), strict=False),
        key=lambda pair: -pair[0],
    )
    if not counts:
        return ""
    (most, first), (least, last) = counts[0], counts[-1]
    return (
        f"{target} is one of {len(counts)} classes; the most frequent is {first} "
        f"({share(most, rows)}), the rarest {last} ({share(least, rows)})."
    )
