"""The expressions of a pipeline definition: find them, and take their paths apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

GET = "Get"
JOIN = "Std:Join"
JSON_GET = "Std:JsonGet"
FUNCTIONS = (GET, JOIN, JSON_GET)

PARAMETERS = "Parameters"
EXECUTION = "Execution"
STEPS = "Steps"
PROPERTY_FILES = "PropertyFiles"

Token = str | int

_TOKEN = re.compile(r"\.?([^.\[\]'\"\s$?*@()]+)|\[(\d+)\]|\['([^']*)'\]|\[\"([^\"]*)\"\]")


class InvalidPathError(ValueError):
    """A path is not of dotted names, ``[0]`` and ``['name']``."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path!r} is no path of dotted names, [0] and ['name']")


@dataclass(frozen=True)
class Reference:
    """What one ``Get`` points at: ``Steps.Train.ModelArtifacts`` is root, name and path."""

    text: str
    root: str
    name: str
    path: tuple[Token, ...]


def tokens(path: str) -> tuple[Token, ...]:
    """Split ``a.b[0]['c d']`` into its names and indices; a leading ``$`` is allowed.

    Raises:
        InvalidPathError: for anything else, filters and wildcards of JSONPath included.
    """
    found: list[Token] = []
    rest = path.removeprefix("$")
    position = 0
    while position < len(rest):
        match = _TOKEN.match(rest, position)
        if match is None:
            raise InvalidPathError(path)
        name, index, *quoted = match.groups()
        found.append(int(index) if index else next(t for t in (name, *quoted) if t is not None))
        position = match.end()
    if not found:
        raise InvalidPathError(path)
    return tuple(found)


def parse(text: object) -> Reference:
    """Take the argument of a ``Get`` apart.

    Raises:
        InvalidPathError: if it is no path or names nothing under its root.
    """
    parts = tokens(text) if isinstance(text, str) else ()
    if len(parts) < 2:
        raise InvalidPathError(str(text))
    return Reference(str(text), str(parts[0]), str(parts[1]), parts[2:])


def is_expression(node: object) -> bool:
    """Tell an expression from a plain mapping: its one key is ``Get`` or starts with ``Std:``."""
    if not isinstance(node, Mapping) or len(node) != 1:
        return False
    key = next(iter(node))
    return key == GET or (isinstance(key, str) and key.startswith("Std:"))


def expressions(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield every expression inside ``node``, outer ones first, as function and argument."""
    if is_expression(node):
        yield next(iter(node.items()))
    children: Any = ()
    if isinstance(node, Mapping):
        children = node.values()
    elif isinstance(node, list):
        children = node
    for child in children:
        yield from expressions(child)


def references(node: Any) -> Iterator[Reference]:
    """Yield what every well-formed ``Get`` inside ``node`` points at."""
    for function, argument in expressions(node):
        if function == GET:
            try:
                yield parse(argument)
            except InvalidPathError:
                continue
