"""MLflow: what is logged stays, below one folder, and is not registered behind the pipeline."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def app(site: Any) -> Any:
    """An app that is kept."""
    from aws_cdk import RemovalPolicy

    from ml_constructs.mlflow_app import MlflowApp

    return MlflowApp(
        site.stack,
        "Mlflow",
        name="site",
        store=site.bucket,
        prefix="fraud/mlflow",
        removal_policy=RemovalPolicy.RETAIN,
    )


def test_runs_and_the_role_outlive_the_stack(site: Any, app: Any) -> None:
    """The role is create-only: without it the app that was kept is of no use."""
    (resource,) = site.resources("AWS::SageMaker::MlflowApp").values()
    (role,) = site.resources("AWS::IAM::Role").values()

    assert resource["DeletionPolicy"] == role["DeletionPolicy"] == "Retain"
    assert resource["DependsOn"][0].startswith("MlflowRoleDefaultPolicy")


def test_the_role_is_held_to_one_folder(site: Any, app: Any) -> None:
    """The app's own role neither reads the models of the pipeline nor registers one."""
    statements = site.statements("MlflowRole")
    objects = [each for each in statements if "s3:PutObject" in str(each["Action"])]

    assert str(objects[0]["Resource"]).count("/fraud/mlflow/*") == 1
    assert "sagemaker:" not in str(statements)


def test_logging_a_model_does_not_register_it(site: Any, app: Any) -> None:
    """A version of the registry comes from the pipeline, with its evidence."""
    (resource,) = site.resources("AWS::SageMaker::MlflowApp").values()

    assert resource["Properties"]["ModelRegistrationMode"] == "AutoModelRegistrationDisabled"


def test_a_user_reaches_this_app_only(site: Any, app: Any) -> None:
    """Neither another app of the account nor the making of one."""
    app.grant_use(site.role("Maker"))
    (statement,) = (
        each for each in site.statements("Maker") if "CallMlflowAppApi" in str(each["Action"])
    )

    assert statement["Resource"]["Fn::GetAtt"][1] == "Arn"
    assert not any("CreateMlflowApp" in action for action in statement["Action"])
