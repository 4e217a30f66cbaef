"""Run checkov over templates, in a process beside the other proofs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = Path(sys.prefix) / "checkov" / "bin" / "checkov"
SEEDED = "seeded"
"""The folder of the template that checkov must complain of."""


@dataclass(frozen=True)
class Report:
    """What checkov says of the templates of some folders."""

    passed_count: int
    failed: tuple[tuple[str, str], ...]
    unread_count: int

    @property
    def failed_count(self) -> int:
        """How many checks failed, one a resource."""
        return len(self.failed)


@dataclass(frozen=True)
class Run:
    """A run that may still be going on."""

    process: subprocess.Popen[str]

    def result(self) -> Any:
        """Wait for the end and return the report as checkov wrote it."""
        said, complaint = self.process.communicate(timeout=300)
        assert self.process.returncode == 0, complaint
        return json.loads(said)


def write(folder: Path, templates: Mapping[str, Any]) -> None:
    """Write templates where checkov looks for them, one file a stack."""
    folder.mkdir(parents=True)
    for stack, template in templates.items():
        (folder / f"{stack}.json").write_text(json.dumps(template), encoding="utf-8")


def start(folder: Path, home: Path) -> Run:
    """Start checkov over all templates under a folder, without the network."""
    return Run(
        subprocess.Popen(
            [
                *(str(PROGRAM), "--directory", str(folder), "--framework", "cloudformation"),
                *("--compact", "--skip-download", "--soft-fail", "--output", "json"),
            ],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(home),
                "HTTPS_PROXY": "http://127.0.0.1:9",
                "HTTP_PROXY": "http://127.0.0.1:9",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )


def report(result: Mapping[str, Any], *folders: str) -> Report:
    """Return what was found in some of the folders, each check named ``Stack/Type.LogicalId``."""
    results = result["results"]

    def within(checks: list[Any]) -> list[tuple[str, str]]:
        return [
            (each["check_id"], f"{Path(each['file_path']).stem}/{each['resource']}")
            for each in checks
            if Path(each["file_path"]).parent.name in folders
        ]

    return Report(
        passed_count=len(within(results["passed_checks"])),
        failed=tuple(within(results["failed_checks"])),
        unread_count=result["summary"]["parsing_errors"],
    )
