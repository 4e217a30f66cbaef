"""A relational database in the lake: its tables described, copied and described again."""

from __future__ import annotations

from collections.abc import Sequence

from constructs import Construct

from ml_constructs.catalog_crawler import CatalogCrawler
from ml_constructs.jdbc_connection import JdbcConnection, Server, crawled_path
from ml_constructs.lake import Lake
from ml_constructs.landing_job import LandingJob
from ml_constructs.network import Network


class DatabaseLanding(Construct):
    """Define connection, crawler and landing job of one database.

    Stateless. The crawler describes the tables where they are, and what was landed of them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        server: Server,
        tables: Sequence[str],
        schedule: str | None,
        role_name: str,
        lake: Lake,
        network: Network,
    ) -> None:
        super().__init__(scope, construct_id)
        self.connection = JdbcConnection(self, "Connection", server=server, network=network)
        self.crawler = CatalogCrawler(
            self,
            "Crawler",
            description=f"Describes the tables of {name} and what was landed of them",
            database_name=lake.database_name,
            table_prefix=f"{name}_",
            targets={
                "jdbcTargets": [
                    {"connectionName": self.connection.name, "path": path}
                    for path in crawled_path(server, tables)
                ],
                "s3Targets": [{"path": f"{lake.uri_of(name)}/"}],
            },
            encryption=lake.encryption,
        )
        self.job = LandingJob(
            self,
            "Job",
            source=name,
            role_name=role_name,
            lake=lake,
            arguments={
                "--kind": server.engine,
                "--connection": self.connection.name,
                "--tables": ",".join(tables),
            },
            connections=[self.connection.name],
        )
        # The secret of a database of ours has the key of the lake, which comes with the bucket.
        for role in (self.crawler.role, self.job.role):
            self.connection.grant_use(role)
        lake.bucket.grant_read(self.crawler.role, prefix=lake.folder_of(name))
        self.job.start(schedule=schedule, then=self.crawler)
