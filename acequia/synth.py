"""Synthesise the platform and count what a deployment would define."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from acequia.errors import NotFoundError, ToolError
from acequia.project import ROOT, tool_environment

OUTPUT = "cdk.out"


@dataclass(frozen=True)
class StackSummary:
    """One stack as synthesis left it."""

    name: str
    resources: int
    template: Path


def synthesise(environment: str, *, output: Path | None = None) -> list[StackSummary]:
    """Run ``cdk synth`` for one environment, with CDK's own validation.

    Needs no credentials and no network.

    Raises:
        NotFoundError: if the CDK command line is not installed.
        ToolError: if synthesis fails; the message is what the CDK said.
    """
    cdk = ROOT / "node_modules" / ".bin" / "cdk"
    if not cdk.exists():
        raise NotFoundError("the CDK command line is not installed; run: scripts/setup")
    target = output or ROOT / OUTPUT
    result = subprocess.run(
        [
            str(cdk),
            "synth",
            "--quiet",
            *("--app", f'"{sys.executable}" app.py'),
            *("--output", str(target)),
            *("--context", f"environment={environment}"),
        ],
        cwd=ROOT,
        env=tool_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        said = (result.stderr or result.stdout).strip()
        raise ToolError(f"cdk synth failed for {environment}:\n{said}")
    return list(stack_summaries(target))


def stack_summaries(assembly: Path) -> Iterator[StackSummary]:
    """Read the stacks of a cloud assembly and of the assemblies nested in it."""
    manifest = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))
    for artifact in manifest.get("artifacts", {}).values():
        properties = artifact.get("properties", {})
        if artifact["type"] == "cdk:cloud-assembly":
            yield from stack_summaries(assembly / properties["directoryName"])
        elif artifact["type"] == "aws:cloudformation:stack":
            template = assembly / properties["templateFile"]
            document = json.loads(template.read_text(encoding="utf-8"))
            yield StackSummary(
                name=properties.get("stackName", artifact.get("displayName", template.stem)),
                resources=len(document.get("Resources", {})),
                template=template,
            )


def document(stacks: Sequence[StackSummary]) -> list[dict[str, object]]:
    """Return stacks as JSON values."""
    return [
        {"name": stack.name, "resources": stack.resources, "template": str(stack.template)}
        for stack in stacks
    ]


def stack_table(stacks: Sequence[StackSummary]) -> Table:
    """List stacks with the number of their resources, and the sum."""
    table = Table.grid(padding=(0, 2))
    for stack in stacks:
        table.add_row(f"  {stack.name}", f"{stack.resources:>4}")
    table.add_row("  total", f"{sum(stack.resources for stack in stacks):>4}", style="faint")
    return table
