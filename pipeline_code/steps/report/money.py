"""What errors would have cost on the test rows: with either model, and with none."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup

from pipeline_code.core.charts_rows import Bar, bar_chart
from pipeline_code.core.problem import COSTS_OF
from pipeline_code.core.problem_types import MULTICLASS, REGRESSION
from pipeline_code.steps.report.card import Card, confident
from pipeline_code.steps.report.formats import cell, digits_of, number, percent
from pipeline_code.steps.report.reading import Found, items, number_at, part, problem_type

_NAMED_PRICES: Final = 6
_CARD: Final = 320.0


def money(document: Found) -> Card | None:
    """Say what the errors on the test rows would have cost, with either model and with none."""
    cost = part(document, "cost")
    ours, theirs = number_at(cost, "challenger"), number_at(cost, "champion")
    without = number_at(cost, "without_model")
    if ours is None:
        return None
    currency = cost.get("currency", "")
    digits = digits_of("cost", (ours, theirs, without))
    rival = theirs if theirs is not None else without
    if rival is None:
        big, label = f"{number(ours, digits)} {currency}", "is what its errors would have cost"
    else:
        against = "the champion" if theirs is not None else "no model"
        less = "less" if ours <= rival else "more"
        big = f"{number(abs(rival - ours), digits)} {currency} {less}"
        label = f"lost to errors than with {against}, on the test rows"
        if rival:
            label += f" ({percent(abs(rival - ours) / rival)})"
    return Card(
        big=big,
        label=label,
        sentences=tuple(_money_sentences(document, digits)),
        chart=_money_chart(cost, digits),
    )


def _money_chart(cost: Found, digits: int) -> Markup:
    named = (("Without a model", "without_model", "none"), ("Champion", "champion", 1),
             ("Challenger", "challenger", 0))  # fmt: skip
    bars = [
        Bar(name, value, f"{number(value, digits)} {cost.get('currency', '')}", index)
        for name, key, index in named
        if (value := number_at(cost, key)) is not None
    ]
    told = "; ".join(f"{one.name.lower()}: {one.text}" for one in bars)
    return bar_chart(
        "Cost of the errors on the test rows", f"Shorter is better. {told}.", bars, width=_CARD
    )


def _money_sentences(document: Found, digits: int) -> list[str]:
    cost = part(document, "cost")
    said = []
    interval = part(document, "metrics", "cost")
    if interval.get("low") is not None and interval.get("high") is not None:
        said.append(
            f"The challenger's cost lies between {number(interval['low'], digits)} and "
            f"{number(interval['high'], digits)} {cost.get('currency', '')} with "
            f"{confident(document)} confidence."
        )
    said.append(f"{_prices(document)} as the use case says.")
    if _counts_errors(document):
        said.append("Every price is 1, as where none is set: read the money as a count.")
    if answer := _without_model(document):
        said.append(answer)
    return said


def _counts_errors(document: Found) -> bool:
    """Say whether all errors cost 1, so that nothing is said of money yet."""
    cost = part(document, "cost")
    named = COSTS_OF.get(problem_type(document), ())
    prices = [*part(cost, "missed").values(), *(number_at(cost, name) for name in named)]
    return all(price in (None, 1) for price in prices) and any(name in cost for name in named)


def _prices(document: Found) -> str:
    cost, kind = part(document, "cost"), problem_type(document)
    currency = cost.get("currency", "")
    if kind == MULTICLASS:
        missed = part(cost, "missed")
        named = [f"{label} {cell(price)}" for label, price in list(missed.items())[:_NAMED_PRICES]]
        if not named:
            return f"Every row put into a wrong class costs 1 {currency},"
        classes = items(document, "classes")
        more = "; every other class 1" if len(classes) > len(missed) else ""
        more = "; other classes as named there" if len(missed) > _NAMED_PRICES else more
        return f"Missing a row of a class costs, in {currency}: {', '.join(named)}{more},"
    if kind == REGRESSION:
        target = part(document, "problem").get("target", "the target")
        return (
            f"A unit of {target} predicted too much costs {cell(cost.get('over'))} {currency}, one "
            f"too little {cell(cost.get('under'))} {currency},"
        )
    return (
        f"A false alarm costs {cell(cost.get('false_positive'))} {currency} and a missed positive "
        f"{cell(cost.get('false_negative'))} {currency},"
    )


def _without_model(document: Found) -> str:
    cost = part(document, "cost")
    if number_at(cost, "without_model") is None:
        return ""
    answer = cost.get("without_model_answer") or "no alarm"
    if answer == "no alarm":
        return "Without a model no alarm is raised, and every positive row is missed."
    known = cost.get("without_model_known_from")
    chosen = f"; that was the cheapest such answer on the {known} rows" if known else ""
    return f"Without a model {answer}{chosen}."
