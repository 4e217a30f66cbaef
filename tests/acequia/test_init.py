"""``acequia init`` writes a use case beside the others, and says what it chose and left out."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from acequia.errors import CommandError
from acequia.init import Created, Request, create_usecase
from acequia.main import app
from acequia.terminal import Terminal
from pipeline_code.core.errors import PipelineError
from pipeline_code.core.usecase import USECASE_FILE, load_usecase
from pipeline_code.steps.discovery.discover import Wishes

BANK = Path(__file__).parents[3] / "shared" / "data" / "bank-marketing.csv"
ROWS = 400


@pytest.fixture
def customers(tmp_path: Path) -> Path:
    """A table of customers with a leak, a constant and remarks."""
    random = np.random.default_rng(0)
    path = tmp_path / "Customers 2026.csv"
    rows = ["age,plan,call_duration,country,remark,churn"]
    for row in range(ROWS):
        churn = random.random() < 0.3
        duration = random.normal(5 * churn + 10, 2.5)
        rows.append(
            f"{random.integers(18, 90)},{'ab'[row % 2]},{duration:.1f},DE,"
            f"caller {row} was not happy,{'yes' if churn else 'no'}"
        )
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def create(data: Path, root: Path, name: str | None = None, replace: bool = False) -> Created:
    """Create a use case whose target is churn."""
    request = Request(data, Wishes(target="churn"), name=name, replace=replace)
    return create_usecase(request, Terminal(quiet=True), root=root)


def seen(made: Created) -> str:
    """Return what a person sees."""
    text = io.StringIO()
    Console(file=text, width=160).print(made.view())
    return text.getvalue()


def test_use_case_is_called_after_its_file(customers: Path, tmp_path: Path) -> None:
    """Capitals and blanks are no part of a name; the file loads as a run loads it."""
    made = create(customers, tmp_path / "usecases")
    assert made.file == tmp_path / "usecases" / "customers-2026" / USECASE_FILE
    assert load_usecase(made.file.parent).name == "customers-2026"
    assert [path.name for path in made.file.parent.iterdir()] == [USECASE_FILE]


def test_summary_says_what_was_chosen_and_left_out(customers: Path, tmp_path: Path) -> None:
    """A leak is named where everybody looks, with its number."""
    made = create(customers, tmp_path)
    text = seen(made)
    assert "400 rows, 6 columns, CSV (comma, header, utf-8)" in text
    assert "binary: churn is yes in" in text
    assert "call_duration  is the strongest column alone (AUC 0.9" in text
    assert "country  is the same text in every row" in text
    assert "remark   is free text" in text
    assert "acequia run --usecase customers-2026 --data" in text
    document = made.document()
    assert list(document["leaks"]) == ["call_duration"]
    assert document["inputs"] == ["age", "plan"]


def test_a_name_that_is_taken_is_kept_unless_told_otherwise(
    customers: Path, tmp_path: Path
) -> None:
    """Somebody may have spent days on that file."""
    file = create(customers, tmp_path, "mine").file
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(CommandError, match="is there already; choose another name with --name"):
        create(customers, tmp_path, "mine")
    assert file.read_text(encoding="utf-8") == "mine"
    create(customers, tmp_path, "mine", replace=True)
    assert load_usecase(file.parent).name == "mine"


@pytest.mark.parametrize("name", ["My-Churn", "1st", "a b", "../x", "x" * 32, ""])
def test_names_that_nothing_could_have_are_refused(
    customers: Path, tmp_path: Path, name: str
) -> None:
    """The name becomes a folder, a bucket's prefix and a pipeline."""
    with pytest.raises(CommandError, match="is not allowed; a name is up to 31"):
        create(customers, tmp_path, name)


def test_a_file_without_letters_needs_a_name(customers: Path, tmp_path: Path) -> None:
    """2026.csv names no use case."""
    path = customers.rename(tmp_path / "2026.csv")
    with pytest.raises(CommandError, match="--name NAME"):
        create(path, tmp_path)


def test_nothing_is_written_where_something_is_wrong(customers: Path, tmp_path: Path) -> None:
    """Half a use case would be listed among the others."""
    request = Request(customers, Wishes(target="chrun"))
    with pytest.raises(PipelineError, match="did you mean 'churn'"):
        create_usecase(request, Terminal(quiet=True), root=tmp_path / "usecases")
    assert not (tmp_path / "usecases").exists()


def test_command_line_asks_for_everything_at_once(customers: Path) -> None:
    """The message is on one screen, before anything is written."""
    result = CliRunner().invoke(app, ["init", "--data", str(customers)])
    assert result.exit_code != 0
    for flag in ("--target", "--event-time", "--positive"):
        assert flag in str(result.exception)


@pytest.mark.skipif(not BANK.exists(), reason="the bank's table is not on this machine")
def test_only_the_duration_of_the_call_leaks_in_the_banks_table(tmp_path: Path) -> None:
    """What is known before the call stays, however much it tells."""
    request = Request(BANK, Wishes(target="output"))
    made = create_usecase(request, Terminal(quiet=True), root=tmp_path)
    assert list(made.found.leaks) == ["duration"]
    assert made.found.left_out == []
    assert made.found.target.positive == "yes"


def test_trials_are_asked_for_and_announced(customers: Path, tmp_path: Path) -> None:
    """Who asks for a search is told that the run will take as many trainings."""
    request = Request(customers, Wishes(target="churn"), name="tuned", trials=30)
    made = create_usecase(request, Terminal(quiet=True), root=tmp_path)
    tuning = load_usecase(made.file.parent).tuning
    assert tuning is not None
    assert tuning.trials == 30
    assert "prepare, tune (30 trials), evaluate" in " ".join(seen(made).split())
    assert made.document()["trials"] == 30
