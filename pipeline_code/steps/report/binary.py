"""What a binary model decides: caught and missed, alarms right and false, and its curves."""

from __future__ import annotations

from typing import Any, Final

from markupsafe import Markup

from pipeline_code.core.charts import Frame, Series, interval_chart, line_chart
from pipeline_code.core.charts_axes import Axis, nice_ticks, share_axis
from pipeline_code.steps.report.reading import Found, items, number_at, part, sides

_THRESHOLDS: Final = ((1e-4, "0.0001"), (1e-3, "0.001"), (1e-2, "0.01"), (0.1, "0.1"), (1, "1"))
_SIDES: Final = ("negative", "positive")
_TOP_COST: Final = 1.25  # above the dearest model-free choice nothing is worth seeing

Matrix = tuple[tuple[int, int], tuple[int, int]]


def decisions(document: Found) -> dict[str, Any] | None:
    """Describe the decisions at the threshold; None where they are not known."""
    matrix = items(document, "confusion_matrix")
    if len(matrix) != len(_SIDES) or any(len(row) != len(_SIDES) for row in matrix):
        return None
    (quiet, false), (missed, caught) = matrix
    curves = part(document, "curves")
    return {
        "right_quiet": quiet,
        "false_alarms": false,
        "missed": missed,
        "caught": caught,
        "positives": missed + caught,
        "negatives": quiet + false,
        "alarms": caught + false,
        "threshold": number_at(document, "threshold"),
        "charts": _charts(document, ((quiet, false), (missed, caught))) if curves else [],
    }


def _charts(document: Found, matrix: Matrix) -> list[tuple[str, str, Markup]]:
    drawn = [
        (
            "Cost by threshold.",
            "A lower threshold alarms more and misses less. The mark is the threshold that was "
            "chosen before these rows began.",
            _cost(document) if _has(document, "cost") else None,
        ),
        (
            "Precision and recall.",
            "How many alarms are right when so many positive rows are caught.",
            _precision_recall(document, matrix) if _has(document, "precision_recall") else None,
        ),
        (
            "ROC curve.",
            "How many false alarms it takes to catch so many. The dashed diagonal is chance.",
            _roc(document, matrix) if _has(document, "roc") else None,
        ),
        (
            "Can the score be read as a probability?",
            "Yes, where the dots lie on the diagonal; the lines are 95% intervals.",
            calibration_chart(
                document, "observed share of positive rows", "mean score", "positive rows"
            )
            if _has(document, "calibration")
            else None,
        ),
    ]
    return [(title, text, chart) for title, text, chart in drawn if chart is not None]


def calibration_chart(document: Found, y: str, x: str, what: str) -> Markup:
    """Draw how often something happened against how probable it was said to be."""
    dots = [
        (
            index,
            [
                (one["predicted"], one["observed"], one["low"], one["high"])
                for one in items(found, "calibration")
            ],
        )
        for index, _, found in sides(document, "curves")
    ]
    frame = Frame(
        title="Predicted and observed shares",
        description=(
            f"Observed share of {what} against the mean score, by tenths of the score, with 95% "
            "intervals. On the diagonal a score of 70% means 70 in 100."
        ),
        x=share_axis(x),
        y=share_axis(y),
        diagonal=True,
    )
    return interval_chart(frame, dots)


def _has(document: Found, curve: str) -> bool:
    return bool(items(document, "curves", "challenger", curve))


def _series(document: Found, curve: str) -> list[Series]:
    return [
        Series(name, index, [(x, y) for x, y in items(found, curve)])
        for index, name, found in sides(document, "curves")
    ]


def _roc(document: Found, matrix: Matrix) -> Markup:
    (quiet, false), (missed, caught) = matrix
    at = (false / max(quiet + false, 1), caught / max(missed + caught, 1))
    frame = Frame(
        title="ROC curve",
        description=(
            f"Share of positive rows caught against share of negative rows that raise an alarm. "
            f"At the chosen threshold {at[1]:.1%} are caught for {at[0]:.2%} false alarms."
        ),
        x=share_axis("negative rows with an alarm"),
        y=share_axis("positive rows caught"),
        diagonal=True,
        marks=((at, "chosen threshold"),),
    )
    return line_chart(frame, _series(document, "roc"))


def _precision_recall(document: Found, matrix: Matrix) -> Markup:
    (_, false), (missed, caught) = matrix
    at = (caught / max(missed + caught, 1), caught / max(caught + false, 1))
    frame = Frame(
        title="Precision and recall",
        description=(
            f"Share of alarms that are right against share of positive rows caught. At the "
            f"chosen threshold {at[1]:.1%} of alarms are right and {at[0]:.1%} are caught."
        ),
        x=share_axis("positive rows caught (recall)"),
        y=share_axis("alarms that are right (precision)"),
        marks=((at, "chosen threshold"),),
    )
    return line_chart(frame, _series(document, "precision_recall"))


def _cost(document: Found) -> Markup:
    money = part(document, "cost")
    currency, ours = money.get("currency", ""), number_at(money, "challenger") or 0.0
    chosen = (number_at(document, "threshold") or 0.0, ours)
    series = _series(document, "cost")
    cheapest = min(series[0].points, key=lambda point: point[1])
    high = max(number_at(money, "without_model") or 0.0, ours, cheapest[1]) * _TOP_COST
    ticks = nice_ticks(high)
    shown = [
        Series(one.name, one.index, [point for point in one.points if point[1] <= ticks[-1][0]])
        for one in series
    ]
    frame = Frame(
        title="Cost by threshold",
        description=(
            f"Cost of the errors on the test rows at each threshold. At the chosen threshold of "
            f"{chosen[0]:.4g} it is {chosen[1]:,.0f} {currency}; the lowest on these rows would "
            f"be {cheapest[1]:,.0f} at {cheapest[0]:.4g}."
        ),
        x=Axis("score from which a row raises an alarm", 1e-4, 1, _THRESHOLDS, True),
        y=Axis(f"cost in {currency}", 0, ticks[-1][0], ticks),
        marks=((chosen, "chosen threshold"),),
    )
    return line_chart(frame, shown)
