"""Wait for what ECR finds in an image, and stop on the worst of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from delivery import aws
from delivery.contract import SEVERITIES
from delivery.errors import DeliveryError
from delivery.program import wait

POLL_SEC: Final = 10
TIMEOUT_SEC: Final = 1200
_DONE: Final = ("COMPLETE", "ACTIVE")
"""Of a basic scan, and of an enhanced one, which never ends."""
_WAITING: Final = ("IN_PROGRESS", "PENDING")
_MOST_SHOWN: Final = 50


class UnsafeImageError(DeliveryError, ValueError):
    """The scan of an image found what stops the line, or could not look."""


def wait_for_scan(ecr: Any, repository: str, digest: str, stop_at: str) -> None:
    """Return once the scan found nothing of severity ``stop_at`` or worse.

    Raises:
        UnsafeImageError: with the findings, the worst first, or why there was no scan.
    """
    image = {"repositoryName": repository, "imageId": {"imageDigest": digest}}

    def look() -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = ecr.describe_image_scan_findings(**image)
        except ClientError as error:
            if aws.code(error) == "ScanNotFoundException":
                return None  # the push is a moment ago
            raise
        return None if found["imageScanStatus"]["status"] in _WAITING else found

    what = f"scan of {repository}@{digest}"
    status = wait(look, what, poll_sec=POLL_SEC, timeout_sec=TIMEOUT_SEC)["imageScanStatus"]
    if status["status"] not in _DONE:
        raise UnsafeImageError(
            f"{what}: {status['status']}: {status.get('description', 'no reason was given')}"
        )
    pages = ecr.get_paginator("describe_image_scan_findings").paginate(**image)
    findings = [_plain(each) for page in pages for each in _listed(page["imageScanFindings"])]
    stopping = SEVERITIES[: SEVERITIES.index(stop_at) + 1]
    bad = sorted(
        (each for each in findings if each[0] in stopping),
        key=lambda each: (SEVERITIES.index(each[0]), each[1:]),
    )
    print(f"{what}: {len(findings)} findings, {len(bad)} of {stop_at} or worse")
    if bad:
        shown = [f"  {' '.join(each)}" for each in bad[:_MOST_SHOWN]]
        if len(bad) > _MOST_SHOWN:
            shown.append(f"  and {len(bad) - _MOST_SHOWN} more")
        raise UnsafeImageError("\n".join([f"{what}: {len(bad)} findings stop the line", *shown]))


def _listed(findings: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    yield from findings.get("findings", [])
    yield from findings.get("enhancedFindings", [])


def _plain(finding: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Return severity, name, package with version, and address of a finding of either kind."""
    attributes = {each["key"]: each.get("value", "") for each in finding.get("attributes", [])}
    details = finding.get("packageVulnerabilityDetails", {})
    package = f"{attributes.get('package_name', '')} {attributes.get('package_version', '')}"
    for each in details.get("vulnerablePackages", [])[:1]:
        package = f"{each.get('name', '')} {each.get('version', '')}"
    return (
        finding.get("severity", "UNDEFINED"),
        finding.get("name") or details.get("vulnerabilityId") or finding.get("title", ""),
        package.strip(),
        finding.get("uri") or details.get("sourceUrl", ""),
    )
