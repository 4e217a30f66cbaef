"""What the context changes for one deployment: what delivery has just built or chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from pydantic import TypeAdapter, ValidationError

from config.types import ImageDigest, matching
from pipeline_code.core.errors import SettingsError

_Version = Annotated[str, matching(r"[1-9][0-9]{0,8}", "a whole number from 1")]
_KNOWN: Final[Mapping[str, tuple[str, TypeAdapter[str], Callable[[str], Any]]]] = {
    "image-digest": ("images.digest", TypeAdapter(ImageDigest), str),
    "model-version": ("serving.model_version", TypeAdapter(_Version), int),
}
"""By the name after ``-c``: the setting that it changes, its form, and what it becomes."""


def overrides(read: Callable[[str], Any]) -> dict[str, Any]:
    """Collect the settings that the context changes, by their dotted path.

    Args:
        read: gives the value of one name of the context, None where it has none.

    Raises:
        SettingsError: with every malformed value, one a line.
    """
    found: dict[str, Any] = {}
    mistakes = []
    for name, (setting, form, convert) in _KNOWN.items():
        given = read(name)
        if given is None:
            continue
        try:
            found[setting] = convert(form.validate_python(given, strict=True))
        except ValidationError as error:
            message = error.errors()[0]["msg"].removeprefix("Value error, ")
            mistakes.append(f"{name}: {message}")
    if mistakes:
        raise SettingsError("-c", mistakes)
    return found
