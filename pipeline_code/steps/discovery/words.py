"""What names of columns and labels tell, in one place, so that it can be read and extended."""

from __future__ import annotations

import re
from typing import Final


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


def words_of(name: str) -> list[str]:
    """Split a column's name into its words: at what is no letter or digit, and at capitals."""
    spaced = re.sub(r"([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])", r"\1\3 \2\4", name)
    return [word.lower() for word in re.split(r"[\W_]+", spaced) if word]


KEYS: Final = _listed("id ids uuid guid key index idx rowid pk unnamed")
"""Words of columns that name something and say nothing of it."""

NUMBERED: Final = KEYS | _listed("no nr number ref reference")
"""Words of columns that do so where nearly every row has its own value."""

NOT_THE_MOMENT: Final = _listed(
    "birth birthday birthdate dob born expiry expires expiration valid until due end ended closed "
    "close closing resolved cancelled canceled terminated termination exit delivered updated "
    "modified last"
)
"""Words of times that are not the moment for which a row is to be predicted."""

TARGETS: Final = _listed(
    "target label class y output outcome churn churned default fraud is_fraud survived response "
    "result diagnosis species quality price saleprice income status rating"
)
"""Names that a target often has."""

POSITIVE: Final = _listed(
    "1 yes y true t positive pos churn churned fraud fraudulent default bad malignant sick ill "
    "died dead deceased click clicked bought converted spam attrited failure fail failed "
    "anomaly attack exited >50k >50k. subscribed present disease cancelled canceled"
)
"""Labels which say that what is looked for is the case."""

NEGATIVE: Final = _listed(
    "0 no n false f negative neg none good benign healthy ham normal ok stayed genuine legit "
    "legitimate absent -1 <=50k <=50k. existing"
)
"""Labels which say that it is not."""

AFTERWARDS: Final = _listed(
    "duration outcome outcomes result results resolution resolved reason closed closing closure "
    "settlement settled recovery recoveries recovered collection chargeoff chargedoff writeoff "
    "cancellation cancelled canceled churned terminated termination refund refunded disposition "
    "verdict decision final finished ended exit actual conversion converted label predicted "
    "prediction after post afterwards followup awarded"
)
"""Words of what is often known only after the outcome."""

BEFORE: Final = _listed("previous prev prior past last initial first before former old planned")
"""Words that take an `AFTERWARDS` back: a previous outcome is known."""

NEVER_NEGATIVE: Final = _listed(
    "age count counts num number qty quantity amount price fare duration days weeks months years "
    "hours minutes seconds length width height weight size area distance mileage population "
    "visits clicks calls tenure"
)
"""Words of quantities that cannot be below zero."""

SIGNED: Final = _listed(
    "temp temperature change diff difference delta growth return returns balance profit net "
    "lat latitude lon lng longitude score var rate index log offset deviation trend error"
)
"""Words of quantities that can be, even where no row here is."""
