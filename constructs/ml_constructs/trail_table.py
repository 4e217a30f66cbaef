"""The trail as a table that SQL can be asked of."""

from __future__ import annotations

from pathlib import Path
from string import Template

from aws_cdk import RemovalPolicy
from aws_cdk import aws_glue as glue
from constructs import Construct

from ml_constructs.arns import ACCOUNT, REGION
from ml_constructs.trail_bucket import TrailBucket

_QUERIES = Path(__file__).parent / "audit_queries"
_TABLE = "trail"
_FIRST_DAY = "2025/01/01"
"""Before any trail of this platform; days without files cost nothing."""

_ISSUER = "struct<type:string,principalid:string,arn:string,accountid:string,username:string>"
_SESSION = (
    "struct<attributes:struct<mfaauthenticated:string,creationdate:string>,"
    f"sessionissuer:{_ISSUER},ec2roledelivery:string,webidfederationdata:"
    "struct<federatedprovider:string,attributes:map<string,string>>>"
)
_COLUMNS = {
    "eventversion": "string",
    "useridentity": "struct<type:string,principalid:string,arn:string,accountid:string,"
    "invokedby:string,accesskeyid:string,username:string,onbehalfof:struct<userid:string,"
    f"identitystorearn:string>,sessioncontext:{_SESSION}>",
    "eventtime": "string",
    "eventsource": "string",
    "eventname": "string",
    "awsregion": "string",
    "sourceipaddress": "string",
    "useragent": "string",
    "errorcode": "string",
    "errormessage": "string",
    "requestparameters": "string",
    "responseelements": "string",
    "additionaleventdata": "string",
    "requestid": "string",
    "eventid": "string",
    "readonly": "string",
    "resources": "array<struct<arn:string,accountid:string,type:string>>",
    "eventtype": "string",
    "apiversion": "string",
    "recipientaccountid": "string",
    "serviceeventdetails": "string",
    "sharedeventid": "string",
    "vpcendpointid": "string",
    "vpcendpointaccountid": "string",
    "eventcategory": "string",
    "tlsdetails": "struct<tlsversion:string,ciphersuite:string,clientprovidedhostheader:string>",
}
"""Source: Amazon Athena User Guide, "Create a table for CloudTrail logs using partition
projection"."""
_PARTITIONS = {"region": "string", "day": "string"}


class TrailTable(Construct):
    """Describe the files of a trail in the catalogue, without a crawler.

    Stateful: the database. Partitions are computed from the query: it must name one region
    (events of IAM and of sign-ins are filed under the one where AWS keeps them).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        database_name: str,
        bucket: TrailBucket,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.database_name = database_name
        account = ACCOUNT
        database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=account,
            database_input={"name": database_name, "description": "Who did what in the account"},
        )
        database.apply_removal_policy(removal_policy)
        table = glue.CfnTable(
            self,
            "Resource",
            catalog_id=account,
            database_name=database_name,
            table_input=glue.CfnTable.TableInputProperty(
                name=_TABLE,
                table_type="EXTERNAL_TABLE",
                parameters={"EXTERNAL": "TRUE", **_projection(bucket.files_uri)},
                partition_keys=_columns(_PARTITIONS),
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    location=f"{bucket.files_uri}/",
                    columns=_columns(_COLUMNS),
                    input_format="com.amazon.emr.cloudtrail.CloudTrailInputFormat",
                    output_format="org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                    serde_info={"serializationLibrary": "org.apache.hive.hcatalog.data.JsonSerDe"},
                ),
            ),
        )
        table.add_resource_dependency(database)

    @property
    def queries(self) -> dict[str, str]:
        """The questions that auditors ask, by name, as SQL over this table."""
        values = {
            "database": self.database_name,
            "table": _TABLE,
            "region": REGION,
        }
        return {
            path.stem: Template(path.read_text(encoding="utf-8")).substitute(values)
            for path in sorted(_QUERIES.glob("*.sql"))
        }


def _projection(files_uri: str) -> dict[str, str]:
    return {
        "projection.enabled": "true",
        # Each query names its region: a list of all regions here would be out of date one day.
        "projection.region.type": "injected",
        "projection.day.type": "date",
        "projection.day.format": "yyyy/MM/dd",
        "projection.day.range": f"{_FIRST_DAY},NOW",
        "projection.day.interval": "1",
        "projection.day.interval.unit": "DAYS",
        "storage.location.template": f"{files_uri}/${{region}}/${{day}}",
    }


def _columns(types: dict[str, str]) -> list[glue.CfnTable.ColumnProperty]:
    return [glue.CfnTable.ColumnProperty(name=name, type=kind) for name, kind in types.items()]
