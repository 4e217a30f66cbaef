"""Decide whether a challenger may be registered, and say why in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline_code import contract
from pipeline_code.core.bootstrap import Difference, Interval
from pipeline_code.core.errors import PipelineError
from pipeline_code.core.metric_words import TITLES
from pipeline_code.core.metrics import COST, MAE, MEDIAN_ABSOLUTE_ERROR, RMSE, SMALLER_IS_BETTER
from pipeline_code.core.usecase import Gate

_IN_UNITS: Final = frozenset({RMSE, MAE, MEDIAN_ABSOLUTE_ERROR, COST})
"""Metrics in units of the target or in money: four decimals of them are too many or too few."""
_LARGE: Final = 1_000


class UnmeasuredMetricError(PipelineError, ValueError):
    """The gate names a metric that is not measured."""

    def __init__(self, place: str, metric: str, measured: Mapping[str, object]) -> None:
        super().__init__(
            f"usecase.yaml: {place} names {metric!r}, which is not measured on these rows; "
            f"measured: {', '.join(measured)}"
        )


@dataclass(frozen=True)
class Check:
    """One condition of the gate, and whether it holds."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class Verdict:
    """The gate's decision, its reason in one sentence, and all of its checks."""

    decision: str
    reason: str
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Uplift:
    """How much better the challenger is than the champion: better is above 0 for any metric.

    ``win_share`` is the share of the resamples in which it is better; None where the metric is
    defined in none of them.
    """

    value: float
    low: float | None
    high: float | None
    win_share: float | None


@dataclass(frozen=True)
class Rival:
    """The champion as the gate sees it: measured on the same rows, or why it could not be."""

    version: int
    uplift: Uplift | None
    value: float | None
    obstacle: str = ""


@dataclass(frozen=True)
class SlicePair:
    """The gate's metric of both models on one slice of the rows."""

    name: str
    rows: int
    challenger: float
    champion: float


def uplift_of(metric: str, difference: Difference) -> Uplift:
    """Turn challenger minus champion into an uplift: the sign of a metric of errors changes."""
    value, low, high = difference.value, difference.low, difference.high
    if metric in SMALLER_IS_BETTER:
        # Taken from 0, for the negative of 0 is written with a sign.
        value = 0.0 - value
        low, high = (None if end is None else 0.0 - end for end in (high, low))
    return Uplift(value, low, high, difference.share_better)


def decide(
    gate: Gate,
    challenger: Mapping[str, Interval],
    rival: Rival | None,
    slices: Sequence[SlicePair] = (),
) -> Verdict:
    """Compare the challenger with the guardrails and with the champion, if there is one.

    A challenger equal to the champion has an uplift of 0, which is not more than a minimum of
    0: the champion stays. A champion that cannot be measured on these rows stays too, for
    nobody knows which is better.

    Args:
        gate: what is asked for.
        challenger: every metric of the challenger.
        rival: the champion; None where no version is approved.
        slices: those slices on which both models could be measured.

    Raises:
        UnmeasuredMetricError: if the gate or a guardrail names a metric that is not measured.
    """
    if gate.metric not in challenger:
        raise UnmeasuredMetricError("gate.metric", gate.metric, challenger)
    guardrails = [_guardrail(name, limit, challenger) for name, limit in gate.guardrails.items()]
    compared = [_uplift(gate, challenger[gate.metric], rival)]
    if rival is not None and rival.uplift is not None:
        if gate.win_share:
            compared.append(_win_share(gate, rival.uplift))
        if gate.slice_tolerance is not None:
            compared.append(_slices(gate, gate.slice_tolerance, rival, slices))
    checks = (*guardrails, *compared)
    failed = [check for check in checks if not check.passed]
    if failed:
        return Verdict(contract.KEEP_DECISION, _reason_to_keep(failed, rival), checks)
    return Verdict(contract.REGISTER_DECISION, _reason_to_register(guardrails, compared), checks)


def _guardrail(name: str, limit: float, challenger: Mapping[str, Interval]) -> Check:
    if name not in challenger:
        raise UnmeasuredMetricError(f"gate.guardrails.{name}", name, challenger)
    value = challenger[name].value
    below = name in SMALLER_IS_BETTER
    passed = value <= limit if below else value >= limit
    relation = {
        (True, False): "at least the guardrail of",
        (False, False): "below the guardrail of",
        (True, True): "at most the guardrail of",
        (False, True): "above the guardrail of",
    }[passed, below]
    detail = f"the challenger's {TITLES[name]} of {_short(value)} is {relation} {_short(limit)}"
    return Check(f"guardrail {name}", passed, detail)


def _uplift(gate: Gate, challenger: Interval, rival: Rival | None) -> Check:
    metric = gate.metric
    name = f"uplift {metric}"
    if rival is None:
        return Check(name, True, "there is no approved version to compare with")
    if rival.uplift is None or rival.value is None:
        detail = f"version {rival.version} cannot be measured on these rows: {rival.obstacle}"
        return Check(name, False, detail)
    uplift = rival.uplift.value
    direction = "; smaller is better:" if metric in SMALLER_IS_BETTER else ","
    return Check(
        name,
        uplift > gate.minimum_uplift,
        f"the challenger's {TITLES[metric]} is {_written(metric, challenger.value)} against "
        f"{_written(metric, rival.value)} of version {rival.version} on the same rows{direction} "
        f"an uplift of {_written(metric, uplift, '+')} where more than "
        f"{_short(gate.minimum_uplift)} is needed",
    )


def _win_share(gate: Gate, uplift: Uplift) -> Check:
    """A metric that no resample defines wins in none of them."""
    share = uplift.win_share or 0.0
    return Check(
        f"win share {gate.metric}",
        share >= gate.win_share,
        f"the challenger is the better one in {_percent(share)} of the resamples where at least "
        f"{_percent(gate.win_share)} is needed",
    )


def _slices(gate: Gate, tolerance: float, rival: Rival, slices: Sequence[SlicePair]) -> Check:
    metric, name = gate.metric, f"slices {gate.metric}"
    if not slices:
        return Check(name, True, "no slice has enough rows to compare the two on it")
    losses = sorted(((_loss(metric, one), one) for one in slices), key=lambda pair: -pair[0])
    worse = sum(loss > tolerance for loss, _ in losses)
    if not worse:
        count = f"none of {len(slices)} slices is" if len(slices) > 1 else "the one slice is not"
        return Check(name, True, f"{count} worse by more than {_short(tolerance)}")
    loss, worst = losses[0]
    others = f", and {worse - 1} more slices are worse too" if worse > 2 else ""
    others = ", and one more slice is worse too" if worse == 2 else others
    return Check(
        name,
        False,
        f"on the {worst.rows:,} rows with {worst.name} the challenger's {TITLES[metric]} is "
        f"{_written(metric, worst.challenger)} against {_written(metric, worst.champion)} of "
        f"version {rival.version}, worse by {_written(metric, loss)} where at most "
        f"{_short(tolerance)} is allowed{others}",
    )


def _loss(metric: str, one: SlicePair) -> float:
    loss = one.champion - one.challenger
    return -loss if metric in SMALLER_IS_BETTER else loss


def _reason_to_keep(failed: Sequence[Check], rival: Rival | None) -> str:
    stays = "The champion stays" if rival else "Nothing is registered"
    return f"{stays}: {' and '.join(check.detail for check in failed)}."


def _reason_to_register(guardrails: Sequence[Check], compared: Sequence[Check]) -> str:
    parts = [check.detail for check in compared]
    if guardrails:
        count = len(guardrails)
        parts.append("its guardrail holds" if count == 1 else f"all {count} guardrails hold")
    *first, last = parts
    reason = f"{', '.join(first)}, and {last}" if first else last
    return f"{reason[0].upper()}{reason[1:]}."


def _written(metric: str, value: float, sign: str = "") -> str:
    return _short(value, sign) if metric in _IN_UNITS else f"{value:{sign}.4f}"


def _short(value: float, sign: str = "") -> str:
    return f"{value:{sign},.0f}" if abs(value) >= _LARGE else f"{value:{sign}.4g}"


def _percent(share: float) -> str:
    return f"{100 * share:.4g}%"
