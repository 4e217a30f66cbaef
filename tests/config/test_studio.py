"""The settings of the studio: what SageMaker would refuse, or nobody meant, is refused at load."""

from __future__ import annotations

import pytest

import config
from config.studio import StudioConfig
from pipeline_code.core.errors import SettingsError
from pipeline_code.core.mistakes import parse


def _mistakes(text: str) -> list[str]:
    with pytest.raises(SettingsError) as error:
        parse(text, StudioConfig, source="studio")
    return list(error.value.mistakes)


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        ("idle_timeout_minutes: 59", "idle_timeout_minutes", "greater than or equal to 60"),
        ("idle_timeout_minutes: 525601", "idle_timeout_minutes", "less than or equal to 525600"),
        ("idle_timeout_minutes: 2h", "idle_timeout_minutes", "given '2h'"),
        ("users: [{name: a, persona: data_scientst}]", "users.0.persona", "'data_scientist'?"),
        ("users: [{name: a, persona: admin}]", "users.0.persona", "'reviewer'"),
        ("users: [{name: a}]", "users.0.persona", "required"),
        ("users: [{name: -a, persona: reviewer}]", "users.0.name", "letters, digits and hyphens"),
        ("users: [{name: a_b, persona: reviewer}]", "users.0.name", "given 'a_b'"),
        (f"users: [{{name: {'a' * 64}, persona: reviewer}}]", "users.0.name", "1 to 63"),
        ("users: [{name: a, persona: reviewer, role: x}]", "users.0.role", "unknown key"),
        (
            "users: [{name: ann, persona: reviewer}, {name: Ann, persona: reviewer}]",
            "users",
            "'ann' is there twice",
        ),
        ("{auth: sso, users: [{name: a, persona: reviewer}]}", "users", "'a' needs an sso_name"),
        ("users: [{name: a, persona: reviewer, sso_name: x}]", "users", "takes no sso_name"),
        (
            "{auth: sso, users: [{name: a, persona: reviewer, sso_name: a b}]}",
            "users.0.sso_name",
            "IAM Identity Center",
        ),
        ("auth: saml", "auth", "'iam' or 'sso'"),
        ("instance_types: []", "instance_types", "at least one"),
        ("instance_types: [ml.inf1.xlarge]", "instance_types.0", "notebook instances of the"),
        ("instance_types: [ml.m5.lage]", "instance_types.0", "did you mean 'ml.m5.large'?"),
        ("instance_types: [ml.m5.large, ml.m5.large]", "instance_types", "given twice"),
        ("volume_gib: 4", "volume_gib", "greater than or equal to 5"),
        ("{volume_gib: 60, max_volume_gib: 50}", "volume_gib", "at most max_volume_gib, 50"),
        ("canvas: sometimes", "canvas", "given 'sometimes'"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, place: str, remedy: str) -> None:
    """Each mistake has its place, what was given and what is allowed."""
    (mistake,) = _mistakes(text)

    assert f": {place}: " in mistake
    assert remedy in mistake


def test_all_mistakes_are_told_at_once() -> None:
    """One run of the check, not one for each slip."""
    mistakes = _mistakes(
        "\n".join(
            [
                "auth: saml",
                "users: [{name: a_b, persona: revewer}]",
                "idle_timeout_minutes: 5",
                "instance_types: [ml.m55.large]",
                "volume_gib: 1",
                "mlfow: true",
            ]
        )
    )

    assert len(mistakes) == 7
    assert any("did you mean 'mlflow'?" in each for each in mistakes)


def test_single_sign_on_names_each_user() -> None:
    """A profile of a domain with single sign-on belongs to one identity."""
    text = "{auth: sso, users: [{name: a, persona: reviewer, sso_name: ann@example.com}]}"

    assert parse(text, StudioConfig, source="x").users[0].sso_name == "ann@example.com"


@pytest.mark.parametrize("environment", config.ENVIRONMENTS)
def test_shipped_users_are_roles_and_not_people(environment: str) -> None:
    """One of each persona in every environment: no name of a person is in the repository."""
    users = config.load(environment).studio.users

    assert [(user.name, user.persona) for user in users] == [
        ("scientist", "data_scientist"),
        ("reviewer", "reviewer"),
    ]
