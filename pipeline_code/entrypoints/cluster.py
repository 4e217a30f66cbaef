"""Let the hosts of one training job find each other, by the library's own collective.

The first host runs the tracker, which tells each of the others who is there. SageMaker names the
hosts in ``resourceconfig.json``; a name may not resolve at once, and may only come up later.
Source: SageMaker, "How Amazon SageMaker Provides Training Information", and the XGBoost Python
API, `xgboost.tracker` and `xgboost.collective`.
"""

from __future__ import annotations

import atexit
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from pipeline_code import contract
from pipeline_code.core.errors import PipelineError
from pipeline_code.entrypoints.job import Hosts, Job
from pipeline_code.steps.peers import Peers

_PORT: Final = 9099
_JOIN_SEC: Final = 600
"""How long hosts wait for each other at the beginning; each copies its data first."""
_ANSWER_SEC: Final = 300
"""How long a host waits for the others in one exchange; one that is gone is noticed at once."""
_RETRIES: Final = 3
_POLL_SEC: Final = 0.5
_PROBE_SEC: Final = 5.0


class LostHostError(RuntimeError):
    """A host of the job is gone, or none of the others can be reached."""

    def __init__(self, hosts: Hosts, what: str) -> None:
        others = ", ".join(name for name in hosts.names if name != hosts.current)
        super().__init__(
            f"{hosts.current} {what} ({others}); look for the reason in the log of the host that "
            "ended first, then start the job again"
        )


@contextmanager
def joined_hosts(job: Job) -> Iterator[Peers]:
    """Join the other hosts of the job for as long as the context lasts.

    Where one fails all do: whoever waits for it is told by the broken connection.

    Raises:
        LostHostError: if another host does not come, or does not answer any more.
    """
    hosts = job.hosts()
    if len(hosts.names) == 1:
        yield Peers()
        return
    import xgboost  # a second to import, which other algorithms do not need

    tracker = None
    try:
        if hosts.current == hosts.names[0]:
            tracker = _tracker(hosts)
        yield _joined(hosts)
        xgboost.collective.finalize()
        if tracker is not None:
            tracker.wait_for(timeout=_JOIN_SEC)
    except BaseException as error:
        _leave_abruptly(error)
        if isinstance(error, xgboost.core.XGBoostError) and "/collective/" in str(error):
            raise LostHostError(hosts, "lost the other hosts of the job") from error
        raise


def _tracker(hosts: Hosts) -> Any:
    from xgboost.tracker import RabitTracker

    address = _address(hosts, hosts.names[0])
    count = len(hosts.names)
    # Ranks follow the order of the names, so the first host is the first.
    tracker = RabitTracker(
        n_workers=count, host_ip=address, port=_PORT, sortby="task", timeout=_JOIN_SEC
    )
    tracker.start()
    return tracker


def _joined(hosts: Hosts) -> Peers:
    from xgboost import collective

    rank = hosts.names.index(hosts.current)
    address = _address(hosts, hosts.names[0])
    collective.init(
        dmlc_communicator="rabit",
        dmlc_tracker_uri=address,
        dmlc_tracker_port=_PORT,
        dmlc_task_id=f"{rank:04}",
        dmlc_retry=_RETRIES,
        dmlc_timeout=_ANSWER_SEC,
    )
    count = collective.get_world_size()
    return Peers(collective.get_rank(), count, lambda value: collective.broadcast([value], 0)[0])


def _address(hosts: Hosts, name: str) -> str:
    """Find the address of the first host; others wait until its tracker is there."""
    deadline = time.monotonic() + _JOIN_SEC
    while True:
        try:
            address = socket.gethostbyname(name)
            if name != hosts.current:
                socket.create_connection((address, _PORT), timeout=_PROBE_SEC).close()
            return address
        except OSError as error:
            if time.monotonic() > deadline:
                what = f"waited {_JOIN_SEC} seconds for {name}, in vain"
                raise LostHostError(hosts, what) from error
        time.sleep(_POLL_SEC)


def _leave_abruptly(error: BaseException) -> None:
    """End this process without a farewell to hosts that may not be there any more.

    The library would ask each of them once more when the interpreter ends, for minutes, and then
    crash: exit code 139 in place of ours (measured with version 3.2.0).
    """
    code = 1
    if isinstance(error, SystemExit) and isinstance(error.code, int):
        code = error.code
    elif isinstance(error, PipelineError):
        code = contract.EXIT_REFUSED

    def leave() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

    atexit.register(leave)
