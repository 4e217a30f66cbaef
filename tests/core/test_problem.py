"""Problems, costs and what belongs to which type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline_code.core.errors import SettingsError
from pipeline_code.core.problem import Costs, label_text
from pipeline_code.core.usecase import AS_THEY_ARE, UseCase, load_usecase, read_sql

BASE: dict[str, Any] = {
    "name": "wine",
    "problem": {"type": "multiclass", "target": "kind", "classes": ["a", "b", "c"]},
    "contract": {"columns": {"kind": {"type": "string"}, "acid": {"type": "number"}}},
    "features": {"inputs": ["acid"]},
    "split": {"method": "stratified"},
    "gate": {"metric": "log_loss"},
}


def mistakes(tmp_path: Path, **changes: Any) -> tuple[str, ...]:
    """Return what is wrong with the base use case once some sections are replaced."""
    (tmp_path / "usecase.yaml").write_text(yaml.safe_dump({**BASE, **changes}, sort_keys=False))
    with pytest.raises(SettingsError) as caught:
        load_usecase(tmp_path)
    return caught.value.mistakes


def test_a_table_without_sql_time_or_groups_is_a_use_case() -> None:
    """The least that one must say of a table is what is in it and what is predicted."""
    usecase = UseCase.model_validate(BASE)

    assert usecase.problem.class_names == ("a", "b", "c")
    assert read_sql(Path("nowhere"), usecase) == AS_THEY_ARE


@pytest.mark.parametrize(
    ("label", "text"), [(True, "true"), (False, "false"), (1, "1"), (2.0, "2"), (0.5, "0.5")]
)
def test_labels_are_compared_as_the_source_writes_them(label: float, text: str) -> None:
    """A number that YAML reads as 2.0 is the 2 of a CSV file."""
    assert label_text(label) == text


def test_an_unquoted_yes_is_explained(tmp_path: Path) -> None:
    """YAML reads yes as true, and the column holds a text."""
    found = mistakes(
        tmp_path,
        problem={"type": "binary", "target": "kind", "positive": True},
        contract={"columns": {"kind": {"type": "string", "allowed": ["no", "yes"]}}},
        features={"inputs": ["kind"]},
        gate={"metric": "auc_roc"},
    )

    assert any("problem.positive" in one and "in quotes" in one for one in found)
    assert any("holds the target 'kind': a leak" in one for one in found)


def test_every_cross_reference_is_told_with_its_line(tmp_path: Path) -> None:
    """A person mends all of them at once."""
    found = mistakes(
        tmp_path,
        features={"inputs": ["acld"]},
        gate={"metric": "rmse", "guardrails": {"recal_macro": 0.5}},
        costs={"false_positive": 3, "missed": {"d": 2}},
    )

    assert len(found) == 5
    assert all(one.startswith("line ") for one in found)
    assert any("'acld', which is no column" in one and "'acid'" in one for one in found)
    assert any("'rmse', which is not measured in a multiclass problem" in one for one in found)
    assert any("did you mean 'recall_macro'" in one for one in found)
    assert any("costs.false_positive: belongs to another type" in one for one in found)
    assert any("costs.missed: names 'd', which is no class" in one for one in found)


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        ({"type": "multiclass", "target": "kind", "classes": ["a", "b"]}, "at least 3"),
        ({"type": "multiclass", "target": "kind", "classes": ["a", "b", "a"]}, "a twice"),
        ({"type": "multiclass", "target": "kind", "classes": [1, "1", 2]}, "1 twice"),
        ({"type": "regression", "target": "acid", "classes": ["a", "b", "c"]}, "multiclass"),
        ({"type": "regression", "target": "acid", "positive": "a"}, "positive belongs to"),
    ],
)
def test_labels_must_fit_the_type(tmp_path: Path, problem: dict[str, Any], message: str) -> None:
    """Scores are given by class: two classes of one name could not be told apart."""
    assert any(message in one for one in mistakes(tmp_path, problem=problem))


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ({"method": "time"}, "needs event_time"),
        ({"method": "grouped"}, "needs group"),
        ({"method": "random", "test_share": 0.6, "validation_share": 0.5}, "leave nothing"),
        ({"method": "random", "known_positives": {"key": "kind", "lookback_days": 3}}, "by time"),
        ({"method": "grouped", "group": "acld"}, "not under contract.columns"),
    ],
)
def test_a_split_names_what_it_needs(tmp_path: Path, split: dict[str, Any], message: str) -> None:
    """A split that cannot be made is refused before any row is read."""
    assert any(message in one for one in mistakes(tmp_path, split=split))


@pytest.mark.parametrize(
    ("tuning", "message"),
    [
        ({"ranges": {"max_deth": {"low": 1, "high": 3}}}, "did you mean 'max_depth'"),
        ({"ranges": {"max_depth": {"low": 3, "high": 3}}}, "must be below high"),
        ({"ranges": {"max_depth": {"low": 3}}}, "either low and high, or values"),
        ({"ranges": {"reg_lambda": {"low": 0, "high": 3, "scale": "log"}}}, "above 0"),
        ({"strategy": "grid", "ranges": {"max_depth": {"low": 1, "high": 3}}}, "a grid needs"),
        ({"ranges": {}}, "at least 1 item"),
    ],
)
def test_a_search_that_cannot_be_made_is_refused(
    tmp_path: Path, tuning: dict[str, Any], message: str
) -> None:
    """SageMaker would refuse it after the preparation has run for an hour."""
    assert any(message in one for one in mistakes(tmp_path, tuning=tuning))


@pytest.mark.parametrize(
    "algorithm",
    [
        "auto",
        "torch",
        "aws:xgboost",
        "sklearn:sklearn.svm.SVC",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/c/d:1",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/c@sha256:" + 64 * "0",
    ],
)
def test_algorithms_are_named_alike(algorithm: str) -> None:
    """Ours, SageMaker's, an import path and an image are values of one setting."""
    changed = {**BASE, "training": {"algorithm": algorithm}}

    assert UseCase.model_validate(changed).training.algorithm == algorithm


def test_a_mistyped_algorithm_is_recognised(tmp_path: Path) -> None:
    """The message lists what there is."""
    found = mistakes(tmp_path, training={"algorithm": "xgbost"})

    assert any("did you mean 'xgboost'" in one for one in found)


def test_what_missing_a_class_costs_is_one_unless_said() -> None:
    """Only the costs that differ have to be written."""
    assert Costs(missed={"b": 5}).of_classes(("a", "b")) == (1.0, 5)


def test_settings_of_an_execution_leave_other_defaults_alone() -> None:
    """A default that is written out would count as given, and as another problem's."""
    usecase = UseCase.model_validate(BASE)

    changed = usecase.with_settings({"split.test_share": "0.3"})

    assert changed.split.test_share == 0.3
    assert changed.costs == usecase.costs


def test_a_use_case_can_be_written_and_read_again() -> None:
    """Whoever keeps a use case beside a model reads the same one."""
    usecase = UseCase.model_validate(BASE)

    assert UseCase.model_validate(usecase.model_dump(mode="json")) == usecase
