"""Variables arrive as they were sent, whatever is in them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery import exports
from delivery.contract import SERVING, VERIFY
from delivery.exports import ExportError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which a build starts."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _sourced() -> str:
    command = f'. ./{exports.FILE} && printf %s "$ENDPOINT_NAME"'
    return subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, check=True, encoding="utf-8"
    ).stdout


@pytest.mark.parametrize(
    "value", ["plain", "$(touch hacked)", "`id`", "it's", '"; exit 1 #', "a\\nb", "ünï ☃", "$HOME"]
)
def test_a_shell_reads_back_what_was_exported(value: str, folder: Path) -> None:
    """A reason written by someone else runs nothing."""
    exports.export(SERVING, {"ENDPOINT_NAME": value}, {})
    assert _sourced() == value
    assert not (folder / "hacked").exists()


@settings(max_examples=20, deadline=None)
@given(value=st.text(min_size=1).filter(lambda text: bool(exports.clean(text))))
def test_any_text_arrives_on_one_line(value: str) -> None:
    """GitHub's file has a variable a line: a second line would be another variable."""
    output = Path("output")
    output.unlink(missing_ok=True)
    exports.export(SERVING, {"ENDPOINT_NAME": value}, {"GITHUB_OUTPUT": str(output)})
    line = exports.clean(value)
    assert _sourced() == line
    assert output.read_text("utf-8").split("\n") == [f"ENDPOINT_NAME={line}", ""]


def test_a_long_value_is_cut() -> None:
    """The text of an approval may have 1,000 characters."""
    assert len(exports.clean("x" * 5000)) == 500


@pytest.mark.parametrize("values", [{}, {"ENDPOINT_NAME": " \n"}, {"OTHER": "x"}])
def test_another_set_of_variables_is_refused(values: dict[str, str]) -> None:
    """CodePipeline would leave the reference unresolved, or refuse the empty value, much later."""
    with pytest.raises(ExportError):
        exports.export(SERVING, values, {})
    assert not exports.FILE.exists()


def test_what_a_run_before_left_is_forgotten() -> None:
    """A script that stops hands on nothing old."""
    exports.export(SERVING, {"ENDPOINT_NAME": "old"}, {})
    exports.forget()
    exports.forget()
    assert not exports.FILE.exists()
    exports.export(VERIFY, {}, {})
