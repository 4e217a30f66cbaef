"""The settings of the studio."""

from __future__ import annotations

from pipeline_code.core.mistakes import Section


class StudioConfig(Section):
    """Who works in SageMaker Studio, as what, and with which tools."""
