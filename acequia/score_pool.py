"""Score the pieces of a file with several processes at once."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from acequia.errors import ToolError
from acequia.project import ROOT
from pipeline_code.steps.row_chunks import Chunk
from pipeline_code.steps.score_chunk import Part

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


class RefusedChunkError(Exception):
    """A piece has rows that cannot be scored; why is for the whole file to say."""


class BrokenChunkError(Exception):
    """A part could not be written; the argument is the system's reason."""


def score_chunks(
    request: Path, chunks: Iterable[Chunk], *, workers: int, done: Callable[[Part], None]
) -> None:
    """Score ``chunks`` as the file ``request`` says; call ``done`` for each, in any order.

    Raises:
        RefusedChunkError: if a piece cannot be scored.
        BrokenChunkError: if a part cannot be written.
        ToolError: if a process ended without an answer.
    """
    waiting: queue.SimpleQueue[Chunk] = queue.SimpleQueue()
    for chunk in chunks:
        waiting.put(chunk)
    answers: queue.SimpleQueue[Part | Exception | None] = queue.SimpleQueue()
    stop = threading.Event()
    threads = [
        threading.Thread(target=_feed, args=(request, waiting, answers, stop))
        for _ in range(min(workers, max(waiting.qsize(), 1)))
    ]
    for thread in threads:
        thread.start()
    working = len(threads)
    try:
        while working:
            answer = answers.get()
            if isinstance(answer, Exception):
                raise answer
            if answer is None:
                working -= 1
            else:
                done(answer)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _feed(
    request: Path,
    waiting: queue.SimpleQueue[Chunk],
    answers: queue.SimpleQueue[Part | Exception | None],
    stop: threading.Event,
) -> None:
    try:
        with _worker(request) as process:
            while not stop.is_set():
                try:
                    chunk = waiting.get_nowait()
                except queue.Empty:
                    break
                answers.put(_ask(process, chunk))
        answers.put(None)
    except Exception as error:  # a thread that dies silently would be waited for for ever
        answers.put(error)


def _ask(process: subprocess.Popen[str], chunk: Chunk) -> Part:
    assert process.stdin  # noqa: S101 - both are opened as pipes below
    assert process.stdout  # noqa: S101
    with suppress(BrokenPipeError):  # it may have said why before it ended
        print(json.dumps(asdict(chunk)), file=process.stdin, flush=True)
    line = process.stdout.readline()
    if not line:
        raise ToolError("a scoring process was killed; run the command again, it continues")
    answer: dict[str, Any] = json.loads(line)
    if "refused" in answer:
        raise RefusedChunkError(answer["refused"])
    if "broken" in answer:
        raise BrokenChunkError(answer["broken"])
    return Part(**answer)


@contextmanager
def _worker(request: Path) -> Iterator[subprocess.Popen[str]]:
    # Its standard input is the leash: it ends when this process does, however that ends.
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline_code.entrypoints.score_worker", str(request)],
        cwd=ROOT,
        env={**os.environ, **_ONE_THREAD},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.stdin:
            with suppress(BrokenPipeError):
                process.stdin.close()
        process.wait()
        if process.stdout:
            process.stdout.close()
