"""How many instances train, and on what capacity: what does not fit is named with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from pipeline_code.core.errors import SettingsError
from pipeline_code.core.instance_settings import Instances
from pipeline_code.core.usecase import UseCase, load_usecase
from tests.mixed_tables import mixed_usecase


def load(tmp_path: Path, algorithm: str, **instances: Any) -> UseCase:
    """Read a use case with these settings from its file; its first line is ``instances:``."""
    document = mixed_usecase("binary", algorithm=algorithm).model_dump(
        mode="json", exclude_unset=True
    )
    text = yaml.safe_dump({"instances": instances}) + yaml.safe_dump(document)
    (tmp_path / "usecase.yaml").write_text(text, encoding="utf-8")
    return load_usecase(tmp_path)


def test_by_default_one_instance_trains_that_nobody_takes_away() -> None:
    """Who asks for nothing gets what there was before."""
    plain = Instances()
    assert (plain.training_count, plain.spot, plain.keeps_checkpoints) == (1, False, False)


def test_spot_keeps_checkpoints_and_waits_as_long_again() -> None:
    """Spot without a state begins anew each time, and capacity may be short."""
    spot = Instances(spot=True, timeout_sec=600)
    assert spot.keeps_checkpoints
    assert spot.longest_wait_sec == 1_200
    assert Instances(spot=True, timeout_sec=600, max_wait_sec=600).longest_wait_sec == 600
    assert Instances(checkpoints=True).keeps_checkpoints


@pytest.mark.parametrize(
    ("instances", "message"),
    [
        ({"max_wait_sec": 9_000}, "max_wait_sec: waits for spot capacity; set spot: true"),
        (
            {"spot": True, "max_wait_sec": 600},
            r"max_wait_sec: must be at least timeout_sec \(7200\), which is part of it; given 600",
        ),
        ({"training_count": 0}, "training_count"),
    ],
)
def test_a_wait_that_does_not_fit_is_named_with_its_line(
    tmp_path: Path, instances: dict[str, Any], message: str
) -> None:
    """SageMaker would refuse the job, after the data have been prepared."""
    with pytest.raises(SettingsError, match=rf"line \d+: instances\.{message}"):
        load(tmp_path, "xgboost", **instances)


@pytest.mark.parametrize("algorithm", ["lightgbm", "auto", "linear", "sklearn:sklearn.svm.SVC"])
def test_only_what_can_share_its_rows_gets_several_instances(
    tmp_path: Path, algorithm: str
) -> None:
    """Each would train the same model, at so many times the price."""
    with pytest.raises(
        SettingsError, match=r"line 2: instances\.training_count: .* trains on one instance"
    ):
        load(tmp_path, algorithm, training_count=2)
    assert load(tmp_path, "xgboost", training_count=2).instances.training_count == 2
    # It begins anew when it is interrupted, which may still be cheap.
    assert load(tmp_path, algorithm, spot=True).instances.spot


def test_folds_are_trained_on_one_instance() -> None:
    """Every host would train every fold."""
    folded = mixed_usecase("binary", folds=5).model_dump(mode="json", exclude_unset=True)
    with pytest.raises(ValidationError, match="folds are trained on one instance"):
        UseCase.model_validate(folded | {"instances": {"training_count": 2}})


def test_an_execution_cannot_choose_another_algorithm_for_several(tmp_path: Path) -> None:
    """The number of instances stands in the definition, whatever the hyperparameters say."""
    with pytest.raises(SettingsError, match=r"instances\.training_count"):
        load(tmp_path, "xgboost", training_count=2).with_settings({"training.algorithm": "linear"})


@pytest.mark.parametrize(
    "algorithm",
    ["aws:xgboost", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:1"],
)
def test_an_image_of_others_gets_no_place_for_its_state(tmp_path: Path, algorithm: str) -> None:
    """It knows no fingerprints: it would go on from another execution's state."""
    waits = {"spot": True, "timeout_sec": 1_800, "max_wait_sec": 3_600}
    assert not load(tmp_path, algorithm, **waits).keeps_checkpoints
    assert load(tmp_path, "xgboost", spot=True).keeps_checkpoints
    assert not load(tmp_path, "xgboost").keeps_checkpoints
