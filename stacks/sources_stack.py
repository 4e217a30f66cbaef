"""What comes into the lake, how it is described, and how people query it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aws_cdk import Stack
from constructs import Construct

import pipeline_code
from config import PlatformConfig
from config.sources import LANDED, USUAL_PORTS, DatabaseSource
from ml_constructs.contract_table import ContractTable
from ml_constructs.database_landing import DatabaseLanding
from ml_constructs.dead_letter_queue import DeadLetterQueue
from ml_constructs.file_crawl import FileCrawl
from ml_constructs.glue_encryption import GlueEncryption
from ml_constructs.glue_script import GlueScript
from ml_constructs.jdbc_connection import Server
from ml_constructs.lake import Lake
from ml_constructs.lake_queries import lake_queries
from ml_constructs.network import Network
from ml_constructs.quality_ruleset import QualityRuleset
from ml_constructs.query_workgroup import QueryWorkgroup
from ml_constructs.table_landing import TableLanding
from pipeline_code import contract
from pipeline_code.definition.lock import LockedContract
from stacks.data_stack import EXECUTIONS, EXPORTS, QUERY_RESULTS, DataStack
from stacks.databases_stack import DatabasesStack
from stacks.foundation_stack import FoundationStack
from stacks.names import Names

SCRIPT = Path(pipeline_code.__file__).parent / "glue" / "land_tables.py"
RAW_TABLE = "raw"
QUARANTINE_TABLE = "quarantine"
_EXECUTION = "execution"
_HIVE_TYPES = {"integer": "bigint", "number": "double"}
"""Types of the contract that Hive calls by another name."""


class SourcesStack(Stack):
    """Land databases and tables, describe files, and save the questions people ask.

    Stateless: it can be deleted and made again; what was landed stays in the raw bucket.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: PlatformConfig,
        names: Names,
        promised: LockedContract,
        foundation: FoundationStack,
        network: Network,
        data: DataStack,
        databases: DatabasesStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._settings = settings
        self._names = names
        self._foundation = foundation
        self._data = data
        self._lake = Lake(
            bucket=data.raw,
            folder=LANDED,
            database_name=names.database,
            encryption=GlueEncryption(
                self,
                "Encryption",
                name=names.sources_encryption,
                data_key=foundation.data_key,
                logs_key=foundation.logs_key,
            ),
            script=GlueScript(self, "Script", path=str(SCRIPT)),
        )
        self._define_files()
        self._define_databases(databases, network)
        self._define_tables(databases)
        self._define_contract(promised)
        self._define_queries(promised)

    def _define_files(self) -> None:
        self.dead_letters = DeadLetterQueue(self, "DeadLetters", key=self._foundation.alerts_key)
        for source in self._settings.sources.files:
            crawl = FileCrawl(
                self,
                f"Files-{source.name}",
                name=source.name,
                bucket=self._data.raw,
                folder=source.folder,
                file_format=source.format,
                database_name=self._names.database,
                encryption=self._lake.encryption,
                schedule=source.schedule,
            )
            if source.on_arrival:
                crawl.on_arrival(self.dead_letters)

    def _define_databases(self, databases: DatabasesStack, network: Network) -> None:
        for source in self._settings.sources.databases:
            DatabaseLanding(
                self,
                f"Database-{source.name}",
                name=source.name,
                server=_server(source, databases),
                tables=source.tables,
                schedule=source.schedule,
                role_name=self._names.landing_role(source.name),
                lake=self._lake,
                network=network,
            )

    def _define_tables(self, databases: DatabasesStack) -> None:
        for source in self._settings.sources.tables:
            TableLanding(
                self,
                f"Table-{source.name}",
                name=source.name,
                table_name=source.table or databases.tables[source.name].table_name,
                schedule=source.schedule,
                role_name=self._names.landing_role(source.name),
                lake=self._lake,
                exports=self._data.curated,
                exports_folder=EXPORTS,
            )

    def _define_contract(self, promised: LockedContract) -> None:
        """Describe the raw rows as they were agreed, and those that broke the agreement."""
        usecase = self._settings.usecase
        columns = {name: _HIVE_TYPES.get(kind, kind) for name, kind in promised.columns.items()}
        raw = ContractTable(
            self,
            "Raw",
            database_name=self._names.database,
            name=RAW_TABLE,
            description="The rows of the source as the contract promises them",
            location=f"s3://{self._data.raw.bucket_name}/{usecase}/",
            columns=columns,
        )
        executions = f"s3://{self._data.curated.bucket_name}/{usecase}/{EXECUTIONS}"
        ContractTable(
            self,
            "Quarantine",
            database_name=self._names.database,
            name=QUARANTINE_TABLE,
            description="The rows that an execution put aside, with the reasons",
            location=f"{executions}/",
            columns={**columns, "acequia_reasons": "string", "acequia_file": "string"},
            partition=(
                _EXECUTION,
                f"{executions}/${{{_EXECUTION}}}/{contract.PREPARE}/{contract.QUARANTINE}/",
            ),
        )
        QualityRuleset(
            self,
            "Quality",
            name=self._names.pipeline,
            description=f"What the contract of {usecase} promises",
            rules=promised.quality_ruleset,
            database_name=self._names.database,
            table=raw,
        )

    def _define_queries(self, promised: LockedContract) -> None:
        self.workgroup = QueryWorkgroup(
            self,
            "Queries",
            name=self._names.pipeline,
            description=f"Questions about the data of {self._settings.usecase}",
            results=self._data.curated,
            prefix=QUERY_RESULTS,
            key=self._foundation.data_key,
            scanned_limit_gib=self._settings.sources.query_limit_gib,
        )
        self.workgroup.save(
            lake_queries(
                database_name=self._names.database,
                table=RAW_TABLE,
                quarantine=QUARANTINE_TABLE,
                event_time=promised.event_time,
                target=promised.target if promised.has_numeric_target else None,
                unique=promised.unique,
            ),
            database=self._names.database,
        )


def _server(source: DatabaseSource, databases: DatabasesStack) -> Server:
    """Name the server of a source: the user's own, or the one that the platform brings."""
    if source.host and source.secret_arn:
        return Server(
            engine=source.engine,
            host=source.host,
            port=source.port or USUAL_PORTS[source.engine],
            database=source.database or source.name,
            secret_arn=source.secret_arn,
            secret_key_arn=source.secret_key_arn,
            cidr=source.cidr,
        )
    cluster = databases.clusters[source.name]
    return Server(
        engine=source.engine,
        host=cluster.host,
        port=cluster.port,
        database=cluster.database,
        secret_arn=cluster.secret_arn,
        security_group_id=cluster.security_group_id,
    )
