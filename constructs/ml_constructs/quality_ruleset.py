"""What a table promises, as rules that Glue can measure."""

from __future__ import annotations

from aws_cdk import aws_glue as glue
from constructs import Construct

from ml_constructs.contract_table import ContractTable


class QualityRuleset(Construct):
    """Define a data quality ruleset on one table.

    Stateless. Named, because people choose it by name when they start a run.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        description: str,
        rules: str,
        database_name: str,
        table: ContractTable,
    ) -> None:
        super().__init__(scope, construct_id)
        ruleset = glue.CfnDataQualityRuleset(
            self,
            "Resource",
            name=name,
            description=description,
            ruleset=rules,
            target_table={"databaseName": database_name, "tableName": table.name},
        )
        ruleset.add_resource_dependency(table.table)
