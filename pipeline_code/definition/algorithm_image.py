"""Where the image of another algorithm lies: in which registry of each region, by which tag."""

from __future__ import annotations

from typing import Any

from pipeline_code.core.foreign_algorithms import IMAGE, foreign_algorithm


def algorithm_image(algorithm: str) -> dict[str, Any] | None:
    """Describe the image for the lock, as `LockedAlgorithm` reads it; None for ours.

    SageMaker keeps a copy of each image in every region, each in an account of its own; the SDK
    knows them all, so that synthesis has nothing to look up.
    """
    foreign = foreign_algorithm(algorithm)
    if foreign is None:
        return None
    if foreign.framework is None:
        found = IMAGE.fullmatch(algorithm)
        assert found is not None  # noqa: S101 - that is what made it foreign
        version = f"@{found['digest']}" if found["digest"] else f":{found['tag']}"
        registries, repository = {found["region"]: found["account"]}, found["repository"]
    else:
        registries, repository, version = _of_sagemaker(*foreign.framework)
    return {
        "name": algorithm,
        "repository": repository,
        "version": version,
        "registries": registries,
    }


def _of_sagemaker(framework: str, version: str) -> tuple[dict[str, str], str, str]:
    from sagemaker.core import image_uris

    known = image_uris.config_for_framework(framework)
    of_versions = known.get("training", known)["versions"][version]
    region = min(of_versions["registries"])
    uri = image_uris.retrieve(framework, region, version=version)
    repository, _, tag = uri.partition("/")[2].partition(":")
    return dict(sorted(of_versions["registries"].items())), repository, f":{tag}"
