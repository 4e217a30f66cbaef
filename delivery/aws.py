"""Clients of AWS that are patient with throttling, in the role that a project may take."""

from __future__ import annotations

from typing import Any, Final

import boto3
from botocore.config import Config

_PATIENT: Final = Config(
    retries={"mode": "standard", "total_max_attempts": 10}, connect_timeout=10, read_timeout=60
)
_SESSION_NAME: Final = "acequia-delivery"


def session(role_arn: str | None = None) -> boto3.Session:
    """Return a session of this project, or of the role ``role_arn``, for an hour at most."""
    if role_arn is None:
        return boto3.Session()
    taken = client(boto3.Session(), "sts").assume_role(
        RoleArn=role_arn, RoleSessionName=_SESSION_NAME
    )["Credentials"]
    return boto3.Session(
        aws_access_key_id=taken["AccessKeyId"],
        aws_secret_access_key=taken["SecretAccessKey"],
        aws_session_token=taken["SessionToken"],
    )


def client(session: boto3.Session, service: str, config: Config = _PATIENT) -> Any:
    """Return a client that tries again when AWS throttles or breaks."""
    return session.client(service, config=config)


def code(error: Any) -> str:
    """Return the code of a refusal of AWS."""
    return str(error.response["Error"]["Code"])
