"""Instance types: those of the API, and for the use that a setting is about."""

from __future__ import annotations

import botocore.session
import pytest

from config.instances import TABLE, check_instance

SHAPES = {
    "notebook": "AppInstanceType",
    "processing": "ProcessingInstanceType",
    "training": "TrainingInstanceType",
    "transform": "TransformInstanceType",
    "endpoint": "ProductionVariantInstanceType",
}


@pytest.mark.parametrize("use", TABLE)
def test_the_table_is_that_of_the_api(use: str) -> None:
    """A new version of botocore brings new instances: renew with `scripts/instances`."""
    model = botocore.session.get_session().get_service_model("sagemaker")
    known = {name for name in model.shape_for(SHAPES[use]).enum if name.startswith("ml.")}

    assert {
        f"ml.{family}.{size}" for family, sizes in TABLE[use].items() for size in sizes.split()
    } == known


@pytest.mark.parametrize("use", TABLE)
def test_what_every_use_has_is_accepted(use: str) -> None:
    """The usual size is right everywhere."""
    assert check_instance(use)("ml.m5.xlarge") == "ml.m5.xlarge"


@pytest.mark.parametrize(
    ("use", "given", "message"),
    [
        ("training", "m5.large", "a SageMaker instance such as .*; did you mean 'ml.m5.large'"),
        ("training", "ml.m5", "a SageMaker instance such as"),
        ("training", "ML.M5.LARGE", "a SageMaker instance such as"),
        ("training", "ml.m55.large", "training instances of the families .*; did you mean 'm5'"),
        ("training", "ml.q1.large", "instances of the families c4, c5, "),
        ("training", "ml.m5.lage", "ml.m5.xlarge, .*; did you mean 'ml.m5.large'"),
        ("training", "ml.m5.48xlarge", "allowed: ml.m5.large, "),
        ("notebook", "ml.inf1.xlarge", "notebook instances of the families c5, "),
        ("endpoint", "ml.geospatial.interactive", "endpoint instances of the families c4, "),
        ("training", "ml.p5.2xlarge", "allowed: "),
    ],
)
def test_what_sagemaker_does_not_have_is_refused(use: str, given: str, message: str) -> None:
    """Another family, another size, a type of another use: AWS would say so after minutes."""
    with pytest.raises(ValueError, match=message):
        check_instance(use)(given)
