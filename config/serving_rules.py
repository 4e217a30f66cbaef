"""What of an endpoint SageMaker would refuse, or would do otherwise than said.

Each rule looks at one setting and at those above it in `ServingConfig`, raises a ``ValueError``
with the reason and the way out, and else returns the value. A setting that is wrong itself is
absent from those above, and has a mistake of its own.
"""

from __future__ import annotations

import math
from typing import Any

from pydantic import ValidationInfo

from config.endpoint_kinds import ScheduledCapacity

ALL_AT_ONCE, CANARY, LINEAR, ROLLING, SHADOW = (
    "all_at_once",
    "canary",
    "linear",
    "rolling",
    "shadow",
)
STEPWISE = (CANARY, LINEAR, ROLLING)
REALTIME, SERVERLESS, ASYNCHRONOUS = "realtime", "serverless", "asynchronous"

_LONGEST_ROLLOUT_MIN = 8 * 60
_START_MIN = 60
_BATCH_START_MIN = 15
_LONGEST_ANSWER_MS = 60_000
"""A real-time invocation is cut off after a minute."""
_LEAST_LINEAR_PERCENT = 10


def least_instances(given: dict[str, Any]) -> int:
    """Return how few instances there can be, at any hour."""
    scheduled = given.get("scheduled_capacity", ())
    return int(min([given.get("min_instances", 2), *(each.min_instances for each in scheduled)]))


def check_kind_section(value: Any, info: ValidationInfo) -> Any:
    """Refuse settings of another kind of endpoint: they would be without effect."""
    kind = info.data.get("kind", info.field_name)
    if value is not None and kind != info.field_name:
        raise ValueError(
            f"is for kind: {info.field_name}, and kind is {kind}; leave it out, or change the kind"
        )
    return value


def check_instance_type(value: str) -> str:
    """Refuse what has no guardrails.

    Source: SageMaker Developer Guide, "Deployment guardrails", exclusions; "Shadow tests",
    exclusions.
    """
    if value.startswith("ml.inf1."):
        raise ValueError(
            f"given {value!r}: SageMaker would ignore the rollout and the alarms that take a "
            "version back on Inf1; allowed: any other family, ml.inf2 for instance"
        )
    return value


def check_challenger(value: int | None, info: ValidationInfo) -> int | None:
    """Refuse a challenger that has nobody to challenge, or no place to do it."""
    if value is None:
        return value
    champion = info.data.get("model_version")
    if champion is None:
        raise ValueError(
            "a challenger answers nobody, and without model_version nobody does; set "
            "model_version, or serve this version as model_version"
        )
    if value == champion:
        raise ValueError(f"version {value} is the champion already; name another, or leave it out")
    kind = info.data.get("kind", REALTIME)
    if kind != REALTIME:
        raise ValueError(
            f"SageMaker runs no shadow variant beside a {kind} endpoint; take kind: realtime, or "
            "compare the versions in another environment"
        )
    return value


def check_min_instances(value: int, info: ValidationInfo) -> int:
    """Refuse zero where nothing would start the first instance again."""
    kind = info.data.get("kind", REALTIME)
    if value == 0 and kind != ASYNCHRONOUS:
        raise ValueError(
            f"must be at least 1 for kind: {kind}, given 0: only a queue can wait for the first "
            "instance; take kind: asynchronous to scale to zero"
        )
    return value


def check_max_instances(value: int, info: ValidationInfo) -> int:
    """Refuse a range that is none."""
    least = info.data.get("min_instances", 1)
    if value < least:
        raise ValueError(f"must be at least min_instances ({least}), given {value}")
    return value


def check_schedule(
    value: tuple[ScheduledCapacity, ...], info: ValidationInfo
) -> tuple[ScheduledCapacity, ...]:
    """Refuse what cannot be scheduled: two actions of a name, or instances where are none."""
    kind = info.data.get("kind", REALTIME)
    if value and kind == SERVERLESS:
        raise ValueError("a serverless endpoint has no instances to schedule; leave it out")
    names = [each.name for each in value]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"names {', '.join(twice)} twice; give each action a name of its own")
    asleep = [each.name for each in value if each.min_instances == 0]
    if asleep and kind != ASYNCHRONOUS:
        raise ValueError(
            f"{asleep[0]}: min_instances must be at least 1 for kind: {kind}, given 0; take "
            "kind: asynchronous to scale to zero"
        )
    return value


def check_scaling_metric(value: str | None, info: ValidationInfo) -> str | None:
    """Refuse a metric that this kind of endpoint does not send: it would never scale.

    Source: SageMaker Developer Guide, "Monitor asynchronous endpoint".
    """
    kind = info.data.get("kind", REALTIME)
    if kind == SERVERLESS and value is not None:
        raise ValueError("a serverless endpoint scales by itself; leave it out")
    if kind == ASYNCHRONOUS and value != "backlog":
        raise ValueError(
            f"an asynchronous endpoint does not send {value} per instance and would never scale; "
            "take backlog, or leave it out"
        )
    if kind == REALTIME and value == "backlog":
        raise ValueError(
            "a real-time endpoint has no queue; take invocations or concurrency, or leave it out"
        )
    return value


def check_rollout(value: str, info: ValidationInfo) -> str:
    """Refuse what SageMaker does not do for this kind, this many variants or instances.

    Source: SageMaker Developer Guide, "Deployment guardrails", exclusions; "Shadow tests",
    exclusions.
    """
    kind = info.data.get("kind", REALTIME)
    if value == SHADOW and kind != REALTIME:
        raise ValueError(
            f"SageMaker runs no shadow variant beside a {kind} endpoint; take all_at_once, or "
            "kind: realtime"
        )
    if value in STEPWISE and kind == SERVERLESS:
        raise ValueError(
            f"{value} moves part of the instances first and a serverless endpoint has none; take "
            "all_at_once, which the alarms also take back"
        )
    _check_variants(value, info)
    if value in STEPWISE and least_instances(info.data) < 2:
        raise ValueError(
            f"{value} moves part of the instances first and one cannot be parted: raise "
            "min_instances to 2, or take all_at_once; the same goes for scheduled_capacity"
        )
    return value


def _check_variants(value: str, info: ValidationInfo) -> None:
    if "challenger_version" not in info.data or "kind" not in info.data:
        return
    has_challenger = info.data["challenger_version"] is not None
    if value == SHADOW and not has_challenger:
        raise ValueError(
            "shadow runs a challenger beside the champion; set challenger_version, or take another "
            "rollout"
        )
    if value != SHADOW and has_challenger:
        reason = (
            "SageMaker cannot update two variants rolling"
            if value == ROLLING
            else "challenger_version is for rollout: shadow only"
        )
        raise ValueError(f"given {value!r}: {reason}; take shadow, or leave challenger_version out")


def check_step(value: int, info: ValidationInfo) -> int:
    """Refuse steps of less than an instance, or smaller than SageMaker makes them."""
    rollout = info.data.get("rollout")
    if rollout not in STEPWISE:
        return value
    if rollout == LINEAR and value < _LEAST_LINEAR_PERCENT:
        raise ValueError(f"linear steps are 10 to 50, given {value}; rolling goes down to 5")
    instances = least_instances(info.data)
    if value * instances < 100:
        raise ValueError(
            f"{value}% of min_instances ({instances}) is less than one instance; "
            f"allowed: {math.ceil(100 / instances)} to 50"
        )
    return value


def check_wait(value: int, info: ValidationInfo) -> int:
    """Refuse a rollout that SageMaker would cut off, and so roll back, after eight hours."""
    rollout, step = info.data.get("rollout"), info.data.get("rollout_step_percent")
    if rollout not in (LINEAR, ROLLING) or step is None:
        return value
    steps = math.ceil(100 / step)
    if rollout == LINEAR:
        minutes = (steps + 1) * value + _START_MIN
    else:
        # Each batch starts instances of its own.
        minutes = steps * (value + _BATCH_START_MIN)
    if minutes > _LONGEST_ROLLOUT_MIN:
        raise ValueError(
            f"{steps} steps with waits of {value} minutes, and the time to start instances, are "
            f"{minutes} minutes; SageMaker gives an update {_LONGEST_ROLLOUT_MIN}: wait less or "
            "take larger steps"
        )
    return value


def check_latency(value: int, info: ValidationInfo) -> int:
    """Refuse a limit that no answer can reach."""
    kind = info.data.get("kind", ASYNCHRONOUS)
    if value > _LONGEST_ANSWER_MS and kind != ASYNCHRONOUS:
        raise ValueError(
            f"must be at most {_LONGEST_ANSWER_MS} for kind: {kind}, given {value}: SageMaker cuts "
            "the request off; take less, or kind: asynchronous"
        )
    return value


def check_traffic(value: int | None, info: ValidationInfo) -> int | None:
    """Refuse to watch a metric that is never sent: silence would roll every update back."""
    if value is not None and info.data.get("kind") == ASYNCHRONOUS:
        raise ValueError(
            "an asynchronous endpoint does not count Invocations, and silence would roll back "
            "every update; set asynchronous.max_request_age_min instead"
        )
    return value


def check_capture(value: int, info: ValidationInfo) -> int:
    """Refuse to capture where it is impossible or pointless, and a challenger without it.

    Source: SageMaker Developer Guide, "Deploy models with Serverless Inference", exclusions.
    """
    kind = info.data.get("kind", REALTIME)
    if value and kind == SERVERLESS:
        raise ValueError(
            f"must be 0 for kind: serverless, given {value}: SageMaker captures nothing there; "
            "take kind: realtime to keep requests and answers"
        )
    if value and kind == ASYNCHRONOUS:
        raise ValueError(
            f"must be 0 for kind: asynchronous, given {value}: its requests and answers lie in the "
            "artifacts bucket by themselves"
        )
    if not value and info.data.get("rollout") == SHADOW:
        raise ValueError(
            "must be at least 1 for rollout: shadow, given 0: the challenger's answers go nowhere "
            "but to the capture"
        )
    return value


def check_other_registry(value: str | None, info: ValidationInfo) -> str | None:
    """Refuse what leaves another account's artifacts unnamed, or names them for no reason."""
    if "registry_account" not in info.data:
        return value
    account = info.data["registry_account"]
    if account is not None and value is None:
        parameter = "buckets/artifacts" if info.field_name == "registry_bucket" else "keys/data"
        raise ValueError(
            f"is needed with registry_account, whose parameters cannot be read from here; give the "
            f"value of its SSM parameter /acequia/<environment>/<use case>/{parameter}"
        )
    if account is None and value is not None:
        raise ValueError(
            "is for a registry of another account; set registry_account, or leave it out: in this "
            "account it is looked up"
        )
    return value
