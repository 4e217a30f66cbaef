"""The settings of every environment: one YAML file each, read into frozen models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.overrides import overrides
from config.schema import PlatformConfig
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.mistakes import closest
from pipeline_code.core.mistakes import load as _load

__all__ = ["ENVIRONMENTS", "PlatformConfig", "load", "overrides", "select"]

ENVIRONMENTS = ("dev", "staging", "prod")
"""In the order in which a change reaches them."""
ALL = "all"


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
        allowed = ", ".join((*ENVIRONMENTS, ALL))
        raise SettingsError(
            "environment",
            [f"given {name!r}; allowed: {allowed}{closest(name, [*ENVIRONMENTS, ALL])}"],
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

    Raises:
        SettingsError: also if ``changes``, which are of one environment, would go to several.
    """
    if environment == ALL:
        if changes:
            raise SettingsError(
                "-c", [f"{', '.join(changes)} can be changed in one environment only, given 'all'"]
            )
        return [load(name) for name in ENVIRONMENTS]
    return [load(environment or ENVIRONMENTS[0], changes)]
