"""Serve a model: what ``docker run IMAGE serve`` starts, and ``acequia serve`` on a laptop."""

from __future__ import annotations

import argparse
import json
import logging
import os
import pwd
import resource
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn

from pipeline_code import contract
from pipeline_code.core.errors import PipelineError
from pipeline_code.entrypoints.connections import connections
from pipeline_code.entrypoints.endpoint import Endpoint, Limits
from pipeline_code.entrypoints.workers import SharedFlag, available_cores, run_workers
from pipeline_code.steps.predict import read_metadata
from pipeline_code.steps.served_model import ServedModel

_DRAIN_SEC: Final = 25
"""SageMaker kills a container 30 seconds after it asked it to stop."""
_BACKLOG: Final = 2048
_CONNECTIONS: Final = 8192
"""A worker that has so many takes no more; none of them costs more than some kilobytes."""
_MIB: Final = 1024 * 1024


class CannotListenError(PipelineError, OSError):
    """The address is taken or not ours."""

    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(f"cannot listen on {host}:{port}: {why}; choose another --port")


class CannotBecomeError(PipelineError, OSError):
    """The process may not become the user it should serve as."""

    def __init__(self, user: str, why: str) -> None:
        super().__init__(f"cannot serve as user {user}: {why}; start as root, or without --user")


def main(arguments: Sequence[str]) -> int:
    """Load the model, check that it scores, listen, serve until told to stop, drain.

    Returns:
        The exit code of the server.

    Raises:
        PipelineError: if the model cannot be used or the address cannot be had.
    """
    options = _options(arguments)
    # Read when the booster's library is loaded. A single row gains nothing by threads, and where
    # cores are shared they wait for each other: 40 ms a request instead of 3 were measured.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    _raise_file_limit()
    features = read_metadata(options.model).features
    broken = SharedFlag()
    with listen(options.host, options.port) as listener:

        def work(ready: Callable[[], None]) -> None:
            _serve(options, listener, broken, ready)

        def ready() -> None:
            if options.user:
                _become(options.user)  # the parent of the workers reads no requests, but forks
            _say_listening(listener, features)

        # Its copy would keep the port open, and clients waiting that no worker takes any more.
        return run_workers(work, count=options.workers, ready=ready, stopping=listener.close)


def _serve(
    options: argparse.Namespace,
    listener: socket.socket,
    broken: SharedFlag,
    ready: Callable[[], None],
) -> None:
    """Be one worker."""
    model = ServedModel.read(options.model)
    model.check()
    if options.user:
        _become(options.user)
    limits = Limits(body_bytes=_body_bytes(), rows=options.max_rows, client_sec=options.client_sec)
    endpoint = Endpoint(model, limits, broken)
    server = uvicorn.Server(
        uvicorn.Config(
            endpoint,
            http=connections(limits.client_sec, endpoint),
            proxy_headers=False,
            loop="uvloop",
            lifespan="off",
            ws="none",
            access_log=False,
            log_level=logging.WARNING,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=_DRAIN_SEC,
        )
    )

    def stop(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signal's form
        server.should_exit = True

    # The server handles these while it runs and raises them anew when it has drained; this
    # handler makes the end of a drained server a success.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    ready()
    server.run(sockets=[listener])


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="serve")
    root = Path(os.environ.get(contract.ML_ROOT_VARIABLE, contract.ML_ROOT))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one")
    parser.add_argument("--model", type=Path, default=root / contract.MODEL_FOLDER)
    parser.add_argument("--max-rows", type=int, default=Limits.rows)
    parser.add_argument(
        "--client-sec",
        type=float,
        default=Limits.client_sec,
        help="how long a client may take to send a request, and to fetch its answer",
    )
    parser.add_argument("--workers", type=int, default=_workers(), help="processes that serve")
    parser.add_argument("--user", default="", help="give up root for this user before serving")
    return parser.parse_args(arguments)


def _workers() -> int:
    """Take as many as SageMaker says, or as there are cores."""
    given = os.environ.get("SAGEMAKER_MODEL_SERVER_WORKERS", "")
    return int(given) if given.isdecimal() and int(given) > 0 else available_cores()


def _body_bytes() -> int:
    """Take the limit of a batch transform where SageMaker gives one."""
    given = os.environ.get("SAGEMAKER_MAX_PAYLOAD_IN_MB", "")
    return int(given) * _MIB if given.isdecimal() and int(given) > 0 else Limits.body_bytes


def listen(host: str, port: int) -> socket.socket:
    """Open a port whose connections send at once.

    Raises:
        CannotListenError: if the port is taken or the address is not of this machine.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None)
        raise CannotListenError(
            host, port, os.strerror(number) if number else str(error)
        ) from error
    # Connections inherit this. asyncio sets it only on sockets that name their protocol, which
    # these do not, and without it every answer waits 40 ms for a delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _raise_file_limit() -> None:
    """Take as many connections as a worker can bear: the usual limit is 1,024 of them."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _CONNECTIONS if hard == resource.RLIM_INFINITY else min(_CONNECTIONS, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _become(user: str) -> None:
    """Give up root: what reads requests needs none of it."""
    try:
        entry = pwd.getpwnam(user)
        if os.getuid() == entry.pw_uid:
            return  # a worker that takes the place of another
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    except (KeyError, OSError) as error:
        why = getattr(error, "strerror", None) or "there is no such user"
        raise CannotBecomeError(user, why) from error


def _say_listening(listener: socket.socket, features: Sequence[str]) -> None:
    host, port = listener.getsockname()[:2]
    figures = {"host": host, "port": port, "features": list(features)}
    print(contract.LISTENING_PREFIX + json.dumps(figures), flush=True)  # noqa: T201


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except PipelineError as refusal:
        print(refusal, file=sys.stderr, flush=True)  # noqa: T201 - CloudWatch keeps it
        sys.exit(contract.EXIT_REFUSED)
