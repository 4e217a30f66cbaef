"""Read what a project is told: every missing or malformed variable is named at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from delivery import contract
from delivery.contract import Project
from delivery.errors import VariablesError

_ROLE: Final = (r"arn:[\w-]+:iam::[0-9]{12}:role/.+", "the ARN of a role")
_COUNT: Final = (r"[1-9][0-9]{0,8}", "a whole number from 1")
_FORMS: Final[Mapping[str, tuple[str, str]]] = {
    # The tag stands for a commit where the source is an archive in a bucket.
    contract.COMMIT: (
        r"[0-9a-f]{40}|[0-9a-f]{32}",
        "the 40 hexadecimal digits of a commit, or the 32 of an entity tag",
    ),
    contract.STOP_AT_SEVERITY: ("|".join(contract.SEVERITIES), ", ".join(contract.SEVERITIES)),
    contract.BASE_IMAGE: (r"[^\s@]+@sha256:[0-9a-f]{64}", "an image by digest, NAME@sha256:..."),
    contract.IMAGE_URI: (r"[^\s@]+@sha256:[0-9a-f]{64}", "an image by digest, NAME@sha256:..."),
    contract.IMAGE_DIGEST: (r"sha256:[0-9a-f]{64}", "sha256: and 64 hexadecimal digits"),
    contract.ENVIRONMENT: (r"[a-z][a-z0-9]{1,11}", "the name of an environment"),
    contract.MODEL_PACKAGE_ARN: (
        r"arn:[\w-]+:sagemaker:[\w-]+:[0-9]{12}:model-package/[\w-]+/[1-9][0-9]*",
        "the ARN of one version of a model",
    ),
    contract.MODEL_VERSION: _COUNT,
    contract.POLL_SEC: _COUNT,
    contract.TIMEOUT_MIN: _COUNT,
    contract.MAX_P99_MS: _COUNT,
    contract.LOAD_SEC: _COUNT,
    contract.CONNECTIONS: _COUNT,
    contract.ROLE_ARN: _ROLE,
    contract.APPROVER_ROLE_ARN: _ROLE,
}
"""What a variable must look like, and how that is said."""
_UNRESOLVED: Final = re.compile(r"#\{.*\}")


def read(project: Project, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of ``project``; an optional one that is not set is left out.

    Raises:
        VariablesError: with every variable that is missing or malformed.
    """
    found: dict[str, str] = {}
    mistakes = []
    for name in (*project.reads, *project.optional):
        value = environment.get(name, "").strip()
        if value:
            found[name] = value
            mistakes += _mistakes(name, value)
        elif name in project.reads:
            mistakes.append(f"{name}: is not set")
    if mistakes:
        raise VariablesError(project.name, mistakes)
    return found


def _mistakes(name: str, value: str) -> list[str]:
    if _UNRESOLVED.search(value):
        # CodePipeline leaves the name of a variable that no action before has exported.
        return [f"{name}: given {value!r}, which no action before this one has exported"]
    pattern, allowed = _FORMS.get(name, (".*", ""))
    if re.fullmatch(pattern, value, flags=re.DOTALL):
        return []
    return [f"{name}: given {value!r}; allowed: {allowed}"]
