"""What consumers look up lies under one prefix, under names that SSM takes."""

from __future__ import annotations

from typing import Any

import pytest


def _publish(site: Any, prefix: str, **values: str) -> None:
    from ml_constructs.published_parameters import PublishedParameters

    PublishedParameters(
        site.stack,
        "Published",
        prefix=prefix,
        values={path.replace("__", "/"): value for path, value in values.items()},
    )


def test_each_value_is_found_by_its_path(site: Any) -> None:
    """The prefix says which environment and use case, the rest what it is."""
    _publish(site, "/acequia/dev/churn", buckets__raw="b", pipeline__name="p")
    found = {
        each["Properties"]["Name"]: each["Properties"]["Value"]
        for each in site.resources("AWS::SSM::Parameter").values()
    }

    assert found == {
        "/acequia/dev/churn/buckets/raw": "b",
        "/acequia/dev/churn/pipeline/name": "p",
    }


def test_a_parameter_is_plain_text(site: Any) -> None:
    """Whoever may read parameters reads them: CloudFormation makes no SecureString anyway."""
    _publish(site, "/acequia/dev/churn", buckets__raw="b")
    (parameter,) = site.resources("AWS::SSM::Parameter").values()

    assert parameter["Properties"]["Type"] == "String"


@pytest.mark.parametrize("prefix", ["acequia", "/aws/dev", "/ssm/dev", "/has space", "/a//b", ""])
def test_a_name_that_ssm_refuses_is_refused_at_once(site: Any, prefix: str) -> None:
    """A deployment would stop half-way."""
    with pytest.raises(ValueError, match="SSM allows"):
        _publish(site, prefix, x="y")
