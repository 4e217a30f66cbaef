"""Put one version of the model behind the endpoint of one environment, and see it serve."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import boto3
from botocore.exceptions import ClientError

import config
from delivery import aws, contract
from delivery.errors import DeliveryError
from delivery.program import call, run, wait
from stacks.names import Names

_CHANGING: Final = ("Creating", "Updating", "SystemUpdating", "RollingBack")


class NotServingError(DeliveryError, RuntimeError):
    """The endpoint does not serve the version that was deployed."""


def deploy(values: Mapping[str, str]) -> dict[str, str]:
    """Deploy the version and wait until it serves; a retry of a version that does changes nothing.

    Raises:
        NotServingError: if the endpoint took itself back or failed, with the alarm if known.
    """
    environment = values[contract.ENVIRONMENT]
    names = Names(environment, config.load(environment).usecase)
    started = datetime.now(UTC)
    code = call(
        [
            *("npx", "cdk", "deploy", f"{names.platform}/Serving", "--exclusively"),
            *("--require-approval", "never", "--progress", "events"),
            *("-c", f"environment={environment}"),
            *("-c", f"model-version={values[contract.MODEL_VERSION]}"),
        ],
        check=False,
    )
    session = aws.session(values.get(contract.ROLE_ARN))
    endpoint = _settled(session, names.endpoint, values, is_deployed=code == 0)
    status = endpoint["EndpointStatus"]
    # One that took itself back is in service again, with the version before and a reason.
    is_back = "FailureReason" in endpoint and endpoint["LastModifiedTime"] >= started
    if code != 0 or status != "InService" or is_back:
        raise NotServingError(_explain(session, endpoint, values, code))
    print(f"{names.endpoint} serves version {values[contract.MODEL_VERSION]}")
    return {contract.ENDPOINT_NAME: names.endpoint}


def _settled(
    session: boto3.Session, name: str, values: Mapping[str, str], *, is_deployed: bool
) -> dict[str, Any]:
    sagemaker = aws.client(session, "sagemaker")

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = sagemaker.describe_endpoint(EndpointName=name)
        return None if found["EndpointStatus"] in _CHANGING else found

    try:
        return wait(
            look,
            f"endpoint {name}",
            poll_sec=float(values[contract.POLL_SEC]),
            timeout_sec=60 * float(values[contract.TIMEOUT_MIN]),
        )
    except ClientError as error:
        if is_deployed:
            raise
        # The deployment failed before there was an endpoint; what it printed says why.
        return {"EndpointName": name, "EndpointStatus": f"not there ({aws.code(error)})"}


def _explain(
    session: boto3.Session, endpoint: Mapping[str, Any], values: Mapping[str, str], code: int
) -> str:
    lines = [
        f"{endpoint['EndpointName']} does not serve version {values[contract.MODEL_VERSION]}: "
        f"it is {endpoint['EndpointStatus']}, cdk deploy ended with {code}",
        f"  reason: {endpoint.get('FailureReason', 'see what CloudFormation says above')}",
        *(f"  {line}" for line in _alarms(session, endpoint)),
    ]
    return "\n".join(lines)


def _alarms(session: boto3.Session, endpoint: Mapping[str, Any]) -> list[str]:
    """Say how the alarms are that take a version back; only their names without the right to."""
    rollback = endpoint.get("LastDeploymentConfig", {}).get("AutoRollbackConfiguration", {})
    names = [each["AlarmName"] for each in rollback.get("Alarms", [])]
    if not names:
        return []
    try:
        found = aws.client(session, "cloudwatch").describe_alarms(AlarmNames=names)
    except ClientError as error:
        return [f"guarded by the alarms {', '.join(names)} (their state: {aws.code(error)})"]
    return [
        f"alarm {each['AlarmName']} is {each['StateValue']}: {each.get('StateReason', '')}"
        for each in found["MetricAlarms"]
    ]


if __name__ == "__main__":
    sys.exit(run(contract.SERVING, deploy))
