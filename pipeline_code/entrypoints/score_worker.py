"""Score pieces of a file in a process of its own: one line in, one line out, until none comes.

``python -m pipeline_code.entrypoints.score_worker REQUEST``, with a JSON file that says what to
score with what. It ends when its standard input does, and so also when its parent is killed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pipeline_code import contract
from pipeline_code.core.errors import PipelineError
from pipeline_code.steps.predict import load_model
from pipeline_code.steps.row_chunks import Chunk
from pipeline_code.steps.score_chunk import ChunkScorer


def main(request: Path) -> int:
    """Answer each piece with what became of it, or with ``refused`` or ``broken`` and why."""
    wanted = json.loads(request.read_text(encoding="utf-8"))
    scorer = ChunkScorer(
        load_model(Path(wanted["model"])),
        Path(wanted["source"]),
        wanted["columns"],
        request.parent,
        strict=wanted["strict"],
    )
    for line in sys.stdin:
        print(json.dumps(_answer(scorer, Chunk(**json.loads(line)))), flush=True)  # noqa: T201
    return 0


def _answer(scorer: ChunkScorer, chunk: Chunk) -> dict[str, Any]:
    try:
        return scorer.score(chunk).document()
    except PipelineError as error:
        return {"refused": str(error)}
    except OSError as error:
        return {"broken": error.strerror or str(error)}


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except PipelineError as error:
        print(json.dumps({"refused": str(error)}), flush=True)  # noqa: T201
        sys.exit(contract.EXIT_REFUSED)
