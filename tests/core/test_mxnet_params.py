"""Parameter files of MXNet: what is written is read, and nothing else is."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pipeline_code.core.mxnet_params import read_params, write_params

WEIGHTS = {
    "fc0_weight": np.array([[1.5, -2.0, 0.25]], dtype=np.float32),
    "fc0_bias": np.array([0.5], dtype=np.float32),
}
FILE = write_params(WEIGHTS)


def test_a_file_that_mxnet_writes_is_read() -> None:
    """These bytes were laid out by hand from `NDArray::Save`, not by our own writer."""
    data = struct.pack("<QQQ", 0x112, 0, 1)
    data += struct.pack("<IiIqqiii2f", 0xF993FAC9, 0, 2, 1, 2, 1, 0, 0, 3.0, -1.0)
    data += struct.pack("<QQ", 1, len(b"arg:fc0_weight")) + b"arg:fc0_weight"

    assert read_params(data)["fc0_weight"].tolist() == [[3.0, -1.0]]


def test_files_of_before_storage_types_are_read() -> None:
    """Older images write the first version of an array."""
    data = struct.pack("<QQQ", 0x112, 0, 1)
    data += struct.pack("<IIqiiid", 0xF993FAC8, 1, 1, 1, 0, 1, 0.1)
    data += struct.pack("<QQ", 1, 1) + b"b"

    assert read_params(data)["b"].tolist() == [0.1]


@given(
    arrays.arrays(
        np.float32,
        arrays.array_shapes(max_dims=3, max_side=5),
        elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
    )
)
def test_what_is_written_is_read(values: np.ndarray) -> None:
    """Bit for bit, whatever the shape."""
    found = read_params(write_params({"one": values, "two": values[:1]}))

    assert list(found) == ["one", "two"]
    assert np.array_equal(found["one"], values)


@pytest.mark.parametrize("length", range(0, len(FILE), 5))
def test_a_file_that_is_cut_off_is_refused(length: int) -> None:
    """Half of the weights are no model."""
    with pytest.raises(ValueError, match="ends in the middle"):
        read_params(FILE[:length])


@pytest.mark.parametrize(
    ("at", "value", "says"),
    [
        (0, struct.pack("<Q", 7), "no parameter file"),
        (24, struct.pack("<I", 7), "unknown version"),
        (28, struct.pack("<i", 1), "sparse"),
        (32, struct.pack("<I", 99), "99 dimensions"),
        (36, struct.pack("<q", -1), "negative size"),
        (60, struct.pack("<i", 6), "not of real numbers"),
        (36, struct.pack("<q", 1 << 60), "ends in the middle"),
    ],
)
def test_a_file_that_is_altered_is_refused(at: int, value: bytes, says: str) -> None:
    """A size that is a lie must not be allocated."""
    with pytest.raises(ValueError, match=says):
        read_params(FILE[:at] + value + FILE[at + len(value) :])
