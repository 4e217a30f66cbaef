"""The settings of the serving."""

from __future__ import annotations

from pipeline_code.core.mistakes import Section


class ServingConfig(Section):
    """Which version of the model serves, on what, and how a change reaches it."""
