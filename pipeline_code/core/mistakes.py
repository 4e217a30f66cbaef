"""Read a YAML file into a frozen model, or say everything that is wrong with it at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline_code.core.errors import SettingsError

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[int | str, ...]


class Section(BaseModel):
    """One part of the settings: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class MisplacedError(ValueError):
    """Mistakes that a validator found elsewhere than where it stands, each with its place.

    Args:
        mistakes: pairs of a dotted path below the validated model and what is wrong there.
    """

    def __init__(self, mistakes: Iterable[tuple[str, str]]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(f"{where} {problem}" for where, problem in self.mistakes))


def load(path: Path, model: type[Model], changes: Mapping[str, Any] | None = None) -> Model:
    """Read ``path`` and validate it.

    Args:
        path: the YAML file.
        model: what it must be.
        changes: values that replace those of the file, by their dotted path.

    Raises:
        SettingsError: if the file is missing, is no YAML or breaks the model; every mistake is
            one line with its place in the file, what was given, what is allowed and, where a
            word looks like a slip, what was probably meant.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(path.name, [f"cannot be read: {error.strerror or error}"]) from error
    except UnicodeDecodeError as error:
        raise SettingsError(path.name, ["is not UTF-8 text; save it as UTF-8"]) from error
    return parse(text, model, source=path.name, changes=changes)


def parse(
    text: str, model: type[Model], *, source: str, changes: Mapping[str, Any] | None = None
) -> Model:
    """Validate YAML ``text``; ``source`` names it in messages. See `load`."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise SettingsError(source, [f"{where}is not valid YAML: {problem}"]) from error
    lines, duplicates = _lines(root)
    mistakes = [f"line {line}: {_dotted(where)}: given twice" for where, line in duplicates]
    if not isinstance(document, Mapping):
        raise SettingsError(source, ["must be a mapping of settings, one `name: value` a line"])
    for path, value in (changes or {}).items():
        document = _changed(document, path.split("."), value)
    try:
        result = model.model_validate(document)
    except ValidationError as error:
        mistakes += list(_describe(error, model, lines))
        raise SettingsError(source, mistakes) from error
    if mistakes:
        raise SettingsError(source, mistakes)
    return result


def describe(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """Say the mistakes of values that came from no file (a command line), one a line."""
    return list(_describe(error, model, {}))


def closest(word: object, known: Iterator[str] | list[str]) -> str:
    """End a message with ``; did you mean 'x'?`` where one of ``known`` is near ``word``."""
    near = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def _changed(document: Any, path: list[str], value: Any) -> Any:
    """Return the document with another value at ``path``."""
    if not path:
        return value
    if document is not None and not isinstance(document, Mapping):
        return document  # a mistake of the file, which validation will name
    inner = (document or {}).get(path[0])
    return {**(document or {}), path[0]: _changed(inner, path[1:], value)}


def _describe(
    error: ValidationError, model: type[BaseModel], lines: Mapping[Location, int]
) -> Iterator[str]:
    for detail in error.errors(include_url=False):
        location: Location = tuple(detail["loc"])
        found = detail.get("ctx", {}).get("error")
        if isinstance(found, MisplacedError):
            for path, problem in found.mistakes:
                yield _at((*location, *_steps(path)), problem, lines)
        else:
            yield _at(location, _problem(detail, location, model), lines)


def _at(location: Location, problem: str, lines: Mapping[Location, int]) -> str:
    line = _line_of(location, lines)
    where = f"line {line}: " if line else ""
    return f"{where}{_dotted(location)}: {problem}"


def _steps(path: str) -> Location:
    return tuple(int(step) if step.isdigit() else step for step in path.split("."))


def _problem(detail: Any, location: Location, model: type[BaseModel]) -> str:
    given = detail["input"]
    kind = detail["type"]
    if kind == "missing":
        return "is required and missing"
    if kind == "extra_forbidden":
        known = sorted(_fields_at(model, location[:-1]))
        return f"unknown key; allowed: {', '.join(known)}{closest(location[-1], known)}"
    if kind in {"literal_error", "enum"}:
        allowed = str(detail["ctx"]["expected"])
        words = [word.strip(" '") for word in allowed.replace(" or ", ",").split(",")]
        hint = closest(given, words) if isinstance(given, str) else ""
        return f"given {given!r}; allowed: {allowed}{hint}"
    message = detail["msg"].removeprefix("Value error, ")
    if kind == "value_error" or isinstance(given, Mapping | list):
        return str(message)
    return f"{message[0].lower()}{message[1:]}; given {given!r}"


def _fields_at(model: type[BaseModel], location: Location) -> set[str]:
    """Collect the keys that are allowed where ``location`` leads."""
    current: Any = model
    for step in location:
        if isinstance(current, type) and issubclass(current, BaseModel):
            field = current.model_fields.get(str(step))
            current = field.annotation if field else None
        elif get_origin(current) in (list, tuple):
            current = get_args(current)[0]
        elif get_origin(current) is dict:
            current = get_args(current)[1]
        current = _model_in(current) or current
    return (
        set(current.model_fields)
        if isinstance(current, type) and issubclass(current, BaseModel)
        else set()
    )


def _model_in(annotation: Any) -> Any:
    """Find the model or container behind ``X | None`` and ``Annotated``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (dict, list, tuple):
        return annotation
    for part in get_args(annotation):
        found = _model_in(part)
        if found is not None:
            return found
    return None


def _lines(root: yaml.Node | None) -> tuple[dict[Location, int], list[tuple[Location, int]]]:
    """Map every place in the document to its line, and list the keys that are given twice."""
    lines: dict[Location, int] = {}
    duplicates: list[tuple[Location, int]] = []

    def walk(node: yaml.Node, location: Location) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                place = (*location, key.value)
                line = key.start_mark.line + 1
                if place in lines:
                    duplicates.append((place, line))
                lines[place] = line
                walk(value, place)
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                lines[(*location, index)] = value.start_mark.line + 1
                walk(value, (*location, index))

    if root is not None:
        walk(root, ())
    return lines, duplicates


def _line_of(location: Location, lines: Mapping[Location, int]) -> int | None:
    """Find the line of the nearest place that the file really has."""
    while location:
        if location in lines:
            return lines[location]
        location = location[:-1]
    return None


def _dotted(location: Location) -> str:
    return ".".join(str(step) for step in location) or "the file"
