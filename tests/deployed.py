"""What CloudFormation would make of the references: plausible names, ids and ARNs.

Checks of values (patterns, lengths, policies) need text where a template has references. Each
resource gets the name it asks for, or one made of its stack and its logical id; what AWS draws
(ids of keys, subnets and the like) is derived from where the resource stands.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.assembly import Assembly, Resource

ACCOUNT = "111122223333"
REGION = "eu-west-1"
PARTITION = "aws"
NO_VALUE = object()

_PARAMETER = re.compile(r"\{\{resolve:ssm:(?P<name>[\w./-]+)\}\}")
_HASH = re.compile(r"(?<=.)[0-9A-F]{8}$")
_NAMES = ("Name", "BucketName", "RoleName", "QueueName", "TopicName", "TableName", "AlarmName")
_ARNS: Mapping[str, str] = {
    "AWS::Athena::WorkGroup": "athena:{region}:{account}:workgroup/{name}",
    "AWS::Backup::BackupVault": "backup:{region}:{account}:backup-vault:{name}",
    "AWS::CloudTrail::Trail": "cloudtrail:{region}:{account}:trail/{name}",
    "AWS::CloudWatch::Alarm": "cloudwatch:{region}:{account}:alarm:{name}",
    "AWS::CodeBuild::Project": "codebuild:{region}:{account}:project/{name}",
    "AWS::DynamoDB::Table": "dynamodb:{region}:{account}:table/{name}",
    "AWS::ECR::Repository": "ecr:{region}:{account}:repository/{name}",
    "AWS::Events::EventBus": "events:{region}:{account}:event-bus/{name}",
    "AWS::Events::Rule": "events:{region}:{account}:rule/{name}",
    "AWS::IAM::ManagedPolicy": "iam::{account}:policy/{name}",
    "AWS::IAM::Role": "iam::{account}:role/{name}",
    "AWS::KMS::Key": "kms:{region}:{account}:key/{uuid}",
    "AWS::Kinesis::Stream": "kinesis:{region}:{account}:stream/{name}",
    "AWS::KinesisFirehose::DeliveryStream": "firehose:{region}:{account}:deliverystream/{name}",
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:{name}",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{name}:*",
    "AWS::RDS::DBCluster": "rds:{region}:{account}:cluster:{name}",
    "AWS::S3::Bucket": "s3:::{lower}",
    "AWS::SNS::Topic": "sns:{region}:{account}:{name}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
    "AWS::SSM::Parameter": "ssm:{region}:{account}:parameter/{bare}",
    "AWS::SageMaker::Domain": "sagemaker:{region}:{account}:domain/d-{hex12}",
    "AWS::SageMaker::FeatureGroup": "sagemaker:{region}:{account}:feature-group/{name}",
    "AWS::SageMaker::MlflowApp": "sagemaker:{region}:{account}:mlflow-app/app-{hex12}",
    "AWS::SageMaker::ModelPackageGroup": "sagemaker:{region}:{account}:model-package-group/{name}",
    "AWS::SageMaker::Pipeline": "sagemaker:{region}:{account}:pipeline/{name}",
    "AWS::SageMaker::StudioLifecycleConfig": (
        "sagemaker:{region}:{account}:studio-lifecycle-config/{lower}"
    ),
    "AWS::Scheduler::Schedule": "scheduler:{region}:{account}:schedule/default/{name}",
    "AWS::Scheduler::ScheduleGroup": "scheduler:{region}:{account}:schedule-group/{name}",
    "AWS::SecretsManager::Secret": "secretsmanager:{region}:{account}:secret:{name}-AbCdEf",
}
"""ARNs after ``arn:aws:``."""

_REFS: Mapping[str, str] = {
    "AWS::EC2::FlowLog": "fl-{hex17}",
    "AWS::EC2::NatGateway": "nat-{hex17}",
    "AWS::EC2::RouteTable": "rtb-{hex17}",
    "AWS::EC2::SecurityGroup": "sg-{hex17}",
    "AWS::EC2::Subnet": "subnet-{hex17}",
    "AWS::EC2::VPC": "vpc-{hex17}",
    "AWS::EC2::VPCEndpoint": "vpce-{hex17}",
    "AWS::KMS::Key": "{uuid}",
    "AWS::S3::Bucket": "{lower}",
    "AWS::SQS::Queue": "https://sqs.{region}.amazonaws.com/{account}/{name}",
    "AWS::SageMaker::Domain": "d-{hex12}",
}
"""What ``Ref`` gives where it is not the name; where it is the ARN, see below."""

_ATTRIBUTES: Mapping[str, str] = {
    "AvailabilityZone": "{region}a",
    "DefaultSecurityGroup": "sg-{hex17}",
    "DomainName": "{lower}.example.com",
    "Endpoint.Address": "{lower}.cluster-{hex12}.{region}.rds.amazonaws.com",
    "Endpoint.Port": "5432",
    "LatestVersionNumber": "1",
    "MasterUserSecret.SecretArn": (
        "arn:aws:secretsmanager:{region}:{account}:secret:rds!cluster-{uuid}-AbCdEf"
    ),
    "RepositoryUri": "{account}.dkr.ecr.{region}.amazonaws.com/{name}",
    "StreamArn": "arn:aws:dynamodb:{region}:{account}:table/{name}/stream/2027-01-01T00:00:00.000",
}
"""Other attributes that templates ask for."""

_REF_IS_ARN = {
    "AWS::IAM::ManagedPolicy",
    "AWS::SNS::Topic",
    "AWS::SageMaker::MlflowApp",
    "AWS::SageMaker::ModelPackageGroup",
    "AWS::SecretsManager::Secret",
}


@dataclass(frozen=True)
class Deployment:
    """One environment, as if it had been deployed into one account and region."""

    assembly: Assembly
    environment: str
    _functions: Mapping[str, Callable[[Resource, Any], Any]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        functions = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::GetStackOutput": self._stack_output,
            "Fn::Join": self._join,
            "Fn::Sub": self._sub,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::GetAZs": lambda *_: [f"{REGION}{zone}" for zone in "abc"],
            "Fn::FindInMap": self._find_in_map,
            "Fn::Base64": lambda origin, value: self.resolve(origin, value),
        }
        object.__setattr__(self, "_functions", functions)

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        """Every resource of the environment."""
        return tuple(e for e in self.assembly.resources if e.environment == self.environment)

    @cached_property
    def named(self) -> Mapping[str, Resource]:
        """Every resource by ``Stack.LogicalId``; the CDK's hash is left out where it may be."""
        full = {f"{each.stack}.{each.logical_id}": each for each in self.resources}
        short: dict[str, list[Resource]] = {}
        for name, each in full.items():
            short.setdefault(_HASH.sub("", name), []).append(each)
        return {**full, **{name: found[0] for name, found in short.items() if len(found) == 1}}

    def name(self, resource: Resource) -> str:
        """Return the physical name: what the template asks for, or stack and logical id."""
        kind = resource.type.rpartition("::")[2]
        inner = resource.properties.get(f"{kind}Input", {})
        for place in (resource.properties, inner):
            for key in (f"{kind}Name", *_NAMES):
                if key in place:
                    return str(self.resolve(resource, place[key]))
        return f"{self._stack_name(resource)}-{_HASH.sub('', resource.logical_id)}"

    def _stack_name(self, resource: Resource) -> str:
        return f"acequia-{self.environment}-{resource.stack}"

    def arn(self, resource: Resource) -> str:
        """Return the ARN."""
        service, kind = resource.type.lower().split("::")[1:3]
        pattern = _ARNS.get(resource.type, service + ":{region}:{account}:" + kind + "/{name}")
        return f"arn:{PARTITION}:{self._fill(resource, pattern)}"

    def properties(self, resource: Resource) -> dict[str, Any]:
        """Return the properties, every function in them carried out."""
        found: dict[str, Any] = self.resolve(resource, resource.properties)
        return found

    def resolve(self, origin: Resource, value: Any) -> Any:
        """Return a value of the template of ``origin``, every function in it carried out."""
        if isinstance(value, Mapping):
            if len(value) == 1:
                ((function, argument),) = value.items()
                if function in self._functions:
                    return self._functions[function](origin, argument)
                if function.startswith("Fn::"):
                    raise NotImplementedError(f"{function} in {origin.address}")
            items = {key: self.resolve(origin, item) for key, item in value.items()}
            return {key: item for key, item in items.items() if item is not NO_VALUE}
        if isinstance(value, list):
            items_ = [self.resolve(origin, item) for item in value]
            return [item for item in items_ if item is not NO_VALUE]
        return _PARAMETER.sub(self._parameter, value) if isinstance(value, str) else value

    def _parameter(self, match: re.Match[str]) -> str:
        """Look up what another environment has published."""
        (found,) = (
            each
            for each in self.assembly.find("AWS::SSM::Parameter")
            if each.properties["Name"] == match["name"]
        )
        where = Deployment(self.assembly, found.environment)
        return str(where.resolve(found, found.properties["Value"]))

    def _ref(self, origin: Resource, name: str) -> Any:
        pseudo = {
            "AWS::AccountId": ACCOUNT,
            "AWS::Region": REGION,
            "AWS::Partition": PARTITION,
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": self._stack_name(origin),
            "AWS::NoValue": NO_VALUE,
        }
        if name in pseudo:
            return pseudo[name]
        resource = self.assembly.target(origin, {"Ref": name})
        if resource is None:
            parameters = self.assembly.templates[self.environment][origin.stack]["Parameters"]
            return parameters[name]["Default"]
        if resource.type == "AWS::SecretsManager::SecretTargetAttachment":
            return self.resolve(resource, resource.properties["SecretId"])
        if resource.type in _REF_IS_ARN:
            return self.arn(resource)
        return self._fill(resource, _REFS.get(resource.type, "{name}"))

    def _get_att(self, origin: Resource, argument: list[str]) -> Any:
        resource = self.assembly.target(origin, {"Fn::GetAtt": argument})
        if resource is None:
            raise LookupError(f"{argument} in {origin.address} points at nothing")
        attribute = argument[1]
        kind = resource.type.rpartition("::")[2]
        if attribute in {"Arn", f"{kind}Arn"}:
            return self.arn(resource)
        if attribute in {f"{kind}Name", "Name"}:
            return self.name(resource)
        if attribute in _ATTRIBUTES:
            return self._fill(resource, _ATTRIBUTES[attribute])
        if attribute in {f"{kind}Id", "KeyId", "GroupId", "QueueUrl", "Id"}:
            return self._ref(resource, argument[0])
        raise NotImplementedError(f"{resource.type}.{attribute}, asked for in {origin.address}")

    def _find_in_map(self, origin: Resource, argument: list[Any]) -> Any:
        name, *keys = self.resolve(origin, argument)
        found = self.assembly.templates[self.environment][origin.stack]["Mappings"][name]
        for key in keys:
            found = found[key]
        return found

    def _stack_output(self, _: Resource, argument: Mapping[str, str]) -> Any:
        stack = argument["StackName"].rpartition("-")[2]
        output = self.assembly.templates[self.environment][stack]["Outputs"]
        there = Resource(self.environment, stack, "Outputs", {})
        return self.resolve(there, output[argument["OutputName"]]["Value"])

    def _join(self, origin: Resource, argument: list[Any]) -> str:
        separator, parts = argument
        return str(separator).join(str(part) for part in self.resolve(origin, parts))

    def _sub(self, origin: Resource, argument: Any) -> str:
        text, given = argument if isinstance(argument, list) else (argument, {})

        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name in given:
                return str(self.resolve(origin, given[name]))
            logical_id, _, attribute = name.partition(".")
            if attribute:
                return str(self._get_att(origin, [logical_id, attribute]))
            return str(self._ref(origin, name))

        return re.sub(r"\$\{([^!}]+)\}", value, text).replace("${!", "${")

    def _select(self, origin: Resource, argument: list[Any]) -> Any:
        index, values = argument
        return self.resolve(origin, values)[int(index)]

    def _split(self, origin: Resource, argument: list[Any]) -> list[str]:
        separator, text = argument
        return str(self.resolve(origin, text)).split(separator)

    def _fill(self, resource: Resource, pattern: str) -> str:
        place = hashlib.sha256(resource.address.encode()).hexdigest()
        return pattern.format(
            account=ACCOUNT,
            region=REGION,
            name=self.name(resource),
            bare=self.name(resource).removeprefix("/"),
            lower=self.name(resource).lower(),
            uuid=uuid.uuid5(uuid.NAMESPACE_URL, resource.address),
            hex12=place[:12],
            hex17=place[:17],
        )
