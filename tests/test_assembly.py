"""The graph of the templates that other checks stand on."""

from __future__ import annotations

import pytest

from tests.assembly import Assembly, references

TEMPLATES = {
    "dev": {
        "Keys": {
            "Resources": {"Key": {"Type": "AWS::KMS::Key", "Properties": {}}},
            "Outputs": {"KeyArn": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}}},
        },
        "Data": {
            "Resources": {
                "Bucket": {
                    "Type": "AWS::S3::Bucket",
                    "Properties": {
                        "Key": {
                            "Fn::GetStackOutput": {
                                "StackName": "acequia-dev-Keys",
                                "OutputName": "KeyArn",
                            }
                        },
                        "Name": {"Fn::Join": ["", ["a-", {"Ref": "AWS::Region"}]]},
                    },
                }
            }
        },
    }
}


@pytest.fixture
def graph() -> Assembly:
    """Two stacks, one of which refers to the other."""
    return Assembly(TEMPLATES)


def test_a_reference_between_stacks_leads_to_its_resource(graph: Assembly) -> None:
    """Encryption is proved by the key that a bucket really uses, not by a name."""
    (bucket,) = graph.find("AWS::S3::Bucket")
    key = graph.target(bucket, bucket.properties["Key"])

    assert key is not None
    assert key.address == "dev/Keys/Key"


def test_values_are_written_as_text(graph: Assembly) -> None:
    """A joined name can be compared, whatever it is joined of."""
    (bucket,) = graph.find("AWS::S3::Bucket")

    assert graph.resolve(bucket, bucket.properties) == {
        "Key": "${Keys.Key.Arn}",
        "Name": "a-${AWS::Region}",
    }


def test_a_literal_refers_to_nothing(graph: Assembly) -> None:
    """A key that is written out is not one of ours."""
    (bucket,) = graph.find("AWS::S3::Bucket")

    assert graph.target(bucket, "alias/aws/s3") is None


def test_references_are_found_however_deep() -> None:
    """The graph is complete only if none hides in a list in a map."""
    assert list(references({"a": [{"b": {"Ref": "X"}}]})) == [{"Ref": "X"}]


def test_a_document_in_a_property_is_read_with_its_references() -> None:
    """A pipeline definition is text in which references lie, some of them deep functions."""
    account = {"Fn::Select": [4, {"Fn::Split": [":", {"Fn::GetAtt": ["Key", "Arn"]}]}]}
    text = ['{"Image":"', account, ".dkr", '","Key":"', {"Fn::GetAtt": ["Key", "Arn"]}, '"}']
    properties = {"Definition": {"Body": {"Fn::Join": ["", text]}}, "Note": "{not JSON"}
    resources = {
        "Key": {"Type": "AWS::KMS::Key"},
        "Pipeline": {"Type": "AWS::SageMaker::Pipeline", "Properties": properties},
    }
    (document,) = Assembly({"dev": {"One": {"Resources": resources}}}).documents

    assert document.path == ("Definition", "Body")
    assert document.content["Key"] == "${One.Key.Arn}"
    assert document.content["Image"].endswith(".dkr")


def test_one_resource_is_found_by_its_place(graph: Assembly) -> None:
    """An address that leads nowhere is None, not an error."""
    found = graph.resource("dev", "Keys", "Key")

    assert found is not None
    assert found.type == "AWS::KMS::Key"
    assert graph.resource("dev", "Keys", "Other") is None
