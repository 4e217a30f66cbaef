"""The settings of every environment: one YAML file each, read into frozen models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.delivery import DeliveryConfig
from config.overrides import overrides
from config.schema import PlatformConfig
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.mistakes import closest
from pipeline_code.core.mistakes import load as _load

__all__ = [
    "ENVIRONMENTS",
    "DeliveryConfig",
    "PlatformConfig",
    "load",
    "load_delivery",
    "overrides",
    "select",
    "select_delivery",
]

ENVIRONMENTS = ("dev", "staging", "prod")
"""In the order in which a change reaches them."""
ALL = "all"
DELIVERY = "delivery"
"""Asked for like an environment, but it is what delivers to them."""


def load(
    path_or_environment: Path | str, changes: Mapping[str, Any] | None = None
) -> PlatformConfig:
    """Read the settings of an environment, by its name or by the path of its file.

    Args:
        path_or_environment: the name, or the file.
        changes: values that replace those of the file, by their dotted path; see `overrides`.

    Raises:
        SettingsError: with every mistake of the file, one a line, or if there is no such
            environment.
    """
    if isinstance(path_or_environment, Path):
        return _load(path_or_environment, PlatformConfig, changes)
    name = path_or_environment
    if name not in ENVIRONMENTS:
        words = [*ENVIRONMENTS, ALL, DELIVERY]
        raise SettingsError(
            "environment",
            [f"given {name!r}; allowed: {', '.join(words)}{closest(name, words)}"],
        )
    path = Path(__file__).parent / f"{name}.yaml"
    settings = _load(path, PlatformConfig, changes)
    if settings.environment != name:
        raise SettingsError(
            path.name,
            [f"environment: must be {name!r} in this file; given {settings.environment!r}"],
        )
    return settings


def select(
    environment: str | None, changes: Mapping[str, Any] | None = None
) -> list[PlatformConfig]:
    """Read the settings that ``-c environment=...`` asks for: one, ``all``, or dev by default.

    For ``delivery`` there are none, see `select_delivery`.

    Raises:
        SettingsError: also if ``changes``, which are of one environment, would go to several.
    """
    if environment in (ALL, DELIVERY):
        if changes:
            raise SettingsError(
                "-c",
                [
                    f"{', '.join(changes)} can be changed in one environment only, "
                    f"given {environment!r}"
                ],
            )
        return [load(name) for name in ENVIRONMENTS] if environment == ALL else []
    return [load(environment or ENVIRONMENTS[0], changes)]


def load_delivery(path: Path | None = None) -> DeliveryConfig:
    """Read the settings of the delivery, by default ours.

    Raises:
        SettingsError: with every mistake of the file, one a line.
    """
    return _load(path or Path(__file__).with_name(f"{DELIVERY}.yaml"), DeliveryConfig)


def select_delivery(environment: str | None) -> DeliveryConfig | None:
    """Read the settings of the delivery if ``-c environment=...`` asks for it and has some."""
    if environment == DELIVERY:
        return load_delivery()
    is_there = Path(__file__).with_name(f"{DELIVERY}.yaml").exists()
    return load_delivery() if environment == ALL and is_there else None
