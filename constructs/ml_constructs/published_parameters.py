"""Where consumers find what was deployed: one SSM parameter for each name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from aws_cdk import aws_ssm as ssm
from constructs import Construct

_NAME = re.compile(r"(/[A-Za-z0-9_.-]+){2,15}")
_RESERVED = ("/aws", "/ssm")


class PublishedParameters(Construct):
    """Define ``<prefix>/<path>`` for each value, readable by whoever may read parameters.

    Stateless. Names and ARNs only: a String parameter is no place for a secret.
    Source: AWS Systems Manager User Guide, "Parameter name requirements and constraints".
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, prefix: str, values: Mapping[str, str]
    ) -> None:
        super().__init__(scope, construct_id)
        for path, value in values.items():
            name = f"{prefix}/{path}"
            if not _NAME.fullmatch(name) or name.lower().startswith(_RESERVED):
                raise ValueError(
                    f"parameter {name!r}: SSM allows up to 15 levels of letters, digits and "
                    "_ . - that do not begin with aws or ssm; rename it"
                )
            ssm.CfnParameter(self, _construct_id(path), name=name, type="String", value=value)


def _construct_id(path: str) -> str:
    """Turn ``buckets/raw`` into ``BucketsRaw``."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", path))
