"""What lives how long: survival, replacement, tags, and one shape in every environment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import config
from tests.assembly import Assembly
from tests.controls.evidence import Checked, bodies, dig, listed, place, resolved
from tests.replacement import STATEFUL, baseline, read_allowed, read_baseline, replacements
from tests.schemas import tag_property

TAGS = ("CostCenter", "DataClassification", "Environment", "OwnerTeam")
_ROOT = Path(__file__).parents[3]
_RECOVERY: Mapping[str, tuple[str, Any]] = {
    "AWS::DynamoDB::Table": (
        "PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled",
        True,
    ),
    "AWS::RDS::DBCluster": ("BackupRetentionPeriod", 7),
    "AWS::S3::Bucket": ("VersioningConfiguration/Status", "Enabled"),
}
"""How what was overwritten or deleted by mistake comes back: the property, its least value."""

_UNPROTECTED = frozenset({"dev"})
_ENVIRONMENT = re.compile(rf"(?<![a-zA-Z])({'|'.join(config.ENVIRONMENTS)})(?![a-zA-Z])")
_LITERALS = {
    "an account": re.compile(r"(?<![\w.-])\d{12}(?![\w.-])"),
    "a region": re.compile(
        r"(?<![\w-])(?:af|ap|ca|cn|eu|il|me|mx|sa|us)(?:-gov|-iso[a-z]?)?-"
        r"(?:central|(?:north|south)(?:east|west)?|east|west)-\d(?![\w-])"
    ),
    "a partition": re.compile(r"\barn:aws[a-z-]*:"),
    "an endpoint of one region or partition": re.compile(
        r"\.amazonaws\.com\.cn\b|\.[a-z]+-[a-z]+-\d\.amazonaws"
    ),
}


def survives(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C17: in a protected environment what is stateful outlives its stack."""
    if environment in _UNPROTECTED:
        return
    for resource in assembly.find(*STATEFUL, environment=environment):
        weak = [
            f"{name} to Retain"
            for name in ("DeletionPolicy", "UpdateReplacePolicy")
            if resource.body.get(name) != "Retain"
        ]
        properties = assembly.resolved_properties(resource)
        path, least = _RECOVERY.get(resource.type, ("", None))
        if path and not any(_is_enough(each, least) for each in dig(properties, path)):
            weak.append(f"{path} to {least}")
        yield Checked(place(resource), f"set {', '.join(weak)}" if weak else "")


def not_replaced(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C19: since the last release nothing stateful is replaced or gone without a review."""
    before, after = read_baseline(environment), baseline(assembly, environment)
    allowed = {(each.where, each.property) for each in read_allowed()}
    faults: dict[str, list[str]] = {}
    for where, name, fault in replacements(before, after):
        if (where, name) not in allowed:
            faults.setdefault(where, []).append(fault)
    for where in before:
        found = "; ".join(faults.get(where, ()))
        yield Checked(where, found and f"{found}; keep it, or review it in tests/baseline")


def tagged(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C20: whatever can carry tags says environment, secrecy, owner and who pays."""
    for resource, properties in resolved(assembly, environment):
        name = tag_property(resource.type)
        if name is None:
            continue
        found = properties.get(name, {})
        tags = (
            {each.get("Key"): each.get("Value") for each in listed(found)}
            if not isinstance(found, Mapping)
            else found
        )
        missing = [key for key in TAGS if not tags.get(key)]
        fault = f"lacks the tags {', '.join(missing)}" if missing else ""
        if not missing and tags["Environment"] != environment:
            fault = f"is tagged as one of {tags['Environment']}"
        yield Checked(place(resource), fault)


def differs_where_allowed(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C24: environments have the same resources; values differ where a list says so."""
    other = "staging" if environment == "prod" else "prod"
    if environment not in config.ENVIRONMENTS or other not in assembly.templates:
        return
    here, there = (_bodies(assembly, each) for each in (environment, other))
    for where in sorted(here.keys() | there.keys()):
        if where not in here or where not in there:
            only = environment if where in here else other
            yield Checked(where, f"exists in {only} only; switch it by a value, not by presence")
            continue
        yield Checked(where)
        for path in sorted(set(_differences(here[where], there[where], ()))):
            yield Checked(
                f"{here[where]['Type']}.{path}",
                f"{where} differs from {other}; allow the path in controls.yaml, with a reason",
            )


def no_literals(assembly: Assembly, environment: str) -> Iterator[Checked]:
    """C25: the templates fit any account, region and partition."""
    told = _settings(environment)
    for resource, name, body in bodies(assembly, environment):
        text = "\n".join(_texts(body))
        faults = [
            f"writes {what}: {match.group()}; use the pseudo parameters"
            for what, pattern in _LITERALS.items()
            for match in pattern.finditer(text)
            # What the settings name, such as another account, is no literal of ours.
            if match.group() not in told
        ]
        yield Checked(place(resource) + (f".{name}" if name else ""), "; ".join(faults))


def _is_enough(value: Any, least: Any) -> bool:
    is_count = isinstance(least, int) and not isinstance(least, bool)
    return isinstance(value, int) and value >= least if is_count else bool(value == least)


@cache
def _settings(environment: str) -> str:
    folders = (_ROOT / "config", _ROOT / "tests" / "settings")
    files = (folder / f"{environment}.yaml" for folder in folders)
    return "\n".join(each.read_text(encoding="utf-8") for each in files if each.exists())


def _bodies(assembly: Assembly, environment: str) -> dict[str, Mapping[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for resource, name, body in bodies(assembly, environment):
        if not name:
            found[place(resource)] = {**resource.body, "Properties": body}
        else:
            found[place(resource)][name] = body
    return found


def _differences(one: Any, two: Any, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        for name in one.keys() | two.keys():
            yield from _differences(one.get(name), two.get(name), (*path, name))
    elif isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        for first, second in zip(one, two, strict=True):
            yield from _differences(first, second, (*path, "*"))
    elif isinstance(one, str) and isinstance(two, str):
        # A document that is written out is compared as one, not as text.
        if not one.startswith('{"') and _neutral(one) != _neutral(two):
            yield ".".join(path[1:] if path[:1] == ("Properties",) else path)
    elif one != two:
        yield ".".join(path[1:] if path[:1] == ("Properties",) else path)


def _neutral(text: str) -> str:
    return _ENVIRONMENT.sub("*", text)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
