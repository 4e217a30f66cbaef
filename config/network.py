"""The settings of the network."""

from __future__ import annotations

from pipeline_code.core.mistakes import Section


class NetworkConfig(Section):
    """Which network the jobs run in, and what it reaches."""
