"""An image is used only once something has looked into it."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from delivery import scan
from delivery.errors import WaitedTooLongError
from delivery.scan import UnsafeImageError, wait_for_scan
from tests.delivery.world import DIGEST, finding


@pytest.fixture
def ecr(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client without an account, and a clock that does not wait."""
    monkeypatch.setattr(scan, "POLL_SEC", 0)
    return boto3.client(
        "ecr", "eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )


def _answer(status: str, **findings: Any) -> dict[str, Any]:
    return {"imageScanStatus": {"status": status}, "imageScanFindings": findings}


def _enhanced() -> dict[str, Any]:
    return {
        "severity": "CRITICAL",
        "title": "CVE-9 - openssl",
        "packageVulnerabilityDetails": {
            "vulnerabilityId": "CVE-9",
            "sourceUrl": "https://example.org/CVE-9",
            "vulnerablePackages": [{"name": "openssl", "version": "3.0.1"}],
        },
    }


@pytest.mark.parametrize(
    ("stop_at", "severity", "stops"),
    [
        ("CRITICAL", "CRITICAL", True),
        ("CRITICAL", "HIGH", False),
        ("HIGH", "HIGH", True),
        ("INFORMATIONAL", "LOW", True),
        ("INFORMATIONAL", "UNDEFINED", False),
    ],
)
def test_only_what_is_bad_enough_stops(ecr: Any, stop_at: str, severity: str, stops: bool) -> None:
    """The settings say how bad."""
    with Stubber(ecr) as stub:
        for _ in range(2):
            answer = _answer("COMPLETE", findings=[finding(severity, "CVE-1")])
            stub.add_response("describe_image_scan_findings", answer)
        if stops:
            with pytest.raises(UnsafeImageError, match=f"{severity} CVE-1 openssl"):
                wait_for_scan(ecr, "repository", DIGEST, stop_at)
        else:
            wait_for_scan(ecr, "repository", DIGEST, stop_at)


def test_a_scan_that_has_not_begun_is_waited_for(ecr: Any) -> None:
    """The push is a moment ago; an enhanced scan is active, never complete."""
    with Stubber(ecr) as stub:
        stub.add_client_error("describe_image_scan_findings", "ScanNotFoundException")
        for status in ("PENDING", "IN_PROGRESS", "ACTIVE", "ACTIVE"):
            stub.add_response(
                "describe_image_scan_findings", _answer(status, enhancedFindings=[_enhanced()])
            )
        with pytest.raises(UnsafeImageError, match="CRITICAL CVE-9 openssl 3"):
            wait_for_scan(ecr, "repository", DIGEST, "CRITICAL")


@pytest.mark.parametrize("status", ["FAILED", "UNSUPPORTED_IMAGE", "FINDINGS_UNAVAILABLE"])
def test_an_image_that_could_not_be_scanned_stops(ecr: Any, status: str) -> None:
    """No finding because nobody looked is no good news."""
    with Stubber(ecr) as stub:
        stub.add_response("describe_image_scan_findings", _answer(status))
        with pytest.raises(UnsafeImageError, match=status):
            wait_for_scan(ecr, "repository", DIGEST, "CRITICAL")


def test_a_scan_that_never_comes_stops(ecr: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scanning may be switched off in the account."""
    monkeypatch.setattr(scan, "TIMEOUT_SEC", 0)
    with Stubber(ecr) as stub:
        stub.add_client_error("describe_image_scan_findings", "ScanNotFoundException")
        with pytest.raises(WaitedTooLongError):
            wait_for_scan(ecr, "repository", DIGEST, "CRITICAL")
