"""What the checks take for names, ids and ARNs looks like what AWS would make."""

from __future__ import annotations

import json
import re

import pytest

from tests.assembly import Assembly
from tests.deployed import ACCOUNT, REGION, Deployment

TEMPLATES = {
    "dev": {
        "Data": {
            "Resources": {
                "Raw2403193C": {"Type": "AWS::S3::Bucket"},
                "Key961B73FD": {"Type": "AWS::KMS::Key"},
            },
            "Outputs": {"Bucket": {"Value": {"Ref": "Raw2403193C"}}},
        },
        "Training": {
            "Resources": {
                "Pipeline": {
                    "Type": "AWS::SageMaker::Pipeline",
                    "Properties": {
                        "PipelineName": "fraud",
                        "Bucket": {
                            "Fn::GetStackOutput": {
                                "StackName": "acequia-dev-Data",
                                "OutputName": "Bucket",
                            }
                        },
                        "Arn": {"Fn::Sub": "arn:${AWS::Partition}:s3:::x/${!kept}/${Pipeline}"},
                        "Nothing": {"Ref": "AWS::NoValue"},
                    },
                }
            }
        },
    }
}


@pytest.fixture
def small() -> Deployment:
    """Two stacks, one of which refers to the other."""
    return Deployment(Assembly(TEMPLATES), "dev")


def test_a_resource_is_called_as_it_asks_or_as_cloudformation_would(small: Deployment) -> None:
    """A name of its own, else stack and logical id."""
    assert small.arn(small.named["Training.Pipeline"]) == (
        f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/fraud"
    )
    assert small.arn(small.named["Data.Raw"]) == "arn:aws:s3:::acequia-dev-data-raw"


def test_a_key_has_an_id_that_stays(small: Deployment) -> None:
    """Drawn from where the key stands, not at random: two runs compare equal."""
    arn = small.arn(small.named["Data.Key"])

    assert re.fullmatch(rf"arn:aws:kms:{REGION}:{ACCOUNT}:key/[0-9a-f-]{{36}}", arn)
    assert arn == small.arn(small.named["Data.Key"])


def test_functions_are_carried_out(small: Deployment) -> None:
    """Across stacks too; a property without a value is not there."""
    assert small.properties(small.named["Training.Pipeline"]) == {
        "PipelineName": "fraud",
        "Bucket": "acequia-dev-data-raw",
        "Arn": "arn:aws:s3:::x/${kept}/fraud",
    }


def test_no_reference_is_left_in_any_resource(assembly: Assembly) -> None:
    """What the checks see is text; a function that is not known is an error, not skipped."""
    for environment in assembly.templates:
        deployment = Deployment(assembly, environment)
        for resource in deployment.resources:
            text = json.dumps(deployment.properties(resource))

            assert not re.search(r'"(Fn::\w+|Ref)": ', text), resource.address
