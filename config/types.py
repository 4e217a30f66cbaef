"""What several sections of the settings are made of: names, days, schedules, instances."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.cron import check_cron, check_schedule
from config.instances import check_instance


def matching(pattern: str, allowed: str) -> AfterValidator:
    """Refuse text of another shape, in words instead of a regular expression."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"given {value!r}; allowed: {allowed}")
        return value

    return AfterValidator(check)


EnvironmentName = Annotated[
    str,
    # Part of every physical name: short, in the alphabet that S3, Glue and SageMaker share.
    matching(r"[a-z][a-z0-9]{1,11}", "2 to 12 lower-case letters and digits, a letter first"),
]
UseCaseName = Annotated[
    str,
    matching(
        r"[a-z][a-z0-9]*(-[a-z0-9]+)*",
        "the name of a folder in pipeline_code/usecases: lower-case letters, digits and hyphens",
    ),
    Field(max_length=31),
]
TagValue = Annotated[
    str,
    matching(
        r"(?!aws:)[A-Za-z0-9 .:/=+@_-]{1,256}",
        "1 to 256 letters, digits, spaces and . : / = + @ _ -, not beginning with aws:",
    ),
]
NotebookInstanceType = Annotated[str, AfterValidator(check_instance("notebook"))]
ProcessingInstanceType = Annotated[str, AfterValidator(check_instance("processing"))]
TrainingInstanceType = Annotated[str, AfterValidator(check_instance("training"))]
TransformInstanceType = Annotated[str, AfterValidator(check_instance("transform"))]
EndpointInstanceType = Annotated[str, AfterValidator(check_instance("endpoint"))]
ImageDigest = Annotated[
    str, matching(r"sha256:[0-9a-f]{64}", "sha256: and the 64 hexadecimal digits of an image")
]
AccountId = Annotated[
    str, matching(r"[0-9]{12}", "the 12 digits of an AWS account, in quotes ('111122223333')")
]
RegionName = Annotated[
    str,
    # Source: the partitions that botocore ships (partitions.json), and how regions are named.
    matching(
        r"(af|ap|ca|cn|eu|eusc-de|eu-isoe|il|me|mx|sa|us|us-gov|us-iso[bf]?)"
        r"-(north|south|east|west|central|(north|south)(east|west))-[1-9]",
        "a region such as eu-central-1",
    ),
]
EmailAddress = Annotated[
    str, matching(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an address such as team@example.com")
]
CronExpression = Annotated[str, AfterValidator(check_cron)]
ScheduleExpression = Annotated[str, AfterValidator(check_schedule)]
Days = Annotated[int, Field(ge=1, le=3650)]
LogRetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
]  # fmt: skip
"""The retentions that CloudWatch Logs knows; any other number is refused at deployment."""
