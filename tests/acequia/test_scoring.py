"""A large file is scored in pieces: whatever happens meanwhile, the result is whole or absent."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from acequia import models, score_join, scoring
from acequia import predict as predicting
from acequia.main import main
from acequia.predict import Prediction, predict
from acequia.project import ROOT
from acequia.scoring import UnwritableError
from pipeline_code.core.usecase import Costs
from pipeline_code.steps.predict import LinearModel, LinearWeights, ModelMetadata, save_model
from pipeline_code.steps.score_files import UnscorableFileError

FEATURES = ("A", "B")
ROWS = 200_000


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A linear model of two features; no use case of its own, so the usual definition."""
    folder = tmp_path_factory.mktemp("model")
    metadata = ModelMetadata(
        algorithm="linear",
        usecase="elsewhere",
        features=FEATURES,
        target="Y",
        threshold=0.5,
        costs=Costs(false_positive=1, false_negative=1),
        hyperparameters={},
        weights="weights.json",
        weights_hash="",
    )
    weights = LinearWeights(
        mean=(0.0, 0.0), scale=(1.0, 1.0), coefficients=(1.0, -1.0), intercept=0
    )
    save_model(LinearModel(metadata, weights), folder)
    return folder


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pieces or more of rows whose ids begin with zeros; some values are missing."""
    path = tmp_path_factory.mktemp("large") / "rows.csv"
    duckdb.execute(
        "copy (select lpad(cast(range as varchar), 9, '0') || repeat('x', 60) as ID, "  # noqa: S608
        "cast(case when range % 7 = 0 then null else range / 1e5 - 1 end as varchar) as A, "
        f"range % 3 as B from range({ROWS})) to '{path}' (header)"
    )
    assert path.stat().st_size > 2 * (6 << 20)
    return path


@pytest.fixture
def source(large: Path, tmp_path: Path) -> Path:
    """A copy of the large file in a folder of its own."""
    return Path(shutil.copy(large, tmp_path / "rows.csv"))


@pytest.fixture(scope="module")
def expected(large: Path, model_folder: Path) -> bytes:
    """What an undisturbed run writes."""
    return predict(model_folder, large).destination.read_bytes()


def left_behind(folder: Path) -> set[str]:
    """Name what lies in a folder."""
    return {path.name for path in folder.iterdir()}


def break_rows(path: Path, *rows: int) -> None:
    """Put text where a number should be, in these rows (from 1)."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    for row in rows:
        lines[row] = lines[row].rpartition(",")[0] + ",much\n"
    path.write_text("".join(lines), encoding="utf-8")


def test_pieces_give_what_the_whole_gives(
    source: Path, expected: bytes, model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows, their order, cells and scores: nothing tells where the pieces met."""
    monkeypatch.setitem(predicting._USUAL, "MaxPayloadInMB", 1000)
    whole = predict(model_folder, source).destination.read_bytes()

    assert whole == expected
    assert expected.count(b"\n") == ROWS + 1
    assert expected.startswith(b"ID,A,B,score,decision\n000000000x")


def test_manifest_accounts_for_every_row(source: Path, model_folder: Path) -> None:
    """Its reader can prove with any tool that this is the file that was scored."""
    made = predict(model_folder, source, version={"version": 3, "arn": "a"})
    document = json.loads(made.manifest.read_text(encoding="utf-8"))
    (file,) = document["files"]

    assert (document["rows_in"], document["rows_out"], document["quarantined"]) == (ROWS, ROWS, 0)
    assert document["model"]["version"] == 3
    for path, digest in (
        (source, file["input_hash"]),
        (made.destination, file["output_hash"]),
    ):
        assert digest == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    assert left_behind(source.parent) == {"rows.csv", made.destination.name, made.manifest.name}


@pytest.mark.parametrize("ending", ["\r\n", "quoted", "no last line break"])
def test_unusual_files_lose_nothing(source: Path, model_folder: Path, ending: str) -> None:
    """Line breaks of Windows, commas and line breaks inside quotes, no line break at the end."""
    text = source.read_text(encoding="utf-8")
    if ending == "quoted":
        text = text.replace("000150000" + "x" * 60, '"000150000,\n""q"""', 1)
    text = text.replace("\n", "\r\n") if ending == "\r\n" else text
    text = text.rstrip("\n") if ending.startswith("no") else text
    source.write_bytes(text.encode())
    made = predict(model_folder, source)
    read = f"read_csv('{made.destination}', header = true, quote = '\"', escape = '\"')"
    found = duckdb.execute(f"select count(*), count(score) from {read}").fetchone()  # noqa: S608

    assert made.scored.rows == ROWS
    assert found == (ROWS, ROWS)


def test_rows_that_break_the_contract_are_put_aside(source: Path, model_folder: Path) -> None:
    """One bad row costs one row, not a night; the file says which and why."""
    break_rows(source, 5, 150_000)
    made = predict(model_folder, source)
    assert made.quarantine
    lines = [json.loads(line) for line in made.quarantine.read_text().splitlines()]

    assert (made.scored.rows, made.scored.quarantined) == (ROWS - 2, 2)
    assert [line["row"] for line in lines] == [5, 150_000]
    assert lines[0]["reasons"] == "B is not a finite number"
    assert lines[0]["record"]["B"] == "much"
    assert made.destination.read_bytes().count(b"\n") == ROWS - 2 + 1


def test_strict_refuses_as_a_whole(source: Path, model_folder: Path) -> None:
    """For those who want all or nothing; the row is that of the file, not of a piece."""
    break_rows(source, 150_000, 180_000)

    with pytest.raises(UnscorableFileError, match=r"row 150000: B is not a finite number"):
        predict(model_folder, source, strict=True)
    assert left_behind(source.parent) == {"rows.csv"}


def test_no_good_row_is_no_result(tmp_path: Path, model_folder: Path) -> None:
    """A result without a row would look like a quiet day."""
    source = tmp_path / "rows.csv"
    source.write_text("A,B\n1,x\n2,y\n", encoding="utf-8")

    with pytest.raises(UnscorableFileError, match="no row that can be scored"):
        predict(model_folder, source)
    assert left_behind(tmp_path) == {"rows.csv"}


def start(source: Path, model_folder: Path) -> subprocess.Popen[bytes]:
    """Score in a process of its own."""
    code = "import sys; from pathlib import Path; from acequia.predict import predict; predict(*map(Path, sys.argv[1:]))"  # noqa: E501
    return subprocess.Popen(
        [sys.executable, "-c", code, str(model_folder), str(source)],
        cwd=ROOT,
        start_new_session=True,
    )


def test_killed_run_is_continued(
    source: Path, model_folder: Path, expected: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill -9 in the middle: nothing is published, pieces that are done are not done again."""
    process = start(source, model_folder)
    work = source.parent / ".rows-scored.csv.scoring"
    while not list(work.glob("*.part.json")):
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = {path.name for path in work.glob("*.part.json")}
    assert "rows-scored.csv" not in left_behind(source.parent)
    asked: list[int] = []
    scored = scoring.score_chunks

    def watched(request: Path, chunks: list[Any], **options: Any) -> None:
        asked.extend(chunk.index for chunk in chunks)
        scored(request, chunks, **options)

    monkeypatch.setattr(scoring, "score_chunks", watched)
    made = predict(model_folder, source)

    assert made.destination.read_bytes() == expected
    assert not {f"{index:06d}.part.json" for index in asked} & before
    assert left_behind(source.parent) == {"rows.csv", made.destination.name, made.manifest.name}


def test_parts_of_another_file_are_not_used(source: Path, model_folder: Path) -> None:
    """The source was replaced after the kill: its old scores are of no use."""
    process = start(source, model_folder)
    work = source.parent / ".rows-scored.csv.scoring"
    while not list(work.glob("*.part.json")):
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    text = source.read_text(encoding="utf-8").replace("000000000", "999999999", 1)
    source.write_text(text, encoding="utf-8")

    assert predict(model_folder, source).destination.read_bytes().count(b"999999999x") == 1


def test_run_killed_while_it_publishes_is_finished(
    source: Path, model_folder: Path, expected: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The result is in its place and its manifest is not: the next run adds it, without --force."""
    replace, moved = Path.replace, []

    def stop_after_the_result(path: Path, target: Path) -> Path:
        if Path(target).name.endswith("manifest.json"):
            raise KeyboardInterrupt
        moved.append(target)
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stop_after_the_result)
        with pytest.raises(KeyboardInterrupt):
            predict(model_folder, source)
    assert "rows-scored.csv" in left_behind(source.parent)
    assert "rows-scored.csv.manifest.json" not in left_behind(source.parent)
    made = predict(model_folder, source)

    assert made.destination.read_bytes() == expected
    assert made.manifest.is_file()
    assert made.scored.rows == ROWS


def test_full_disk_publishes_nothing_and_is_continued(
    source: Path, model_folder: Path, expected: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parts are kept: once there is room, only what is missing is scored."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(score_join.Joined, "take", full)
        with pytest.raises(UnwritableError, match="No space left on device"):
            predict(model_folder, source)
    assert left_behind(source.parent) == {"rows.csv", ".rows-scored.csv.scoring"}
    assert predict(model_folder, source).destination.read_bytes() == expected


def test_full_disk_of_a_worker_is_told(source: Path, model_folder: Path) -> None:
    """A limit on the size of files is the nearest to a full disk that needs no rights."""
    code = (
        "import resource, sys; from pathlib import Path; from acequia.predict import predict\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "predict(*map(Path, sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(model_folder), str(source)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "cannot be written: File too large" in done.stderr.splitlines()[-1]
    assert "rows-scored.csv" not in left_behind(source.parent)
    assert resource.RLIMIT_FSIZE is not None


def test_two_runs_do_not_mix(source: Path, model_folder: Path) -> None:
    """The second is refused at once, and harms neither the first nor what it has done."""
    process = start(source, model_folder)
    work = source.parent / ".rows-scored.csv.scoring"
    while not (work / "request.json").exists():
        assert process.poll() is None
        time.sleep(0.005)
    with pytest.raises(UnscorableFileError, match="being written by another run"):
        predict(model_folder, source)

    assert process.wait() == 0
    assert (source.parent / "rows-scored.csv").read_bytes().count(b"\n") == ROWS + 1


def test_worker_that_dies_is_told(
    source: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system kills a process for its memory: one line, and the pieces that are done stay."""
    from acequia import score_pool
    from acequia.errors import ToolError

    monkeypatch.setattr(score_pool.sys, "executable", shutil.which("false") or "/bin/false")

    with pytest.raises(ToolError, match="run the command again"):
        predict(model_folder, source)


def test_truncated_file_is_refused(source: Path, model_folder: Path) -> None:
    """Its last row has lost cells: nobody knows what else is missing."""
    content = source.read_bytes()
    source.write_bytes(content[: content.rindex(b",", 0, len(content) - 200)])

    with pytest.raises(UnscorableFileError, match="cannot be read"):
        predict(model_folder, source)
    assert left_behind(source.parent) == {"rows.csv"}


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "is empty"), (b"A,B\n", "has no rows"), (b"A,C\n1,2\n", "lacks B")],
)
def test_files_without_use_are_refused(
    tmp_path: Path, model_folder: Path, content: bytes, says: str
) -> None:
    """Empty, a header alone, a column missing."""
    source = tmp_path / "rows.csv"
    source.write_bytes(content)

    with pytest.raises(UnscorableFileError, match=says):
        predict(model_folder, source)
    assert left_behind(tmp_path) == {"rows.csv"}


def test_column_missing_in_a_large_file_is_named(source: Path, model_folder: Path) -> None:
    """Before anything is scored."""
    text = source.read_text(encoding="utf-8").replace("ID,A,B", "ID,A,C", 1)
    source.write_text(text, encoding="utf-8")

    with pytest.raises(UnscorableFileError, match="lacks B"):
        predict(model_folder, source)


def test_force_replaces_all_that_belongs_to_the_result(source: Path, model_folder: Path) -> None:
    """A quarantine of before beside a result of now would be a lie."""
    break_rows(source, 5)
    first = predict(model_folder, source)
    assert first.quarantine
    assert first.quarantine.is_file()
    source.write_text("ID,A,B\n1,1,1\n", encoding="utf-8")
    again: Prediction = predict(model_folder, source, overwrite=True)

    assert again.quarantine is None
    assert not first.quarantine.exists()
    assert json.loads(again.manifest.read_text())["rows_in"] == 1


def test_paths_are_those_of_who_asks(
    source: Path, model_folder: Path, expected: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People name files from where they are; the workers start elsewhere."""
    monkeypatch.chdir(source.parent)

    assert predict(model_folder, Path("rows.csv")).destination == Path("rows-scored.csv")
    assert Path("rows-scored.csv").read_bytes() == expected


@pytest.mark.parametrize(("strict", "code"), [(False, 3), (True, 2)])
def test_exit_code_and_summary_tell_of_rows_put_aside(
    tmp_path: Path,
    model_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    strict: bool,
    code: int,
) -> None:
    """A script that reads neither must still notice."""
    source = tmp_path / "rows.csv"
    source.write_text("A,B\n1,1\n1,much\n", encoding="utf-8")
    version = SimpleNamespace(version=3, arn="arn:3")
    monkeypatch.setattr(models, "chosen", lambda *_: version)
    monkeypatch.setattr(models, "unpacked", lambda *_: nullcontext(model_folder))
    arguments = ["acequia", "predict", str(source), "--json", *(["--strict"] if strict else [])]
    monkeypatch.setattr(sys, "argv", arguments)

    with pytest.raises(SystemExit) as stopped:
        main()
    told = capsys.readouterr()

    assert stopped.value.code == code
    if strict:
        assert "row 2: B is not a finite number" in told.err
    else:
        document = json.loads(told.out)
        assert (document["rows"], document["quarantined"]) == (1, 1)
        assert Path(document["quarantine"]).is_file()


def test_a_model_of_categories_scores_a_large_file_as_a_whole(source: Path, tmp_path: Path) -> None:
    """Pieces are bare numbers: in them a text would be refused, and a number taken for a code."""
    metadata = ModelMetadata(
        algorithm="linear",
        usecase="elsewhere",
        problem="regression",
        features=FEATURES,
        categories={"B": ("2", "1")},
        target="Y",
        threshold=0.5,
        costs=Costs(),
        hyperparameters={},
        weights="weights.json",
        weights_hash="",
    )
    weights = LinearWeights(
        mean=(0.0, 0.0),
        scale=(1.0, 1.0),
        coefficients=((0.0, 0.0),),
        intercept=(0.0,),
        levels={"B": ((5.0, 6.0, 7.0, 8.0),)},
    )
    save_model(LinearModel(metadata, weights), tmp_path / "model")
    made = predict(tmp_path / "model", source)
    with made.destination.open(encoding="utf-8") as file:
        header, *first = (next(file).rstrip("\n") for _ in range(4))

    assert header == "ID,A,B,prediction"
    assert [line.rpartition(",")[2] for line in first] == ["7.0", "6.0", "5.0"]
    assert made.scored.rows == ROWS
