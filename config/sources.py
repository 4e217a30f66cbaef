"""The settings of the sources."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from config.types import CronExpression, Days, matching
from pipeline_code.core.mistakes import Section

LANDED = "sources"
"""The folder of the raw bucket below which each source has its own."""

SourceName = Annotated[
    str,
    # Part of a role's name, of a folder and of the names of tables in the catalogue.
    matching(r"[a-z][a-z0-9_]{0,23}", "1 to 24 lower-case letters, digits and _, a letter first"),
]
FolderPrefix = Annotated[
    str,
    matching(
        r"[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*",
        "a folder such as partners/chargebacks: lower-case letters, digits, _ and -, "
        "no slash at the ends",
    ),
]
HostName = Annotated[
    str,
    matching(
        r"(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+",
        "the DNS name of a server such as cards.example.internal, without jdbc:, port or path",
    ),
]
Cidr = Annotated[
    str,
    matching(
        r"(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])(\.(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){3}"
        r"/([89]|[12]\d|3[0-2])",
        "addresses such as 10.20.0.0/16, with a mask of 8 to 32 bits",
    ),
]
SecretArn = Annotated[
    str,
    matching(
        r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]+",
        "the ARN of a secret, arn:aws:secretsmanager:<region>:<account>:secret:<name>",
    ),
]
KeyArn = Annotated[
    str,
    matching(
        r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+",
        "the ARN of a key, arn:aws:kms:<region>:<account>:key/<id>",
    ),
]
DatabaseName = Annotated[
    str, matching(r"[A-Za-z][A-Za-z0-9_]{0,62}", "1 to 63 letters, digits and _, a letter first")
]
QualifiedTable = Annotated[
    str,
    matching(
        r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?",
        "a table such as public.cards or cards: letters, digits and _",
    ),
]
DynamoTableName = Annotated[
    str,
    matching(r"[A-Za-z0-9_.-]{3,255}", "3 to 255 letters, digits and _ . -, as DynamoDB has it"),
]
AttributeName = Annotated[
    str, matching(r"[A-Za-z_][A-Za-z0-9_]{0,254}", "letters, digits and _, no digit first")
]
CapacityUnits = Annotated[float, Field(ge=1, le=256, multiple_of=0.5)]
"""What Aurora Serverless v2 can grow to, in its own steps of half a unit."""
USUAL_PORTS = {"postgresql": 5432, "mysql": 3306}
_LOWEST_PORT = 1150


class FileSource(Section):
    """Files that somebody puts into one folder of the raw bucket."""

    name: SourceName
    prefix: FolderPrefix | None = None
    format: Literal["csv", "json", "parquet"]
    schedule: CronExpression | None = None
    on_arrival: bool = False

    @property
    def folder(self) -> str:
        """Where the files lie."""
        return self.prefix or f"{LANDED}/{self.name}"


class DatabaseSource(Section):
    """A relational database whose tables are landed as Parquet; without a host, one of ours."""

    name: SourceName
    engine: Literal["postgresql", "mysql"] = "postgresql"
    database: DatabaseName | None = None
    host: HostName | None = None
    cidr: Cidr | None = None
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    secret_arn: Annotated[SecretArn | None, Field(validate_default=True)] = None
    secret_key_arn: KeyArn | None = None
    tables: Annotated[tuple[QualifiedTable, ...], Field(max_length=100)]
    schedule: CronExpression | None = None
    max_capacity_units: CapacityUnits = 2

    @field_validator("host")
    @classmethod
    def _check_host(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("engine") == "mysql":
            raise ValueError("is needed for mysql: the databases that we bring are postgresql")
        return value

    @field_validator("cidr", "secret_arn")
    @classmethod
    def _check_existing(cls, value: str | None, info: ValidationInfo) -> str | None:
        """A database that is there needs both; one that we bring has its own."""
        if "host" not in info.data:  # a host that is itself wrong has a message of its own
            return value
        host = info.data["host"]
        if host and value is None:
            raise ValueError(f"is needed for a database that is there already (host: {host})")
        if value and host is None:
            raise ValueError("belongs to a database that is there already; give its host, too")
        return value

    @field_validator("port")
    @classmethod
    def _check_port(cls, value: int | None, info: ValidationInfo) -> int | None:
        """Aurora takes no low ports, and the usual one is the first that is tried by others."""
        ours = "host" in info.data and info.data["host"] is None
        if ours and value is not None and (value < _LOWEST_PORT or value in USUAL_PORTS.values()):
            raise ValueError(
                f"given {value}; allowed for a database of ours: {_LOWEST_PORT} to 65535, "
                "but for the usual ones, 5432 and 3306"
            )
        return value

    @field_validator("tables")
    @classmethod
    def _check_tables(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # No minimum length: a name that is wrong would be counted as missing, too.
        if not value:
            raise ValueError("is empty; name at least one table, as public.cards")
        _refuse_repeated("tables", (table.lower().replace(".", "_") for table in value))
        return value


class TableSource(Section):
    """A DynamoDB table that is exported as Parquet; without a table's name, one of ours."""

    name: SourceName
    table: DynamoTableName | None = None
    partition_key: AttributeName = "id"
    schedule: CronExpression | None = None


class SourcesConfig(Section):
    """Where raw data come from besides the files of the use case, and how they are queried."""

    files: tuple[FileSource, ...] = ()
    databases: tuple[DatabaseSource, ...] = ()
    tables: tuple[TableSource, ...] = ()
    query_result_days: Days = 30
    query_limit_gib: Annotated[int, Field(ge=1, le=100_000)] = 100

    @property
    def landed(self) -> list[str]:
        """The names of the sources whose tables a job copies."""
        return [*(each.name for each in self.databases), *(each.name for each in self.tables)]

    @field_validator("files")
    @classmethod
    def _check_folders(cls, value: tuple[FileSource, ...]) -> tuple[FileSource, ...]:
        """One crawler would describe the files of two sources as one table."""
        for one in value:
            for other in value:
                if one is not other and f"{other.folder}/".startswith(f"{one.folder}/"):
                    raise ValueError(
                        f"{other.name} lies in {other.folder}, inside the folder of {one.name} "
                        f"({one.folder}); give each source a folder of its own"
                    )
        return value

    @field_validator("files", "databases", "tables")
    @classmethod
    def _check_names(cls, value: Any, info: ValidationInfo) -> Any:
        """Names are unique among all kinds: each is a folder and the prefix of tables."""
        kinds = [kind for kind in info.data.values() if isinstance(kind, tuple)]
        earlier = [source.name for kind in kinds for source in kind]
        _refuse_repeated("sources", (*earlier, *(source.name for source in value)))
        return value

    @field_validator("databases", "tables")
    @classmethod
    def _check_landed(cls, value: Any, info: ValidationInfo) -> Any:
        """Files would be mixed with the snapshots of a table."""
        for source in value:
            for files in info.data.get("files", ()):
                if f"{files.folder}/".startswith(f"{LANDED}/{source.name}/"):
                    raise ValueError(
                        f"{source.name} is landed in {LANDED}/{source.name}, where the files of "
                        f"{files.name} lie; give those another prefix"
                    )
        return value


def _refuse_repeated(what: str, names: Iterable[str]) -> None:
    listed = list(names)
    twice = sorted({name for name in listed if listed.count(name) > 1})
    if twice:
        raise ValueError(f"{what} names {', '.join(twice)} twice; give each a name of its own")
