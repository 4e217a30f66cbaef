"""Write the bill of materials of the image, as CycloneDX, from what its build may install.

The image installs its pinned requirements with their hashes and nothing else, so this file says
what is in it without looking. What the base image holds is for the scan to say; it is named here
by digest.

Source: CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/.
"""

from __future__ import annotations

import re
from typing import Any, Final

from packaging.markers import Marker

# What the image runs on, whatever this machine is.
_PLATFORM: Final = {
    "sys_platform": "linux",
    "platform_system": "Linux",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "implementation_name": "cpython",
    "python_version": "3.11",
    "python_full_version": "3.11.0",
}
_PINNED: Final = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?:\s*;(?P<marker>[^\\\n]*))?"
    r"(?P<hashes>(?:\s*\\\n\s+--hash=sha256:[0-9a-f]{64})*)",
    re.MULTILINE,
)
_HASH: Final = re.compile(r"sha256:([0-9a-f]{64})")


def bill_of_materials(
    requirements: str, *, base_image: str, image: str, commit: str
) -> dict[str, Any]:
    """List the packages of a compiled requirements file that a Linux image installs."""
    name, _, digest = image.partition("@")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "container",
                "bom-ref": image,
                "name": name,
                "version": digest,
                "properties": [{"name": "acequia:commit", "value": commit}],
            }
        },
        "components": [_base(base_image), *_packages(requirements)],
    }


def _base(image: str) -> dict[str, Any]:
    name, _, digest = image.partition("@")
    return {"type": "container", "bom-ref": image, "name": name, "version": digest}


def _packages(requirements: str) -> list[dict[str, Any]]:
    found = []
    for match in _PINNED.finditer(requirements):
        if match["marker"] and not Marker(match["marker"].strip()).evaluate(dict(_PLATFORM)):
            continue
        url = f"pkg:pypi/{match['name'].lower().replace('_', '-')}@{match['version']}"
        found.append(
            {
                "type": "library",
                "bom-ref": url,
                "name": match["name"],
                "version": match["version"],
                "purl": url,
                # Of the files that pip may choose from; it refuses every other.
                "externalReferences": [
                    {
                        "type": "distribution",
                        "url": f"https://pypi.org/project/{match['name']}/{match['version']}/",
                        "hashes": [
                            {"alg": "SHA-256", "content": one}
                            for one in _HASH.findall(match["hashes"])
                        ],
                    }
                ],
            }
        )
    return found
