"""Choose and draw the charts of the report from the numbers of an evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup

from pipeline_code.core.charts import (
    SHARE_TICKS,
    Axis,
    Frame,
    Series,
    bar_chart,
    dot_rows,
    interval_chart,
    line_chart,
    nice_ticks,
)

_BARS: Final = 15
_ROWS_OF_DOTS: Final = 8
_THRESHOLDS: Final = ((1e-4, "0.0001"), (1e-3, "0.001"), (1e-2, "0.01"), (0.1, "0.1"), (1, "1"))
_TOP_COST: Final = 1.25  # above the dearest model-free choice nothing is worth seeing


def draw(document: Mapping[str, Any]) -> dict[str, Markup]:
    """Return every chart of the report by its name."""
    return {
        "roc": _roc(document),
        "precision_recall": _precision_recall(document),
        "calibration": _calibration(document),
        "cost": _cost(document),
        "importance": _importance(document),
        "dots": _dots(document),
    }


def _series(document: Mapping[str, Any], curve: str) -> list[Series]:
    found = document["curves"]
    return [
        Series(name, index, [tuple(point) for point in found[name][curve]])
        for index, name in enumerate(("challenger", "champion"))
        if found[name]
    ]


def _share_axis(label: str) -> Axis:
    return Axis(label, 0, 1, SHARE_TICKS)


def _roc(document: Mapping[str, Any]) -> Markup:
    (quiet, false), (missed, caught) = document["confusion_matrix"]
    at = (false / (quiet + false), caught / (missed + caught))
    frame = Frame(
        title="ROC curve",
        description=(
            f"Share of positive rows caught against share of negative rows that raise an alarm. "
            f"At the chosen threshold {at[1]:.1%} are caught for {at[0]:.2%} false alarms."
        ),
        x=_share_axis("negative rows with an alarm"),
        y=_share_axis("positive rows caught"),
        diagonal=True,
        marks=((at, "chosen threshold"),),
    )
    return line_chart(frame, _series(document, "roc"))


def _precision_recall(document: Mapping[str, Any]) -> Markup:
    (_, false), (missed, caught) = document["confusion_matrix"]
    at = (caught / (missed + caught), caught / max(caught + false, 1))
    frame = Frame(
        title="Precision and recall",
        description=(
            f"Share of alarms that are right against share of positive rows caught. At the "
            f"chosen threshold {at[1]:.1%} of alarms are right and {at[0]:.1%} are caught."
        ),
        x=_share_axis("positive rows caught (recall)"),
        y=_share_axis("alarms that are right (precision)"),
        marks=((at, "chosen threshold"),),
    )
    return line_chart(frame, _series(document, "precision_recall"))


def _calibration(document: Mapping[str, Any]) -> Markup:
    dots = [
        (
            index,
            [
                (one["predicted"], one["observed"], one["low"], one["high"])
                for one in document["curves"][name]["calibration"]
            ],
        )
        for index, name in enumerate(("challenger", "champion"))
        if document["curves"][name]
    ]
    frame = Frame(
        title="Predicted and observed shares",
        description=(
            "Observed share of positive rows against the mean score, by tenths of the score, "
            "with 95% intervals. On the diagonal a score of 70% means 70 in 100."
        ),
        x=_share_axis("mean score"),
        y=_share_axis("observed share of positive rows"),
        diagonal=True,
    )
    return interval_chart(frame, dots)


def _cost(document: Mapping[str, Any]) -> Markup:
    money = document["cost"]
    chosen = (document["threshold"], money["challenger"])
    series = _series(document, "cost")
    high = max(money["without_model"], chosen[1], min(y for _, y in series[0].points)) * _TOP_COST
    ticks = nice_ticks(high)
    shown = [
        Series(one.name, one.index, [point for point in one.points if point[1] <= ticks[-1][0]])
        for one in series
    ]
    cheapest = min(series[0].points, key=lambda point: point[1])
    frame = Frame(
        title="Cost by threshold",
        description=(
            f"Cost of the errors on the test rows at each threshold. At the chosen threshold of "
            f"{chosen[0]:.4g} it is {chosen[1]:,.0f} {money['currency']}; the lowest on these "
            f"rows would be {cheapest[1]:,.0f} at {cheapest[0]:.4g}."
        ),
        x=Axis("threshold (score from which a row raises an alarm)", 1e-4, 1, _THRESHOLDS, True),
        y=Axis(f"cost in {money['currency']}", 0, ticks[-1][0], ticks),
        marks=((chosen, "chosen threshold"),),
    )
    return line_chart(frame, shown)


def _importance(document: Mapping[str, Any]) -> Markup:
    bars = [
        (one["feature"], one["mean_abs_shap"], f"{one['mean_abs_shap']:.3f}")
        for one in document["importance"][:_BARS]
    ]
    return bar_chart(
        "Importance of the features",
        "Mean absolute SHAP value in log odds: how far each feature moves a prediction on "
        f"average. The strongest is {bars[0][0]}.",
        bars,
    )


def _dots(document: Mapping[str, Any]) -> Markup:
    rows = [
        (one["feature"], one["shap"], one["rank"])
        for one in document["explanation"]["dots"][:_ROWS_OF_DOTS]
    ]
    return dot_rows(
        "What low and high values do",
        "Each dot is one row: right of the middle the feature's value raises the score, left "
        "it lowers it; the shade tells small values from large ones.",
        rows,
    )
