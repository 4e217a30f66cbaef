"""ARNs of this partition, region and account, which are filled in at deployment.

The CDK has `Stack.format_arn` for this; asked a thousand times it is a fifth of a synthesis,
for each call goes to another process.
"""

from __future__ import annotations

from typing import Final

from aws_cdk import Aws

PARTITION: Final = Aws.PARTITION
REGION: Final = Aws.REGION
ACCOUNT: Final = Aws.ACCOUNT_ID
URL_SUFFIX: Final = Aws.URL_SUFFIX


def format_arn(
    *,
    service: str,
    resource: str,
    resource_name: str = "",
    separator: str = "/",
    region: str = REGION,
    account: str = ACCOUNT,
) -> str:
    """Write the ARN of a resource; ``region`` or ``account`` is empty where a service has none."""
    last = f"{resource}{separator}{resource_name}" if resource_name else resource
    return f"arn:{PARTITION}:{service}:{region}:{account}:{last}"
