"""Run a buildspec as CodeBuild does: phases in order, one shell, stop at the first failure."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from delivery.contract import Project

ROOT = Path(__file__).parents[2]
_PHASES = ("install", "pre_build", "build", "post_build")
_STAND_IN = """#!/bin/sh
python3 - "$0" "$@" <<'END'
import json, os, sys
name = os.path.basename(sys.argv[1])
with open(os.environ["RECORD"], "a") as record:
    record.write(json.dumps([name, *sys.argv[2:]]) + "\\n")
END
{action}
"""


@dataclass(frozen=True)
class Build:
    """How a build ended."""

    succeeded: bool
    log: str
    exported: dict[str, str]
    commands: list[list[str]]
    """What was asked of docker, npx, make and scripts/setup, in order."""


@dataclass
class Machine:
    """A folder that looks like the source on a build machine."""

    folder: Path
    port: int

    def __post_init__(self) -> None:
        """Lay the source out: as in a ZIP archive, nothing of it may be executed."""
        for name in ("bin", "scripts"):
            (self.folder / name).mkdir()
        (self.folder / ".venv").symlink_to(ROOT / ".venv")
        for name in ("docker", "npx", "make"):
            self.stand_in(name)
        self.stand_in("setup", folder="scripts", mode=0o644)

    def stand_in(
        self, name: str, action: str = "exit 0", *, folder: str = "bin", mode: int = 0o755
    ) -> None:
        """Put a program on the path that writes down how it is called, then does ``action``."""
        path = self.folder / folder / name
        path.write_text(_STAND_IN.format(action=action), encoding="utf-8")
        path.chmod(mode)

    def environment(self, variables: dict[str, str]) -> dict[str, str]:
        """Return what the build sees: nothing of this process but what is needed."""
        return {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "RECORD": str(self.folder / "record"),
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "AKIATESTING",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_EC2_METADATA_DISABLED": "true",
            **variables,
        }

    def start(
        self, project: Project, variables: dict[str, str], shell: str = "sh"
    ) -> subprocess.Popen[str]:
        """Start the build and let it run."""
        return subprocess.Popen(
            [shell, "-c", script(load(project))],
            cwd=self.folder,
            env=self.environment(variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def finish(self, process: subprocess.Popen[str]) -> Build:
        """Wait for a build."""
        log = process.communicate(timeout=120)[0]
        record, exported = self.folder / "record", self.folder / "exported.json"
        commands = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
        found: dict[str, str] = {}
        if process.returncode == 0 and exported.exists():
            found = json.loads(exported.read_text(encoding="utf-8"))
        return Build(process.returncode == 0, log, found, [json.loads(one) for one in commands])

    def kill(self, process: subprocess.Popen[str]) -> None:
        """Let the machine die with all that runs on it."""
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)

    def run(self, project: Project, variables: dict[str, str], shell: str = "sh") -> Build:
        """Run the build to its end."""
        return self.finish(self.start(project, variables, shell))


def load(project: Project) -> dict[str, Any]:
    """Read the buildspec of a project."""
    document: dict[str, Any] = yaml.safe_load((ROOT / project.buildspec).read_text("utf-8"))
    return document


def script(buildspec: dict[str, Any]) -> str:
    """Turn a buildspec into the shell's input; at the end, say what CodeBuild would export."""
    lines = []
    for phase in _PHASES:
        for command in buildspec["phases"].get(phase, {}).get("commands", []):
            lines += [f"echo 'phase {phase}'", command, 'code=$?; [ "$code" = 0 ] || exit "$code"']
    names = buildspec.get("env", {}).get("exported-variables", [])
    lines.append(
        textwrap.dedent(f"""\
        python3 - <<'END'
        import json, os
        names = {names!r}
        with open("exported.json", "w") as file:
            json.dump({{name: os.environ[name] for name in names if name in os.environ}}, file)
        END""")
    )
    return "\n".join(lines)
