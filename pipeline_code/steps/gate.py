"""Decide whether a challenger may be registered, and say why in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline_code import contract
from pipeline_code.core.bootstrap import Interval
from pipeline_code.core.errors import PipelineError
from pipeline_code.core.metric_words import TITLES
from pipeline_code.core.metrics import SMALLER_IS_BETTER
from pipeline_code.core.usecase import Gate


class UnmeasuredMetricError(PipelineError, ValueError):
    """The gate names a metric that is not measured."""

    def __init__(self, place: str, metric: str, measured: Mapping[str, object]) -> None:
        super().__init__(
            f"usecase.yaml: {place} names {metric!r}, which is not measured; "
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
class Rival:
    """The champion as the gate sees it: measured on the same rows, or why it could not be."""

    version: int
    uplift: Interval | None
    value: float | None
    obstacle: str = ""


def decide(gate: Gate, challenger: Mapping[str, Interval], rival: Rival | None) -> Verdict:
    """Compare the challenger with the guardrails and with the champion, if there is one.

    A challenger equal to the champion has an uplift of 0, which is not more than a minimum of
    0: the champion stays. A champion that cannot be measured on these rows stays too, for
    nobody knows which is better.

    Raises:
        UnmeasuredMetricError: if the gate or a guardrail names a metric that is not measured.
    """
    if gate.metric not in challenger:
        raise UnmeasuredMetricError("gate.metric", gate.metric, challenger)
    checks = [_guardrail(name, limit, challenger) for name, limit in gate.guardrails.items()]
    checks.append(_uplift(gate, challenger[gate.metric], rival))
    failed = [check for check in checks if not check.passed]
    if failed:
        return Verdict(contract.KEEP_DECISION, _reason_to_keep(failed, rival), tuple(checks))
    return Verdict(contract.REGISTER_DECISION, _reason_to_register(checks), tuple(checks))


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
    detail = f"the challenger's {TITLES[name]} of {value:.4g} is {relation} {limit:.4g}"
    return Check(f"guardrail {name}", passed, detail)


def _uplift(gate: Gate, challenger: Interval, rival: Rival | None) -> Check:
    name = f"uplift {gate.metric}"
    if rival is None:
        return Check(name, True, "there is no approved version to compare with")
    if rival.uplift is None or rival.value is None:
        detail = f"version {rival.version} cannot be measured on these rows: {rival.obstacle}"
        return Check(name, False, detail)
    uplift = rival.uplift.value
    passed = uplift > gate.minimum_uplift
    return Check(
        name,
        passed,
        f"the challenger's {TITLES[gate.metric]} is {challenger.value:.4f} against "
        f"{rival.value:.4f} of version {rival.version} on the same rows, an uplift of "
        f"{uplift:+.4f} where more than {gate.minimum_uplift:.4g} is needed",
    )


def _reason_to_keep(failed: list[Check], rival: Rival | None) -> str:
    stays = "The champion stays" if rival else "Nothing is registered"
    return f"{stays}: {' and '.join(check.detail for check in failed)}."


def _reason_to_register(checks: list[Check]) -> str:
    *guardrails, uplift = checks
    held = f", and all {len(guardrails)} guardrails hold" if len(guardrails) > 1 else ""
    held = ", and its guardrail holds" if len(guardrails) == 1 else held
    return f"{uplift.detail[0].upper()}{uplift.detail[1:]}{held}."
