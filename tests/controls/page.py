"""Write ``docs/controls.md`` from the control matrix and from what its checks look at.

Run by ``make controls``. A test compares the committed page with a fresh one.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.assembly import Assembly
from tests.controls.matrix import Control, Exemption, Result, controls

PAGE = Path(__file__).parents[2] / "docs" / "controls.md"
COMMAND = "make controls"
SHOWN = "prod"
COMPLETE = "everything"
_MOST_KINDS = 20

_HEAD = """\
# Controls

What a security review asks, where the answer is, and how it is proved. This page is written by
`{command}` from `tests/controls/controls.yaml` and from the templates; a test fails when it is
stale.

`make test` checks each row in every environment (dev, staging, prod, and one with every option
switched on), offline, over the synthesised templates and the pipeline definitions inside them.
For every row there are templates that are wrong on purpose, and the row's check must say so:
`tests/controls/seeds.py`. A check that finds nothing to look at fails too.

**{checked} of {rows} rows are checked; {looked} things are looked at in prod, {complete} where
every option is on; {violations} violations are excepted in prod, each by an exception below with
its reason.**

The names under *References* are those of AWS Security Hub (`SageMaker.5`), cdk-nag
(`AwsSolutions-S10`), checkov (`CKV_AWS_35`) and the Well-Architected Framework (`WA SEC03-BP02`).

## Summary

| row | control | status | looked at in prod | with every option | excepted in prod |
|---|---|---|---:|---:|---:|
"""

_SECURITY_HUB = """\
## Security Hub, SageMaker.1 to SageMaker.25

Each is cited by a row. Of some there is nothing to check, because what they are about does not
exist here, and a row fails if it appears:

| control | about | here |
|---|---|---|
| SageMaker.1, 2, 3, 8, 21 | notebook instances | none; C03 forbids them, Studio is used (C06) |
| SageMaker.4 | more than one instance | C07, in prod |
| SageMaker.5 | network isolation of models | C04, which asks it of every job as well |
| SageMaker.6, 7 | tags of app image configurations and images | C20, for all that takes tags |
| SageMaker.9 to 15, 20, 22, 25 | job definitions and schedules of Model Monitor | none, Model \
Monitor is closed to new accounts; C04 and C05, if any are defined |
| SageMaker.16, 19 | images from a private registry in the VPC | **not followed**: they reject \
every image that lives in ECR. Instead: images by digest (C22), immutable and scanned (C14), \
pulled through endpoints of the VPC |
| SageMaker.17, 18 | keys of feature groups, offline and online | C01 |
| SageMaker.23, 24 | keys of inference experiments | C01, if any are defined |

## What is outside these checks

The templates say what CloudFormation is told to make. Not proved here: what the account does
around them (organization policies, people's own roles, other stacks), what a container does with
the data it may read, and whether a service behaves as its documentation says.
"""


def render(assembly: Assembly) -> str:
    """Return the page for an assembly."""
    results = {each.id: each.check(assembly, SHOWN) for each in controls()}
    complete = {each.id: each.check(assembly, COMPLETE) for each in controls()}
    rows = _rows(assembly, results, complete)
    return "\n".join([*_summary(results, complete), *rows, _SECURITY_HUB])


def _summary(results: dict[str, Result], complete: dict[str, Result]) -> Iterator[str]:
    rows = [each.control for each in results.values()]
    excepted = {each.id: _excepted(results[each.id]) for each in rows}
    yield _HEAD.format(
        command=COMMAND,
        checked=sum(each.status == "checked" for each in rows),
        rows=len(rows),
        looked=sum(len(each.checked) for each in results.values()),
        complete=sum(len(each.checked) for each in complete.values()),
        violations=sum(excepted.values()),
    ).rstrip("\n")
    for row in rows:
        yield (
            f"| [{row.id}](#{_anchor(row)}) | {row.title} | {_status(row)} | "
            f"{len(results[row.id].checked)} | {len(complete[row.id].checked)} | "
            f"{excepted[row.id] or ''} |"
        )
    yield ""


def _rows(
    assembly: Assembly, results: dict[str, Result], complete: dict[str, Result]
) -> Iterator[str]:
    for result in results.values():
        row = result.control
        yield f"## {row.id} {row.title}\n"
        yield f"{row.control.strip()}\n"
        yield f"- **Where:** {row.where.strip()}"
        yield f"- **Proof:** {row.proof.strip()}"
        yield f"- **References:** {', '.join(row.references)}"
        if row.status == "not_built":
            yield f"- **Not built:** {row.reason} Due with {', '.join(row.due)}."
        else:
            yield f"- **Looked at in prod:** {_kinds(assembly, result, SHOWN)}"
            if not result.checked:
                kinds = _kinds(assembly, complete[row.id], COMPLETE)
                yield f"- **Looked at with every option:** {kinds}"
        yield ""
        yield from _exceptions(assembly, result)


def _exceptions(assembly: Assembly, result: Result) -> Iterator[str]:
    if not result.control.exceptions:
        return
    yield "| exception | covers | reason |"
    yield "|---|---|---|"
    for each in result.control.exceptions:
        pattern = each.where.replace("|", "\\|")
        yield f"| `{pattern}` | {_coverage(assembly, result, each)} | {each.reason.strip()} |"
    yield ""


def _coverage(assembly: Assembly, result: Result, exemption: Exemption) -> str:
    """Say how many places an exception covers in prod or, if none, in another environment."""
    if result.used(exemption):
        return f"{len(result.used(exemption))} in {SHOWN}"
    for environment in assembly.templates:
        used = result.control.check(assembly, environment).used(exemption)
        if used:
            return f"{len(used)} in {environment}"
    return "nothing"


def _kinds(assembly: Assembly, result: Result, environment: str) -> str:
    """Say how many of what: the types of the resources in which the places lie."""
    count: Counter[str] = Counter()
    for each in result.checked:
        stack, _, rest = each.where.partition("/")
        logical_id = re.split(r"[.:\[]", rest)[0]
        resource = assembly.resource(environment, stack, logical_id)
        count[resource.type.removeprefix("AWS::") if resource else "other"] += 1
    if not count:
        return "nothing yet"
    if len(count) > _MOST_KINDS:
        return f"{count.total()} places in resources of {len(count)} types"
    return ", ".join(f"{number} {name}" for name, number in sorted(count.items()))


def _excepted(result: Result) -> int:
    return sum(bool(each.fault) for each in result.checked) - len(result.faults)


def _status(control: Control) -> str:
    return "checked" if control.status == "checked" else "not built"


def _anchor(control: Control) -> str:
    title = f"{control.id} {control.title}".lower().replace(",", "")
    return title.replace(" ", "-")


def main(output: str | None = None) -> None:
    """Synthesise, and write the page."""
    # A synthesis of its own: the tests' one is a fixture.
    from tests.synthesis import synthesise

    with tempfile.TemporaryDirectory() as folder:
        assembly = Assembly(synthesise(Path(folder)))
    Path(output or PAGE).write_text(render(assembly), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:2])
