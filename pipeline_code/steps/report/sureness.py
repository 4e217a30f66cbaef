"""How sure it is that the challenger is better."""

from __future__ import annotations

from pipeline_code.core.charts_small import interval_strip
from pipeline_code.core.metric_names import SMALLER_IS_BETTER
from pipeline_code.core.metric_words import TITLES
from pipeline_code.steps.report.card import Card, confident
from pipeline_code.steps.report.formats import digits_of, number, percent, signed
from pipeline_code.steps.report.reading import Found, number_at, part


def sureness(document: Found) -> Card | None:
    """Say how far the comparison could be chance, or how sure the metric is without one."""
    metric = document.get("uplift_metric")
    if not metric:
        return None
    uplift = part(document, "uplift")
    if number_at(uplift, "value") is not None:
        return _compared(document, metric, uplift)
    own = part(document, "metrics", metric)
    if number_at(own, "value") is None:
        return None
    return _alone(document, metric, own)


def _compared(document: Found, metric: str, uplift: Found) -> Card:
    value, low, high = (number_at(uplift, key) for key in ("value", "low", "high"))
    win_share, title = number_at(uplift, "win_share"), TITLES.get(metric, metric)
    digits = digits_of(metric, (value, low, high), fine=True)
    if win_share is None:
        big, label = signed(value, digits), f"is by how much the challenger's {title} is better"
    else:
        big = f"{percent(win_share, 0)} of resamples"
        label = "of the test rows are won by the challenger"
    said = [f"{_verdict(low, high)} {_span(title, value, low, high, digits, document)}"]
    if win_share is not None:
        said.append("A resample is the same number of test rows drawn anew, some of them twice.")
    assert value is not None  # noqa: S101 - who calls has looked
    chart = interval_strip(
        f"Uplift of {title}",
        f"{_span(title, value, low, high, digits, document)} Left of zero the champion is better.",
        value=value,
        low=low,
        high=high,
        zero="no difference",
        texts=(signed(low, digits), signed(value, digits), signed(high, digits)),
    )
    return Card(big, label, tuple(said), chart)


def _verdict(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "How far chance reaches is not known."
    if low > 0:
        return "The challenger is better by more than chance explains."
    if high < 0:
        return "The challenger is worse by more than chance explains."
    return "No difference at all cannot be ruled out: this may be chance."


def _span(
    title: str,
    value: float | None,
    low: float | None,
    high: float | None,
    digits: int,
    document: Found,
) -> str:
    said = f"The uplift of the {title} is {signed(value, digits)}"
    if low is None or high is None:
        return f"{said}."
    return (
        f"{said}, with {confident(document)} confidence between {signed(low, digits)} and "
        f"{signed(high, digits)}."
    )


def _alone(document: Found, metric: str, own: Found) -> Card:
    value, low, high = (number_at(own, key) for key in ("value", "low", "high"))
    title = TITLES.get(metric, metric)
    digits = digits_of(metric, (value, low, high))
    better = "smaller is better" if metric in SMALLER_IS_BETTER else "higher is better"
    said = ["There is no champion to compare with on these rows."]
    if low is not None and high is not None:
        said.append(
            f"With {confident(document)} confidence the challenger's {title} lies between "
            f"{number(low, digits)} and {number(high, digits)}."
        )
    assert value is not None  # noqa: S101 - who calls has looked
    chart = interval_strip(
        f"The challenger's {title}",
        " ".join(said),
        value=value,
        low=low,
        high=high,
        texts=(number(low, digits), number(value, digits), number(high, digits)),
    )
    return Card(number(value, digits), f"is its {title}, by which the gate decides; {better}",
                tuple(said), chart)  # fmt: skip
