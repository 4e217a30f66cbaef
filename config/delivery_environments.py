"""Whether the settings of the delivery and those of the environments go together."""

from __future__ import annotations

from collections.abc import Mapping

from config.delivery import DeliveryConfig
from config.schema import PlatformConfig
from pipeline_code.core.errors import SettingsError


def check_environments(
    settings: DeliveryConfig, environments: Mapping[str, PlatformConfig]
) -> None:
    """Refuse a delivery that does not fit the environments, each by its name.

    Raises:
        SettingsError: if it is not in the account of the one that trains, or if they are not
            all of one use case.
    """
    mistakes = []
    training = environments[settings.training_environment]
    for name in ("account", "region"):
        given, needed = getattr(settings, name), getattr(training, name)
        if given != needed:
            mistakes.append(
                f"{name}: given {given!r}; {training.environment}.yaml, where models are trained, "
                f"says {needed!r}: say the same in both"
            )
    usecases = {
        name: environments[name].usecase
        for name in sorted({settings.training_environment, "staging", "prod"})
    }
    if len(set(usecases.values())) > 1:
        told = ", ".join(f"{value} in {name}" for name, value in usecases.items())
        mistakes.append(f"environments: one model is delivered, but the use cases are {told}")
    if mistakes:
        raise SettingsError(f"{settings.name}.yaml", mistakes)
