"""What an update would replace or lose, compared with the templates of the last release.

A baseline keeps of each resource that must survive only what decides over its replacement:
its address, its type and the values of its create-only properties. Renew it at a release::

    make baseline
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.assembly import Assembly, Resource
from tests.schemas import create_only

FOLDER = Path(__file__).parent / "baseline"
ALLOWED = FOLDER / "allowed.yaml"
STATEFUL = frozenset(
    {
        "AWS::Athena::DataCatalog",
        "AWS::Backup::BackupVault",
        "AWS::CodeArtifact::Repository",
        "AWS::Cognito::UserPool",
        "AWS::DynamoDB::GlobalTable",
        "AWS::DynamoDB::Table",
        "AWS::ECR::Repository",
        "AWS::EFS::FileSystem",
        "AWS::Glue::Database",
        "AWS::KMS::Key",
        "AWS::Kinesis::Stream",
        "AWS::Logs::LogGroup",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::Redshift::Cluster",
        "AWS::S3::Bucket",
        "AWS::SageMaker::Domain",
        "AWS::SageMaker::FeatureGroup",
        "AWS::SageMaker::MlflowApp",
        "AWS::SageMaker::MlflowTrackingServer",
        "AWS::SageMaker::ModelCard",
        "AWS::SageMaker::ModelPackageGroup",
        "AWS::SecretsManager::Secret",
    }
)
"""Types that hold what cannot be made again."""

GUARDED = STATEFUL | {
    "AWS::CloudTrail::Trail",
    "AWS::EC2::Subnet",
    "AWS::EC2::VPC",
    "AWS::SageMaker::Endpoint",
    "AWS::SageMaker::Pipeline",
    "AWS::SageMaker::Space",
    "AWS::SageMaker::UserProfile",
    "AWS::SNS::Topic",
}
"""Those, and types whose replacement is an outage, a gap in a record or a lost history."""

Baseline = Mapping[str, Mapping[str, Any]]
"""By address below the environment (``Data/Raw2403193C``): type, and create-only values."""


@dataclass(frozen=True)
class Allowed:
    """One reviewed replacement or removal: where, which property ("" for removal), why."""

    where: str
    reason: str
    property: str = ""


def baseline(assembly: Assembly, environment: str) -> dict[str, dict[str, Any]]:
    """Return what decides over replacement of each guarded resource of an environment."""
    found = {
        f"{each.stack}/{each.logical_id}": _compact(assembly, each)
        for each in assembly.find(*GUARDED, environment=environment)
    }
    return dict(sorted(found.items()))


def replacements(before: Baseline, after: Baseline) -> Iterator[tuple[str, str, str]]:
    """Yield address, property ("" for all of it) and what would happen to it."""
    for where, old in before.items():
        new = after.get(where)
        if new is None:
            yield where, "", f"{old['type']} is gone: a renamed construct leaves it behind"
        elif new["type"] != old["type"]:
            yield where, "", f"{old['type']} became {new['type']}"
        else:
            yield from _changes(where, old, new)


def read_baseline(environment: str) -> dict[str, dict[str, Any]]:
    """Read the committed baseline of an environment; {} where there is none."""
    path = FOLDER / f"{environment}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def read_allowed() -> Sequence[Allowed]:
    """Read the reviewed list."""
    rows = yaml.safe_load(ALLOWED.read_text(encoding="utf-8")) or []
    return [Allowed(**row) for row in rows]


def write_baseline(environment: str, content: Baseline) -> None:
    """Write the baseline of an environment, a line a property."""
    text = json.dumps(content, indent=1, sort_keys=True)
    (FOLDER / f"{environment}.json").write_text(f"{text}\n", encoding="utf-8")


def _compact(assembly: Assembly, resource: Resource) -> dict[str, Any]:
    properties = assembly.resolved_properties(resource)
    values = {
        path: value
        for path in create_only(resource.type)
        if (value := _value(properties, path.split("/"))) is not None
    }
    return {"type": resource.type, **({"create_only": values} if values else {})}


def _changes(
    where: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[tuple[str, str, str]]:
    was, is_now = old.get("create_only", {}), new.get("create_only", {})
    for name in sorted(was.keys() | is_now.keys()):
        if was.get(name) != is_now.get(name):
            yield (
                where,
                name,
                (
                    f"{old['type']}.{name} is create-only: {_short(was.get(name))} became "
                    f"{_short(is_now.get(name))}, which replaces the resource"
                ),
            )


def _value(value: Any, path: list[str]) -> Any:
    if not path:
        return value
    if path[0] == "*":
        return [_value(each, path[1:]) for each in value] if isinstance(value, list) else None
    return _value(value.get(path[0]), path[1:]) if isinstance(value, Mapping) else None


def _short(value: Any) -> str:
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= 80 else f"{text[:77]}..."


def main() -> None:
    """Write the baselines of our environments, as the stacks are now."""
    import config
    from tests.synthesis import synthesise

    with tempfile.TemporaryDirectory() as folder:
        assembly = Assembly(synthesise(Path(folder)))
    for environment in config.ENVIRONMENTS:
        write_baseline(environment, baseline(assembly, environment))


if __name__ == "__main__":
    main()
