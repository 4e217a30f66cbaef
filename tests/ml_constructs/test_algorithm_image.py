"""The image of another algorithm: named by region, pulled from one repository."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ml_constructs.algorithm_image import AlgorithmImage, MissingRegistryError

REGISTRIES = {"eu-west-1": "111122223333", "us-east-1": "444455556666"}


def image_in(region: str | None) -> tuple[cdk.Stack, AlgorithmImage]:
    """Define an image in a stack of its own."""
    stack = cdk.Stack(cdk.App(), "Stack")
    image = AlgorithmImage(
        stack,
        "Image",
        name="aws:xgboost",
        repository="sagemaker-xgboost",
        version=":3.2-0",
        registries=REGISTRIES,
        region=region,
    )
    return stack, image


@pytest.mark.parametrize("region", [None, "eu-west-1"])
def test_the_registry_is_that_of_the_region(region: str | None) -> None:
    """Filled in at deployment: nothing is looked up."""
    stack, image = image_in(region)
    template: dict[str, Any] = cdk.assertions.Template.from_stack(stack).to_json()
    (mapping,) = template["Mappings"].values()

    assert mapping["us-east-1"] == {"Account": "444455556666"}
    assert mapping["eu-west-1"] == {"Account": "111122223333"}
    assert "FindInMap" in str(stack.resolve(image.uri))
    assert "/sagemaker-xgboost:3.2-0" in str(stack.resolve(image.uri))


def test_a_region_without_the_image_is_an_error_of_synthesis() -> None:
    """Not one of a deployment that has run for ten minutes."""
    with pytest.raises(MissingRegistryError, match="no image in eu-north-1; it is in eu-west-1"):
        image_in("eu-north-1")


def test_one_repository_can_be_pulled() -> None:
    """Three actions, one repository of one account."""
    stack, image = image_in(None)
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    image.grant_pull(role)
    template = cdk.assertions.Template.from_stack(stack)
    (policy,) = template.find_resources("AWS::IAM::Policy").values()
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]

    assert statement["Action"] == [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
    ]
    assert str(statement["Resource"]).endswith(":repository/sagemaker-xgboost']]}")
