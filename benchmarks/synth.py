"""Time the synthesis against the least that any CDK app costs.

    python benchmarks/synth.py [RUNS]

Prints medians in seconds: a bare ``import aws_cdk`` with an empty stack, ``python app.py`` (it
writes templates, the CDK's command line validates them), both with the CDK's validation, the
command line over all environments with and without it, and 100 template assertions on a platform
that is synthesised once, as the tests do it.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
BARE = "import aws_cdk; app = aws_cdk.App(); aws_cdk.Stack(app, 'Empty'); app.synth()"
ALL = [str(ROOT / "node_modules/.bin/cdk"), "synth", "--quiet", "-c", "environment=all"]
ASSERTIONS = 100


def main() -> None:
    """Run everything in turn, so that a busy machine slows all of it alike."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    cases = {
        "bare, without validation": ([sys.executable, "-c", BARE], {"CDK_VALIDATION": "false"}),
        "python app.py": ([sys.executable, "app.py"], {}),
        "bare, with validation": ([sys.executable, "-c", BARE], {}),
        "app.py, with validation": ([sys.executable, "app.py"], {"CDK_CLI_VERSION": "benchmark"}),
        "cdk synth, all, unvalidated": ([*ALL, "--no-validation"], {}),
        "cdk synth, all, validated": (ALL, {}),
    }
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(runs):
        for name, (command, extra) in cases.items():
            seconds[name].append(_time(command, extra))
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    for name, median in medians.items():
        print(f"{name:28} {median:6.2f} s   (median of {runs})")
    for name, ours, bare in (
        ("ratio, neither validated", "python app.py", "bare, without validation"),
        ("ratio, both validated", "app.py, with validation", "bare, with validation"),
    ):
        print(f"{name:28} {medians[ours] / medians[bare]:6.2f}     (at most 2)")
    for name, limit in (("cdk synth, all, unvalidated", 4), ("cdk synth, all, validated", 10)):
        print(f"{name:28} {medians[name]:6.2f} s   (at most {limit})")
    print(f"{ASSERTIONS} template assertions      {_time_assertions():6.2f} s   (about 10)")


def _time(command: list[str], extra: dict[str, str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, **_node(), **extra, "CDK_OUTDIR": folder}
        command = [*command, "--output", folder] if command[: len(ALL)] == ALL else command
        started = time.perf_counter()
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
        return time.perf_counter() - started


def _time_assertions() -> float:
    """Synthesise dev once and ask 100 questions about its templates, all in this process."""
    os.environ.update(_node())
    started = time.perf_counter()
    from aws_cdk.assertions import Template

    import config
    from stacks.platform_app import PlatformApp

    with tempfile.TemporaryDirectory() as folder:
        app = PlatformApp(outdir=folder, builtin_cloud_formation_validation=False)
        app.define(config.select(None))
        template = Template.from_stack(app.stages["dev"].data)
        for _ in range(ASSERTIONS):
            template.has_resource_properties(
                "AWS::S3::Bucket", {"VersioningConfiguration": {"Status": "Enabled"}}
            )
    return time.perf_counter() - started


def _node() -> dict[str, str]:
    """Put the virtual environment's programs first: its Node.js is one that the CDK accepts."""
    folder = str(Path(sys.executable).parent)
    return {"PATH": os.pathsep.join([folder, os.environ.get("PATH", "")])}


if __name__ == "__main__":
    main()
