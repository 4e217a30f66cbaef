"""Approve the version that people have agreed to, in the role that can do nothing else."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from delivery import aws
from delivery.contract import APPROVE, APPROVER_ROLE_ARN, COMMENT, MODEL_PACKAGE_ARN
from delivery.errors import DeliveryError
from delivery.exports import clean
from delivery.program import run
from pipeline_code import contract


class NotApprovableError(DeliveryError, ValueError):
    """The version is not one that may be approved now."""


def approve(values: Mapping[str, str]) -> dict[str, str]:
    """Approve the version that waits for it; a retry after it was approved changes nothing.

    Raises:
        NotApprovableError: if it was rejected, or a newer version is approved already.
    """
    sagemaker = aws.client(aws.session(values[APPROVER_ROLE_ARN]), "sagemaker")
    arn = values[MODEL_PACKAGE_ARN]
    package = sagemaker.describe_model_package(ModelPackageName=arn)
    status = package["ModelApprovalStatus"]
    if status == contract.APPROVED:
        print(f"{arn} is approved already")
        return {}
    if status != contract.PENDING:
        raise NotApprovableError(
            f"{arn} is {status}, and only {contract.PENDING} can be approved; train again, or see "
            f"who judged it: {package.get('ApprovalDescription', 'no reason was given')}"
        )
    version = package["ModelPackageVersion"]
    newest = _newest_approved(sagemaker, package["ModelPackageGroupName"])
    if newest > version:
        raise NotApprovableError(
            f"version {version} is stale: version {newest} was approved meanwhile, and this one "
            "was never compared with it; train again"
        )
    sagemaker.update_model_package(
        ModelPackageArn=arn,
        ModelApprovalStatus=contract.APPROVED,
        ApprovalDescription=clean(values[COMMENT]),
    )
    print(f"approved {arn}")
    return {}


def _newest_approved(sagemaker: Any, group: str) -> int:
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, ModelApprovalStatus=contract.APPROVED
    )
    return max(
        (each["ModelPackageVersion"] for page in pages for each in page["ModelPackageSummaryList"]),
        default=0,
    )


if __name__ == "__main__":
    sys.exit(run(APPROVE, approve))
