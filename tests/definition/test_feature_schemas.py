"""A deployed feature group takes new features at its end, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline_code.definition.feature_schemas import GroupSchema, breaking_changes, duplicates

NAMES = st.text("abcdefgh", min_size=1, max_size=3)
TYPES = st.sampled_from(["Integral", "Fractional", "String"])
FEATURES = st.dictionaries(NAMES, TYPES, min_size=1, max_size=8).map(lambda each: (*each.items(),))


def schema(*features: tuple[str, str]) -> GroupSchema:
    """Make a schema whose key and event time are outside the alphabet of `NAMES`."""
    identity = (("ID", "Integral"), ("EventTime", "String"))
    return GroupSchema("ID", "EventTime", (*identity, *features))


@given(FEATURES, FEATURES)
def test_appending_is_never_a_breaking_change(
    old: tuple[tuple[str, str], ...], new: tuple[tuple[str, str], ...]
) -> None:
    """New features at the end are an update, however many they are."""
    known = {name for name, _ in old}
    appended = tuple(each for each in new if each[0] not in known)

    assert breaking_changes(schema(*old), schema(*old, *appended)) == []


@given(FEATURES, FEATURES)
def test_a_change_passes_exactly_if_the_old_schema_is_its_beginning(
    old: tuple[tuple[str, str], ...], new: tuple[tuple[str, str], ...]
) -> None:
    """Whatever else is done to a schema is refused: there is no third kind of change."""
    is_appended = new[: len(old)] == old

    assert (breaking_changes(schema(*old), schema(*new)) == []) is is_appended


@given(FEATURES, st.randoms(use_true_random=False))
def test_another_order_is_a_breaking_change(
    features: tuple[tuple[str, str], ...], random: object
) -> None:
    """A Parquet file of yesterday is read by position."""
    shuffled = list(features)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assume(tuple(shuffled) != features)
    (change,) = breaking_changes(schema(*features), schema(*shuffled))

    assert " stands where " in change


@given(FEATURES, st.data())
def test_a_removed_feature_is_named(
    features: tuple[tuple[str, str], ...], data: st.DataObject
) -> None:
    """Whoever reads the message need not compare two lists."""
    gone = data.draw(st.sampled_from(features))
    kept = [each for each in features if each != gone]

    assert f"{gone[0]} is gone" in str(breaking_changes(schema(*features), schema(*kept)))


@given(FEATURES, TYPES, st.data())
def test_another_type_is_named(
    features: tuple[tuple[str, str], ...], kind: str, data: st.DataObject
) -> None:
    """A count that became a share is another feature."""
    name, before = data.draw(st.sampled_from(features))
    assume(kind != before)
    after = [(each, kind if each == name else was) for each, was in features]

    assert breaking_changes(schema(*features), schema(*after)) == [
        f"{name} was {before} and is {kind}"
    ]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (schema(("A", "Integral"), ("C", "String")), "B is gone (renamed to C?)"),
        (schema(("B", "String")), "A is gone"),
        (schema(("C", "String"), ("A", "Integral"), ("B", "String")), "C stands where A stood"),
        (replace(schema(("A", "Integral"), ("B", "String")), record_identifier="KEY"),
         "the record identifier was ID and is KEY"),
        (replace(schema(("A", "Integral"), ("B", "String")), event_time="Then"),
         "the event time was EventTime and is Then"),
        (schema(("A", "Integral"), ("B", "String"), ("A", "Integral")), "A is there twice"),
    ],
)  # fmt: skip
def test_each_kind_of_breaking_change_is_said_in_words(after: GroupSchema, expected: str) -> None:
    """Renamed, removed, inserted, another key, another time, a name twice."""
    before = schema(("A", "Integral"), ("B", "String"))

    assert breaking_changes(before, after)[0] == expected


def test_a_name_that_is_there_twice_is_found_without_a_schema_of_before() -> None:
    """A new group has nothing to be compared with."""
    assert duplicates(schema(("A", "String"), ("A", "String"))) == ["A is there twice"]
    assert duplicates(schema(("A", "String"))) == []
