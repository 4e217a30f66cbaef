"""The settings of the features."""

from __future__ import annotations

from pipeline_code.core.mistakes import Section


class FeaturesConfig(Section):
    """How the feature store keeps records."""
