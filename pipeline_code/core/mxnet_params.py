"""Read and write the parameter files of Apache MXNet, in which SageMaker's linear learner keeps
its weights: a list of dense arrays and their names.

Source: ``NDArray::Save`` and ``NDArray::Load`` in MXNet's ``src/ndarray/ndarray.cc``.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_LIST: Final = 0x112
_ARRAY_V1: Final = 0xF993FAC8  # without a storage type
_ARRAY_V2: Final = 0xF993FAC9
_ARRAY_V3: Final = 0xF993FACA
_DENSE: Final = 0
_CPU: Final = (1, 0)
_TYPES: Final[dict[int, np.dtype[Any]]] = {
    0: np.dtype("<f4"),
    1: np.dtype("<f8"),
    2: np.dtype("<f2"),
}
_MOST_DIMENSIONS: Final = 8


class _Reader:
    """A place in bytes; nothing is read beyond their end."""

    def __init__(self, content: bytes) -> None:
        self._content = memoryview(content)
        self._at = 0

    def take(self, size: int) -> memoryview:
        """Return the next bytes."""
        if size < 0 or self._at + size > len(self._content):
            raise ValueError("ends in the middle of an array")
        self._at += size
        return self._content[self._at - size : self._at]

    def numbers(self, layout: str) -> tuple[int, ...]:
        """Return the next whole numbers, little-endian."""
        found: tuple[int, ...] = struct.unpack(f"<{layout}", self.take(struct.calcsize(layout)))
        return found


def read_params(content: bytes) -> dict[str, NDArray[np.float64]]:
    """Read the arrays of a parameter file by their names, without ``arg:`` and ``aux:``.

    Raises:
        ValueError: if the file is no list of dense arrays of real numbers, or is cut off.
    """
    reader = _Reader(content)
    magic, _, count = reader.numbers("QQQ")
    if magic != _LIST:
        raise ValueError("is no parameter file of MXNet")
    arrays = [_read_array(reader) for _ in range(count)]
    (named,) = reader.numbers("Q")
    if named != count:
        raise ValueError(f"names {named} of its {count} arrays")
    names = [_read_name(reader) for _ in range(named)]
    return dict(zip(names, arrays, strict=True))


def write_params(arrays: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Write arrays and their names as MXNet does."""
    parts = [struct.pack("<QQQ", _LIST, 0, len(arrays))]
    for array in arrays.values():
        shape = struct.pack(f"<I{array.ndim}q", array.ndim, *array.shape)
        parts += [struct.pack("<Ii", _ARRAY_V2, _DENSE), shape, struct.pack("<iii", *_CPU, 0)]
        parts.append(np.ascontiguousarray(array, "<f4").tobytes())
    parts.append(struct.pack("<Q", len(arrays)))
    for name in arrays:
        text = f"arg:{name}".encode()
        parts += [struct.pack("<Q", len(text)), text]
    return b"".join(parts)


def _read_array(reader: _Reader) -> NDArray[np.float64]:
    (magic,) = reader.numbers("I")
    if magic not in (_ARRAY_V1, _ARRAY_V2, _ARRAY_V3):
        raise ValueError("holds an array of an unknown version")
    if magic != _ARRAY_V1 and reader.numbers("i") != (_DENSE,):
        raise ValueError("holds a sparse array")
    (dimensions,) = reader.numbers("I")
    if not 0 < dimensions <= _MOST_DIMENSIONS:
        raise ValueError(f"holds an array of {dimensions} dimensions")
    shape = reader.numbers(f"{dimensions}q")
    if min(shape) < 0:
        raise ValueError("holds an array of a negative size")
    *_, kind = reader.numbers("iii")
    if kind not in _TYPES:
        raise ValueError("holds an array that is not of real numbers")
    raw = reader.take(math.prod(shape) * _TYPES[kind].itemsize)
    wide: NDArray[np.float64] = np.frombuffer(raw, _TYPES[kind]).reshape(shape).astype(np.float64)
    return wide


def _read_name(reader: _Reader) -> str:
    (size,) = reader.numbers("Q")
    return bytes(reader.take(size)).decode(errors="replace").rpartition(":")[2]
