"""How the hyperparameters were searched: each trial, and what each of them told."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from pipeline_code.core.charts import Frame
from pipeline_code.core.charts_axes import Axis, log_axis, number_axis
from pipeline_code.core.charts_values import scatter_chart
from pipeline_code.core.metric_words import TITLES
from pipeline_code.steps.report.formats import cell, figure, number, plural
from pipeline_code.steps.report.reading import Found, items, number_at, part

_BEST: Final = 10
_PLOTTED: Final = 8
_HEIGHT: Final = 230.0
_WIDE_RATIO: Final = 30.0  # beyond it values are apart by their ratio rather than their difference
_NAMES: Final = 6


@dataclass(frozen=True)
class _Trial:
    place: int
    name: str
    status: str
    value: float | None
    seconds: float | None
    settings: Found


def tuning(document: Found) -> dict[str, Any] | None:
    """Describe what was tried; None where nothing was tuned."""
    found = part(document, "tuning")
    trials = [_trial(place, one) for place, one in enumerate(items(found, "trials"), start=1)]
    if not trials:
        return None
    smaller = str(found.get("direction", "maximize")).lower().startswith("min")
    measured = [one for one in trials if one.value is not None]
    best = sorted(measured, key=lambda one: (_loss(one, smaller), one.place))
    metric = str(found.get("metric") or document.get("uplift_metric") or "objective")
    title = TITLES.get(metric, metric)
    tuned = _tuned(trials)
    return {
        "summary": _summary(found, trials, measured),
        "title": title,
        "smaller": smaller,
        "tuned": tuned,
        "best": [_row(one, tuned) for one in best[:_BEST]],
        "charts": _charts(measured, best, tuned, title, smaller, found),
    }


def _trial(place: int, one: Found) -> _Trial:
    return _Trial(
        place=place,
        name=str(one.get("name", place)),
        status=str(one.get("status", "")),
        value=number_at(one, "value"),
        seconds=number_at(one, "seconds"),
        settings=part(one, "hyperparameters"),
    )


def _loss(trial: _Trial, smaller: bool) -> float:
    value = trial.value or 0.0
    return value if smaller else -value


def _summary(found: Found, trials: Sequence[_Trial], measured: Sequence[_Trial]) -> str:
    seconds = sum(one.seconds or 0.0 for one in trials)
    strategy = found.get("strategy")
    how = f" by {strategy} search" if strategy else ""
    without = len(trials) - len(measured)
    failed = f"; {plural(without, 'trial')} ended without a value" if without else ""
    return f"{plural(len(trials), 'trial')}{how}, {_duration(seconds)} of training{failed}."


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    if seconds < 7_200:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3_600:.1f} hours"


def _tuned(trials: Sequence[_Trial]) -> list[str]:
    """Name the settings in which trials differ."""
    names = dict.fromkeys(name for one in trials for name in one.settings)
    return [name for name in names if len({str(one.settings.get(name)) for one in trials}) > 1]


def _row(trial: _Trial, tuned: Sequence[str]) -> dict[str, Any]:
    return {
        "place": trial.place,
        "value": figure(trial.value),
        "seconds": number(trial.seconds, 0 if (trial.seconds or 0) >= 10 else 1),
        "status": trial.status,
        "settings": [_setting(trial.settings.get(name)) for name in tuned],
    }


def _setting(value: Any) -> str:
    if value is None:
        return ""
    as_number = _number(value)
    return cell(value) if as_number is None else figure(as_number)


def _number(value: Any) -> float | None:
    """Read a hyperparameter, which may come as text; None if it is no number."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def _charts(
    measured: Sequence[_Trial],
    best: Sequence[_Trial],
    tuned: Sequence[str],
    title: str,
    smaller: bool,
    found: Found,
) -> list[tuple[str, str, Markup]]:
    if not measured:
        return []
    axis = number_axis(title, [one.value for one in measured if one.value is not None])
    drawn = [_by_trial(measured, best[0], axis, smaller)]
    for name in tuned[:_PLOTTED]:
        chart = _by_setting(measured, best[0], name, axis, part(found, "ranges", name))
        if chart is not None:
            drawn.append((f"{name}.", "", chart))
    return drawn


def _by_trial(
    measured: Sequence[_Trial], best: _Trial, axis: Axis, smaller: bool
) -> tuple[str, str, Markup]:
    dots = [(float(one.place), one.value) for one in measured if one.value is not None]
    chosen = min if smaller else max
    reached = itertools.accumulate((value for _, value in dots), chosen)
    line = [(x, y) for (x, _), y in zip(dots, reached, strict=True)]
    frame = Frame(
        title="Value by trial",
        description=(
            f"{len(dots)} trials in the order in which they began; the line is the best so far. "
            f"The best is trial {best.place} with {figure(best.value)}."
        ),
        x=number_axis("trial", [1, max(x for x, _ in dots)]),
        y=axis,
        height=_HEIGHT,
    )
    words = (
        "Each dot is a trial; the line is the best so far. Where it stays level for long, more "
        "trials would hardly help."
    )
    groups = [("dot-0", dots), ("dot-best", [(float(best.place), best.value or 0.0)])]
    return "Value by trial.", words, scatter_chart(frame, groups, line)


def _by_setting(
    measured: Sequence[_Trial], best: _Trial, name: str, axis: Axis, limits: Found
) -> Markup | None:
    having = [one for one in measured if one.settings.get(name) is not None]
    if not having:
        return None
    values = [_number(one.settings[name]) for one in having]
    known = [value for value in values if value is not None]
    if len(known) == len(values):
        x = _number_axis(name, known, limits)
        places: dict[int, float] = dict(zip((one.place for one in having), known, strict=True))
    else:
        names = sorted({str(one.settings[name]) for one in having})
        ticks = tuple((float(at), text[:12]) for at, text in enumerate(names))
        x = Axis(name, -0.5, len(names) - 0.5, ticks[:_NAMES])
        places = {one.place: float(names.index(str(one.settings[name]))) for one in having}
    dots = [(places[one.place], one.value or 0.0) for one in having]
    frame = Frame(
        title=f"Value by {name}",
        description=(
            f"The value of {len(dots)} trials against {name}; the best had "
            f"{_setting(best.settings.get(name))}."
        ),
        x=x,
        y=axis,
        height=_HEIGHT,
    )
    marked = [(places[best.place], best.value or 0.0)] if best.place in places else []
    return scatter_chart(frame, [("dot-0", dots), ("dot-best", marked)])


def _number_axis(name: str, values: Sequence[float], limits: Found) -> Axis:
    low, high = min(values), max(values)
    if low > 0 and (limits.get("scale") == "log" or high / low > _WIDE_RATIO):
        return log_axis(name, values)
    return number_axis(name, values)
