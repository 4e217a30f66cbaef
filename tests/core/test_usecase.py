"""A use case is read strictly: every mistake is found before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline_code import contract
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.usecase import UseCase, load_usecase

FRAUD = contract.usecase_folder("fraud")


@pytest.fixture
def fraud() -> UseCase:
    """The use case that ships with the project."""
    return load_usecase(FRAUD)


def edited(folder: Path, old: str, new: str) -> Path:
    """Write the fraud use case into ``folder`` with one passage replaced."""
    text = (FRAUD / "usecase.yaml").read_text(encoding="utf-8")
    assert old in text
    (folder / "usecase.yaml").write_text(text.replace(old, new), encoding="utf-8")
    return folder


def test_the_use_case_that_ships_is_valid(fraud: UseCase) -> None:
    """The first command a newcomer types works."""
    assert fraud.name == "fraud"
    assert len(fraud.features.inputs) == 15


def test_a_use_case_cannot_be_changed(fraud: UseCase) -> None:
    """What was compiled, trained and recorded is one and the same."""
    with pytest.raises(ValueError, match="frozen"):
        fraud.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("target: TX_FRAUD", "target: TX_FRAUDE", "did you mean 'TX_FRAUD'"),
        ("event_time: TX_DATETIME", "event_time: TX_DATE", "did you mean 'TX_DATETIME'"),
        ("key: TERMINAL_ID", "key: TERMINAL", "did you mean 'TERMINAL_ID'"),
        ("resample_by: CUSTOMER_ID", "resample_by: CUSTOMER", "did you mean 'CUSTOMER_ID'"),
        ("unique: [TRANSACTION_ID]", "unique: [TRANSACTION]", "did you mean 'TRANSACTION_ID'"),
        ("    - TX_AMOUNT", "    - TX_FRAUD", "holds the target 'TX_FRAUD': a leak"),
        ("    - TX_AMOUNT", "    - TX_DURING_NIGHT", "names TX_DURING_NIGHT twice"),
        ("error_budget: 0.01", "error_budget: 2", "contract.error_budget"),
        ("name: fraud", "name: Fraud Detection", "name: string should match"),
        ("metric: average_precision", "metric: averge_precision", "'average_precision'?"),
        ("max_depth: 6", "max_dept: 6", "did you mean 'max_depth'"),
        ("TX_7DAY_WINDOW: Integral", "TX 7DAY: Integral", "would refuse 'CUSTOMER_ID_NB_TX 7DAY'"),
        ("CUSTOMER_ID_NB_TX_7DAY_WINDOW: Integral", "write_time: String", "refuse 'write_time'"),
        ("CUSTOMER_ID_NB_TX_7DAY_WINDOW: Integral", "EventTime: String", "refuse 'EventTime'"),
        ("CUSTOMER_ID_NB_TX_7DAY_WINDOW: Integral", "CUSTOMER_ID: String", "the key"),
        ("CUSTOMER_ID_NB_TX_7DAY_WINDOW: Integral", f"{'A' * 65}: String", "up to 64 letters"),
        ("CUSTOMER_ID_NB_TX_7DAY_WINDOW: Integral", "A_: String", "refuse 'A_'"),
    ],
)
def test_a_slip_is_named_with_its_remedy(tmp_path: Path, old: str, new: str, message: str) -> None:
    """One wrong word in the file costs seconds, not a training run."""
    with pytest.raises(SettingsError) as caught:
        load_usecase(edited(tmp_path, old, new))

    assert message in str(caught.value)


def test_a_slice_that_no_row_has_is_named_with_its_line(tmp_path: Path) -> None:
    """Found after training, it would cost the whole run."""
    text = (FRAUD / "usecase.yaml").read_text(encoding="utf-8").splitlines()
    where = next(place for place, line in enumerate(text) if line.startswith("evaluation:"))
    text.insert(where + 1, "  slices: [TX_DURING_NIGHT, TERMINAL_ID, TERMINAL]")
    (tmp_path / "usecase.yaml").write_text("\n".join(text), encoding="utf-8")

    with pytest.raises(SettingsError) as caught:
        load_usecase(tmp_path)

    (mistake,) = caught.value.mistakes
    assert mistake.startswith(f"line {where + 2}: evaluation.slices.2: names 'TERMINAL'")
    assert "did you mean 'TERMINAL_ID'" in mistake


def test_every_mistake_is_reported_at_once_with_its_line(tmp_path: Path) -> None:
    """Nobody runs a command five times to find five slips."""
    text = (FRAUD / "usecase.yaml").read_text(encoding="utf-8")
    text = text.replace("max_depth: 6", "max_depth: sixty").replace("test_days: 7", "test_days: 0")
    (tmp_path / "usecase.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(SettingsError) as caught:
        load_usecase(tmp_path)

    lines = text.splitlines()
    places = [
        next(number for number, line in enumerate(lines, 1) if slip in line)
        for slip in ("test_days: 0", "max_depth: sixty")
    ]
    assert [mistake.split(":")[0] for mistake in caught.value.mistakes] == [
        f"line {place}" for place in places
    ]


def test_settings_of_an_execution_replace_those_of_the_file(fraud: UseCase) -> None:
    """Arguments of a job are strings; they become what the setting is."""
    changed = fraud.with_settings({"split.test_days": "3", "training.learning_rate": "0.5"})

    assert (changed.split.test_days, changed.training.learning_rate) == (3, 0.5)
    assert fraud.split.test_days == 7


@pytest.mark.parametrize("path", ["split.tets_days", "splitt.test_days", "test_days", ""])
def test_an_unknown_setting_is_refused(fraud: UseCase, path: str) -> None:
    """A mistyped override that is ignored would train the wrong model."""
    with pytest.raises(SettingsError, match="unknown setting"):
        fraud.with_settings({path: "3"})


def test_all_settings_that_are_not_allowed_are_named(fraud: UseCase) -> None:
    """A command line has its mistakes listed at once, too."""
    with pytest.raises(SettingsError) as caught:
        fraud.with_settings({"training.algorithm": "xgbost", "split.gap_days": "-1"})

    assert len(caught.value.mistakes) == 2
    assert "did you mean 'xgboost'?" in str(caught.value)


def test_parameters_of_two_settings_never_share_a_name() -> None:
    """SageMaker's names have no dots; the mapping must stay one to one."""
    paths = (*contract.PREPARE_SETTINGS, *contract.TRAIN_SETTINGS, *contract.EVALUATE_SETTINGS)

    assert len({contract.parameter_name(path) for path in paths}) == len(paths)
    assert contract.parameter_name("training.max_depth") == "TrainingMaxDepth"


@pytest.mark.parametrize(
    ("extra", "place"),
    [
        ("", "features.groups: keep records of moments"),
        ("freshness_days: 7\n  ", "contract.freshness_days: needs split.event_time"),
    ],
)
def test_what_needs_a_time_is_named_where_none_is(tmp_path: Path, extra: str, place: str) -> None:
    """Records of feature groups and the age of data are of moments."""
    text = (FRAUD / "usecase.yaml").read_text(encoding="utf-8")
    before, split, after = text.partition("split:\n")
    rest = after[after.index("\ntraining:") :]
    text = before.replace("error_budget:", f"{extra}error_budget:") + split + "  method: random\n"
    (tmp_path / "usecase.yaml").write_text(text + rest, encoding="utf-8")

    with pytest.raises(SettingsError) as caught:
        load_usecase(tmp_path)

    assert place in str(caught.value)
