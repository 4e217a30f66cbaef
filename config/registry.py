"""The settings of the registry."""

from __future__ import annotations

from pydantic import field_validator

from config.types import AccountId
from pipeline_code.core.mistakes import Section


class RegistryConfig(Section):
    """Who outside this account reads the versions of the model, or tries what it deployed."""

    reader_accounts: tuple[AccountId, ...] = ()
    delivery_account: AccountId | None = None

    @field_validator("reader_accounts")
    @classmethod
    def _check_twice(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({each for each in value if value.count(each) > 1})
        if twice:
            raise ValueError(f"names {', '.join(twice)} twice")
        return value
