"""The settings of the sources."""

from __future__ import annotations

from pipeline_code.core.mistakes import Section


class SourcesConfig(Section):
    """Where raw data come from besides files: databases and tables."""
