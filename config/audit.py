"""The settings of the audit."""

from __future__ import annotations

from pipeline_code.core.mistakes import Section


class AuditConfig(Section):
    """What is recorded of who did what, and which changes raise an alarm."""
