"""The parameters of a locked definition, for the place where it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def with_defaults(
    definition: Mapping[str, Any], defaults: Mapping[str, str | int]
) -> dict[str, Any]:
    """Return the definition with other default values for some of its parameters."""
    return {
        **definition,
        "Parameters": [
            {**parameter, "DefaultValue": defaults[parameter["Name"]]}
            if parameter["Name"] in defaults
            else parameter
            for parameter in definition["Parameters"]
        ],
    }
