"""A table of the catalogue whose columns were agreed, not discovered."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import aws_glue as glue
from constructs import Construct

from ml_constructs.arns import ACCOUNT

_SERDE = "org.apache.hadoop.hive.ql.io.parquet"


class ContractTable(Construct):
    """Define a table over the Parquet files below ``location``.

    Stateless: it describes files and holds none. ``partition`` names a column that is part of
    the path; a query must say which value it wants, so no crawler has to list them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        database_name: str,
        name: str,
        description: str,
        location: str,
        columns: Mapping[str, str],
        partition: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.name = name
        self.table = glue.CfnTable(
            self,
            "Resource",
            catalog_id=ACCOUNT,
            database_name=database_name,
            table_input={
                "name": name,
                "description": description,
                "tableType": "EXTERNAL_TABLE",
                "parameters": {
                    "classification": "parquet",
                    "EXTERNAL": "TRUE",
                    **(_projection(*partition) if partition else {}),
                },
                "partitionKeys": [{"name": partition[0], "type": "string"}] if partition else [],
                "storageDescriptor": {
                    "location": location,
                    "columns": [
                        # The catalogue knows lower case only.
                        {"name": column.lower(), "type": kind}
                        for column, kind in columns.items()
                    ],
                    "inputFormat": f"{_SERDE}.MapredParquetInputFormat",
                    "outputFormat": f"{_SERDE}.MapredParquetOutputFormat",
                    "serdeInfo": {"serializationLibrary": f"{_SERDE}.serde.ParquetHiveSerDe"},
                },
            },
        )


def _projection(column: str, template: str) -> dict[str, str]:
    """Let Athena compute the path from the value that a query names.

    Source: Amazon Athena User Guide, "Partition projection", injected type.
    """
    return {
        "projection.enabled": "true",
        f"projection.{column}.type": "injected",
        "storage.location.template": template,
    }
