"""The small problem of the tests of the steps, as jobs find it: in a folder."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import yaml

# pytest gives each folder its own conftest.py; the one of the steps is loaded by its path.
_PATH = Path(__file__).parent.parent / "steps" / "conftest.py"
_SPEC = importlib.util.spec_from_file_location("small_problem", _PATH)
assert _SPEC is not None
assert _SPEC.loader is not None
_SMALL = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_SMALL)

DOCUMENT = _SMALL.DOCUMENT
make_rows = _SMALL.make_rows
small_usecase = _SMALL.small_usecase


@pytest.fixture
def small_folder(tmp_path: Path) -> Path:
    """A folder of use cases that holds the small one."""
    folder = tmp_path / "usecases"
    (folder / "small").mkdir(parents=True)
    text = yaml.safe_dump(_SMALL.DOCUMENT)
    (folder / "small" / "usecase.yaml").write_text(text, encoding="utf-8")
    return folder
