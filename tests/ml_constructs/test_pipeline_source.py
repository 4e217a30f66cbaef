"""Each kind of source: how it is fetched, with which rights, and what starts the pipeline."""

from __future__ import annotations

from ml_constructs.pipeline_source import from_codecommit, from_connection, from_s3

ARN = "arn:aws:codestar-connections:eu-west-1:111122223333:connection/abc"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/abc"


def test_a_connection_is_used_under_the_name_of_its_service() -> None:
    """Older connections are of another service, whose actions bear its name."""
    new = ARN.replace("codestar-connections", "codeconnections")

    for arn, service in ((ARN, "codestar-connections"), (new, "codeconnections")):
        source = from_connection(connection_arn=arn, repository="a/b", branch="main")
        assert list(source.rights) == [([f"{service}:UseConnection"], arn)]


def test_without_paths_any_change_on_the_branch_starts_it() -> None:
    """An empty filter would be refused."""
    (trigger,) = from_connection(connection_arn=ARN, repository="a/b", branch="main").triggers

    assert trigger["GitConfiguration"]["Push"] == [{"Branches": {"Includes": ["main"]}}]


def test_paths_are_filtered_with_the_branch() -> None:
    """Both must hold."""
    source = from_connection(
        connection_arn=ARN, repository="a/b", branch="main", paths=["x/**"], excluded_paths=["*.md"]
    )

    assert source.triggers[0]["GitConfiguration"]["Push"] == [
        {
            "Branches": {"Includes": ["main"]},
            "FilePaths": {"Includes": ["x/**"], "Excludes": ["*.md"]},
        }
    ]
    assert source.event_pattern is None


def test_only_a_source_with_commits_names_one() -> None:
    """S3 knows none: the entity tag stands for it."""
    assert from_codecommit(repository="r", branch="b").commit == "CommitId"
    assert from_s3(bucket="b", object_key="k.zip").commit == "ETag"


def test_one_object_is_read_and_its_key_where_there_is_one() -> None:
    """Not the rest of the bucket."""
    plain = from_s3(bucket="b", object_key="k.zip")
    encrypted = from_s3(bucket="b", object_key="k.zip", key_arn=KEY)

    assert [resource.rpartition(":::")[2] for _, resource in plain.rights] == ["b", "b/k.zip"]
    assert encrypted.rights[-1] == (["kms:Decrypt"], KEY)
