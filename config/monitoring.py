"""The settings of the monitoring."""

from __future__ import annotations

from config.types import EmailAddress
from pipeline_code.core.mistakes import Section


class MonitoringConfig(Section):
    """Who hears of what, when; and what the month may cost."""

    emails: tuple[EmailAddress, ...] = ()
