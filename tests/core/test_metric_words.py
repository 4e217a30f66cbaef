"""Every metric has words for people, and no words are left over."""

from __future__ import annotations

import pytest

from pipeline_code.core.metric_words import MEANINGS, TITLES
from pipeline_code.core.metrics import METRICS_OF, SMALLER_IS_BETTER

EVERY = {name for names in METRICS_OF.values() for name in names}


def test_every_metric_has_a_title_and_a_meaning() -> None:
    """A sentence with an underscore in it is no sentence."""
    assert set(TITLES) == set(MEANINGS) == EVERY
    assert not [title for title in TITLES.values() if "_" in title]
    assert len(set(TITLES.values())) == len(EVERY)


@pytest.mark.parametrize("problem", METRICS_OF)
def test_words_come_in_the_order_of_every_problem(problem: str) -> None:
    """Whoever lists the words lists them as the report does."""
    assert [name for name in TITLES if name in METRICS_OF[problem]] == list(METRICS_OF[problem])
    assert list(TITLES) == list(MEANINGS)


def test_the_reader_is_told_where_less_is_more() -> None:
    """A figure that should be small looks like a good one when it is large."""
    assert {name for name, text in MEANINGS.items() if "smaller is better" in text} == (
        SMALLER_IS_BETTER
    )
    assert SMALLER_IS_BETTER <= EVERY
