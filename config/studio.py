"""The settings of the studio."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from config.types import NotebookInstanceType, matching
from pipeline_code.core.mistakes import Section

Persona = Literal["data_scientist", "reviewer"]
ProfileName = Annotated[
    str,
    # The pattern of a user profile; a hyphen never begins or ends it.
    matching(
        r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
        "1 to 63 letters, digits and hyphens, a letter or digit first and last",
    ),
]
SingleSignOnName = Annotated[
    str,
    matching(r"[^\s<>%;\\]{1,256}", "the user name in IAM Identity Center, 1 to 256 characters"),
]
VolumeGib = Annotated[int, Field(ge=5, le=16_384)]


class UserConfig(Section):
    """One person, or one role that people take turns in."""

    name: ProfileName
    persona: Persona
    sso_name: SingleSignOnName | None = None


class StudioConfig(Section):
    """Who works in SageMaker Studio, as what, and with which tools."""

    auth: Literal["iam", "sso"] = "iam"
    users: tuple[UserConfig, ...] = ()
    idle_timeout_minutes: Annotated[int, Field(ge=60, le=525_600)] = 120
    instance_types: tuple[NotebookInstanceType, ...] = (
        "ml.t3.medium",
        "ml.t3.large",
        "ml.m5.large",
        "ml.m5.xlarge",
    )
    # Before the default volume: its validator looks at it.
    max_volume_gib: VolumeGib = 50
    volume_gib: VolumeGib = 10
    code_editor: bool = False
    canvas: bool = False
    mlflow: bool = True

    @field_validator("users")
    @classmethod
    def _check_users(
        cls, value: tuple[UserConfig, ...], info: ValidationInfo
    ) -> tuple[UserConfig, ...]:
        # SageMaker keeps names apart by case; people who read them in a list do not.
        names = [user.name.lower() for user in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        problems = [f"{name!r} is there twice; each user has one profile" for name in twice]
        auth = info.data.get("auth")
        for user in value:
            if auth == "sso" and user.sso_name is None:
                problems.append(f"{user.name!r} needs an sso_name where auth is sso")
            if auth == "iam" and user.sso_name is not None:
                problems.append(f"{user.name!r} takes no sso_name where auth is iam")
        if problems:
            raise ValueError("; ".join(problems))
        return value

    @field_validator("instance_types")
    @classmethod
    def _check_instance_types(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("needs at least one; the first of the list is the default")
        twice = sorted({name for name in value if value.count(name) > 1})
        if twice:
            raise ValueError(
                f"{', '.join(twice)} given twice; the first of the list is the default"
            )
        return value

    @field_validator("volume_gib")
    @classmethod
    def _check_volume(cls, value: int, info: ValidationInfo) -> int:
        largest = info.data.get("max_volume_gib")
        if largest is not None and value > largest:
            raise ValueError(f"given {value}; allowed: at most max_volume_gib, {largest}")
        return value
