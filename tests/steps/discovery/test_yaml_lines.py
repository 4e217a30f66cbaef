"""Whatever a file says, it stays a value or a comment of the YAML that is written."""

from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.steps.discovery.yaml_lines import WIDTH, line, remark, scalar

VALUES = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20),
    st.sampled_from(["yes", "no", "1", "1.0", "null", "~", "a: b", "a, b", "# x", "- x", "{", "*"]),
    st.integers(),
    st.booleans(),
)


@given(VALUES)
def test_a_value_is_read_back(value: object) -> None:
    """In a list, as a key, and with a comment behind it: a label yes must not become true."""
    text = scalar(value)
    written = "\n".join(line(f"key: [{text}, {text}]", "why"))
    assert yaml.safe_load(written) == {"key": [value, value]}
    assert yaml.safe_load(f"{{{text}: 1}}") == {value: 1}
    assert yaml.safe_load(f"- {text}  # why") == [value]


@given(st.text(), st.integers(0, 4))
def test_a_comment_stays_a_comment(comment: str, indent: int) -> None:
    """A line end inside a value of the file would make YAML of what follows."""
    written = "\n".join([*line("key: 1", comment, indent=indent), *remark(comment, indent=indent)])
    assert yaml.safe_load(written) == {"key": 1}


def test_long_comments_go_above_their_line() -> None:
    """A file is read in an editor, not by scrolling."""
    written = list(line("key: 1", "word " * 50))
    assert written[-1] == "key: 1"
    assert all(len(one) <= WIDTH for one in written)
    assert list(line("key: 1", "why")) == ["key: 1  # why"]
