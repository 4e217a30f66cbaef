"""The settings of the registry."""

from __future__ import annotations

from pipeline_code.core.mistakes import Section


class RegistryConfig(Section):
    """Who outside this account reads the versions of the model."""
