"""Which accounts may read the models is said in full, or not at all."""

from __future__ import annotations

import pytest

import config
from config.registry import RegistryConfig
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.mistakes import parse

GOOD = """
environment: dev
usecase: fraud
protected: false
tags: {data_classification: internal, owner_team: somebody, cost_center: none}
"""


@pytest.mark.parametrize(
    "accounts",
    [
        "['12345678901']",
        "['1234567890123']",
        "['11112222333x']",
        "['1111-2222-3333']",
        "['arn:aws:iam::111122223333:root']",
        "['*']",
        "['']",
        "['111122223333 ']",
        "['١١١١٢٢٢٢٣٣٣٣']",
        "[111122223333]",
        "'111122223333'",
        "['111122223333', '111122223333']",
    ],
)
def test_what_is_no_account_is_refused(accounts: str) -> None:
    """A policy with a wrong account either fails to deploy or trusts a stranger."""
    with pytest.raises(SettingsError) as error:
        parse(f"{GOOD}registry: {{reader_accounts: {accounts}}}", config.PlatformConfig, source="x")
    (mistake,) = error.value.mistakes

    assert "registry.reader_accounts" in mistake


def test_every_wrong_account_is_named() -> None:
    """Two slips in a list are two lines."""
    with pytest.raises(SettingsError) as error:
        parse(f"{GOOD}registry: {{reader_accounts: ['1', '2']}}", config.PlatformConfig, source="x")

    assert [each.partition("; allowed")[0] for each in error.value.mistakes] == [
        "line 6: registry.reader_accounts.0: given '1'",
        "line 6: registry.reader_accounts.1: given '2'",
    ]


def test_nobody_outside_reads_by_default() -> None:
    """Sharing is a decision."""
    assert RegistryConfig().reader_accounts == ()
