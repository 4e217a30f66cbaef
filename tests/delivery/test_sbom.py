"""The bill of materials lists what the image installs, no more and no less."""

from __future__ import annotations

import re

from delivery.image import REQUIREMENTS
from delivery.program import ROOT
from delivery.sbom import bill_of_materials
from tests.delivery.world import COMMIT, DIGEST, REPOSITORY, VALUES

BASE = VALUES["BASE_IMAGE"]


def _bill(requirements: str) -> dict[str, dict[str, object]]:
    image = f"{REPOSITORY}@{DIGEST}"
    document = bill_of_materials(requirements, base_image=BASE, image=image, commit=COMMIT)
    return {each["name"]: each for each in document["components"]}


def test_every_requirement_of_a_linux_image_is_listed() -> None:
    """Counted against the file with another expression."""
    text = (ROOT / REQUIREMENTS).read_text(encoding="utf-8")
    lines = re.findall(r"^[a-z0-9].*==.*$", text, flags=re.MULTILINE | re.IGNORECASE)
    elsewhere = [line for line in lines if re.search(r"== '(darwin|win32)'", line)]
    found = _bill(text)

    assert len(found) == len(lines) - len(elsewhere) + 1  # and the base image
    assert "xgboost" not in found  # of macOS
    for name, each in found.items():
        if name != BASE.partition("@")[0]:
            (reference,) = each["externalReferences"]  # type: ignore[misc]
            assert reference["hashes"], name


def test_the_base_is_named_by_digest_and_packages_by_purl() -> None:
    """So that a list of vulnerabilities can be matched against them."""
    digest = "ab" * 32
    found = _bill(f"Some_Package==1.2 ; sys_platform != 'win32' \\\n    --hash=sha256:{digest}\n")

    assert found[BASE.partition("@")[0]]["version"] == DIGEST
    assert found["Some_Package"]["purl"] == "pkg:pypi/some-package@1.2"
