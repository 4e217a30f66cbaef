"""Serve a model on this machine with the server that the endpoint's container runs."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline_code import contract


def serve(
    model_folder: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    say: Callable[[str], None] = print,
) -> int:
    """Serve the model in ``model_folder`` until Ctrl-C; return the server's exit code.

    Args:
        model_folder: the extracted model.
        host: the address to listen on; the default is reachable from this machine alone.
        port: 0 takes a free one.
        say: where it listens, and an example to try, go here. Errors go to standard error, one
            line; the exit code is then 2.
    """
    command = [sys.executable, "-m", "pipeline_code.entrypoints.serve"]
    options = ["--host", host, "--port", str(port), "--model", str(model_folder)]
    # A terminal sends Ctrl-C to both processes; whoever stops only this one means both too.
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as server:
            try:
                return _relay(server, say)
            except KeyboardInterrupt:
                server.terminate()
                return server.wait()
    finally:
        signal.signal(signal.SIGTERM, previous)


def example(url: str, features: list[str]) -> str:
    """Write a request that works as it is: one row of missing values but for the first."""
    row: dict[str, Any] = dict.fromkeys(features)
    row[features[0]] = 1
    body = json.dumps({"instances": [row]})
    return f"curl {url}/invocations -H 'Content-Type: application/json' -d {shlex.quote(body)}"


def _relay(server: subprocess.Popen[str], say: Callable[[str], None]) -> int:
    for line in server.stdout or ():
        if not line.startswith(contract.LISTENING_PREFIX):
            say(line.rstrip())
            continue
        figures = json.loads(line.removeprefix(contract.LISTENING_PREFIX))
        host = f"[{figures['host']}]" if ":" in figures["host"] else figures["host"]
        url = f"http://{host}:{figures['port']}"
        say(f"Listening on {url} (GET /ping, POST /invocations); Ctrl-C stops it.")
        say(example(url, figures["features"]))
    return server.wait()
