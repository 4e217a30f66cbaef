"""Every name that the delivery stack and its scripts share: what a project reads and exports.

The stack sets the variables, the buildspec exports them, the module reads and writes them. A
variable that is renamed here is renamed in all three, or a test fails. This module imports
nothing of ours, so that the stacks may import it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# --- Variables ----------------------------------------------------------------------------------

COMMIT: Final = "COMMIT"
"""The commit that is delivered, 40 hexadecimal digits: ``#{Source.CommitId}``."""
ROLE_ARN: Final = "ROLE_ARN"
"""The role to take first, where what is looked at is in another account."""

REPOSITORY_URI: Final = "REPOSITORY_URI"
REPOSITORY_NAME: Final = "REPOSITORY_NAME"
STOP_AT_SEVERITY: Final = "STOP_AT_SEVERITY"
"""Findings of this severity or a worse one stop the line: one of `SEVERITIES`."""
ARTIFACTS_BUCKET: Final = "ARTIFACTS_BUCKET"
BASE_IMAGE: Final = "BASE_IMAGE"
"""The Python image to build upon, named by digest."""
IMAGE_URI: Final = "IMAGE_URI"
"""The image by digest: ``<repository>@sha256:...``."""
IMAGE_DIGEST: Final = "IMAGE_DIGEST"
SBOM_URI: Final = "SBOM_URI"

ENVIRONMENT: Final = "ENVIRONMENT"
"""Whose stacks are deployed: dev, staging or prod."""

PIPELINE_NAME: Final = "PIPELINE_NAME"
AUTHOR: Final = "AUTHOR"
POLL_SEC: Final = "POLL_SEC"
TIMEOUT_MIN: Final = "TIMEOUT_MIN"
DECISION: Final = "DECISION"
"""`REGISTERED` or `CHAMPION_KEPT`; what comes after training is skipped unless it is the first."""
REASON: Final = "REASON"
MODEL_PACKAGE_ARN: Final = "MODEL_PACKAGE_ARN"
MODEL_VERSION: Final = "MODEL_VERSION"
REPORT_URI: Final = "REPORT_URI"
"""The report in the console: a link that begins with https, as a manual approval needs it."""
CHALLENGER_METRIC: Final = "CHALLENGER_METRIC"
CHAMPION_METRIC: Final = "CHAMPION_METRIC"
METRIC_NAME: Final = "METRIC_NAME"

ENDPOINT_NAME: Final = "ENDPOINT_NAME"
MAX_P99_MS: Final = "MAX_P99_MS"
LOAD_SEC: Final = "LOAD_SEC"
CONNECTIONS: Final = "CONNECTIONS"
P50_MS: Final = "P50_MS"
P99_MS: Final = "P99_MS"
REQUESTS: Final = "REQUESTS"

APPROVER_ROLE_ARN: Final = "APPROVER_ROLE_ARN"
COMMENT: Final = "COMMENT"

# --- Values -------------------------------------------------------------------------------------

REGISTERED: Final = "registered"
CHAMPION_KEPT: Final = "champion_kept"
NONE: Final = "none"
"""What a variable says that has no value: CodePipeline refuses an empty one."""
SEVERITIES: Final = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL")
"""Of the findings of ECR, the worst first."""
SBOM_PREFIX: Final = "sbom"
"""Where in the artifacts bucket the bills of materials lie: ``sbom/<commit>.cdx.json``."""

# --- Projects -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Project:
    """Name what one CodeBuild project runs, needs and hands on."""

    name: str
    """Of the module, ``python -m delivery.<name>``, and of the buildspec."""
    reads: tuple[str, ...] = ()
    """Variables without which it does not start."""
    optional: tuple[str, ...] = ()
    """Variables that may be left out."""
    exports: tuple[str, ...] = ()
    """Variables of which each has a value, never an empty one, when the build succeeds."""

    @property
    def buildspec(self) -> str:
        """Return the path of the buildspec in the source."""
        return f"delivery/buildspecs/{self.name}.yml"


VERIFY: Final = Project(name="verify")
IMAGE: Final = Project(
    name="image",
    reads=(
        REPOSITORY_URI,
        REPOSITORY_NAME,
        COMMIT,
        STOP_AT_SEVERITY,
        ARTIFACTS_BUCKET,
        BASE_IMAGE,
    ),
    exports=(IMAGE_URI, IMAGE_DIGEST, SBOM_URI),
)
PLATFORM: Final = Project(name="platform", reads=(ENVIRONMENT, IMAGE_DIGEST, COMMIT))
TRAIN: Final = Project(
    name="train",
    reads=(PIPELINE_NAME, IMAGE_URI, COMMIT, AUTHOR, POLL_SEC, TIMEOUT_MIN),
    exports=(
        DECISION,
        REASON,
        MODEL_PACKAGE_ARN,
        MODEL_VERSION,
        REPORT_URI,
        CHALLENGER_METRIC,
        CHAMPION_METRIC,
        METRIC_NAME,
    ),
)
SERVING: Final = Project(
    name="serving",
    reads=(ENVIRONMENT, MODEL_VERSION, POLL_SEC, TIMEOUT_MIN),
    optional=(ROLE_ARN,),
    exports=(ENDPOINT_NAME,),
)
SMOKE: Final = Project(
    name="smoke",
    reads=(ENDPOINT_NAME, MODEL_PACKAGE_ARN, MAX_P99_MS, LOAD_SEC, CONNECTIONS),
    optional=(ROLE_ARN,),
    exports=(P50_MS, P99_MS, REQUESTS),
)
APPROVE: Final = Project(name="approve", reads=(MODEL_PACKAGE_ARN, APPROVER_ROLE_ARN, COMMENT))

PROJECTS: Final = (VERIFY, IMAGE, PLATFORM, TRAIN, SERVING, SMOKE, APPROVE)
"""In the order in which a change passes them."""
