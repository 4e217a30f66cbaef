"""Build the image of a commit once, see that its scan finds nothing bad, and name it by digest."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from delivery import aws, contract
from delivery.errors import DeliveryError
from delivery.program import ROOT, call, run
from delivery.sbom import bill_of_materials
from delivery.scan import wait_for_scan

DOCKERFILE: Final = "pipeline_code/container/Dockerfile"
REQUIREMENTS: Final = "pipeline_code/container/requirements.txt"


class NotPushedError(DeliveryError, RuntimeError):
    """The push of an image failed, and nobody else has pushed it."""


def build(values: Mapping[str, str]) -> dict[str, str]:
    """Return the image of the commit; one that is in the repository already is not built again."""
    session = aws.session()
    ecr = aws.client(session, "ecr")
    repository, commit = values[contract.REPOSITORY_NAME], values[contract.COMMIT]
    digest = _find(ecr, repository, commit)
    if digest:
        print(f"{repository}:{commit} is there already")
    else:
        digest = _build_and_push(ecr, values)
    wait_for_scan(ecr, repository, digest, values[contract.STOP_AT_SEVERITY])
    uri = f"{values[contract.REPOSITORY_URI]}@{digest}"
    key = f"{contract.SBOM_PREFIX}/{commit}.cdx.json"
    document = bill_of_materials(
        (ROOT / REQUIREMENTS).read_text(encoding="utf-8"),
        base_image=values[contract.BASE_IMAGE],
        image=uri,
        commit=commit,
    )
    bucket = values[contract.ARTIFACTS_BUCKET]
    aws.client(session, "s3").put_object(
        Bucket=bucket,
        Key=key,
        Body=json.dumps(document, indent=1, sort_keys=True).encode(),
        ContentType="application/vnd.cyclonedx+json",
    )
    return {
        contract.IMAGE_URI: uri,
        contract.IMAGE_DIGEST: digest,
        contract.SBOM_URI: f"s3://{bucket}/{key}",
    }


def _find(ecr: Any, repository: str, commit: str) -> str | None:
    try:
        found = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": commit}])
    except ClientError as error:
        if aws.code(error) == "ImageNotFoundException":
            return None
        raise
    digest: str = found["imageDetails"][0]["imageDigest"]
    return digest


def _build_and_push(ecr: Any, values: Mapping[str, str]) -> str:
    uri, commit = values[contract.REPOSITORY_URI], values[contract.COMMIT]
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    user, _, password = base64.b64decode(token).decode().partition(":")
    call(
        ["docker", "login", "--username", user, "--password-stdin", uri.partition("/")[0]],
        secret=password,
    )
    call(
        [
            *("docker", "build", "--platform", "linux/amd64"),
            # SageMaker takes an image, not an index of an image and its attestation.
            "--provenance=false",
            *("--build-arg", f"BASE={values[contract.BASE_IMAGE]}"),
            *("--file", DOCKERFILE, "--tag", f"{uri}:{commit}", "."),
        ]
    )
    code = call(["docker", "push", f"{uri}:{commit}"], check=False)
    # Tags never move, so a push that comes second is refused: the first one's image goes on.
    digest = _find(ecr, values[contract.REPOSITORY_NAME], commit)
    if digest is None:
        raise NotPushedError(f"docker push of {uri}:{commit} failed with exit code {code}")
    return digest


if __name__ == "__main__":
    sys.exit(run(contract.IMAGE, build))
