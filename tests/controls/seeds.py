"""Templates that are wrong on purpose, each in one way, for the check that must say so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.assembly import Assembly

Resources = Mapping[str, tuple[str, Mapping[str, Any]]]
"""By logical id: type and properties."""

_KEY = ("AWS::KMS::Key", {})
_OURS = {"Fn::GetAtt": ["Key", "Arn"]}
_TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole"}
_SAGEMAKER = {"Service": "sagemaker.amazonaws.com"}


@dataclass(frozen=True)
class Seed:
    """One violation: the row that must find it, and part of what it must say."""

    control: str
    name: str
    says: str
    resources: Resources
    others: Resources | None = None
    """The resources of staging, for the one row that compares environments."""

    environment: str = field(default="prod", kw_only=True)

    def assembly(self) -> Assembly:
        """Return the template, as the stack ``Seed`` of its environment."""
        templates = {self.environment: {"Seed": _template(self.resources)}}
        if self.others is not None:
            templates["staging"] = {"Seed": _template(self.others)}
        return Assembly(templates)


def _template(resources: Resources) -> dict[str, Any]:
    return {
        "Resources": {
            name: {"Type": kind, "Properties": dict(properties)}
            for name, (kind, properties) in resources.items()
        }
    }


def _pipeline(*steps: Mapping[str, Any], **more: Any) -> Resources:
    body = json.dumps({"Version": "2020-12-01", "Parameters": [], "Steps": steps, **more})
    properties = {"PipelineDefinition": {"PipelineDefinitionBody": body}}
    return {"Pipeline": ("AWS::SageMaker::Pipeline", properties), "Key": _KEY}


def _step(**arguments: Any) -> dict[str, Any]:
    return {
        "Name": "Prepare",
        "Type": "Processing",
        "Arguments": {"ProcessingResources": {"ClusterConfig": {}}, **arguments},
    }


def _policy(**statement: Any) -> Resources:
    row = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **statement}
    role = {"Roles": [{"Ref": "Role"}], "PolicyDocument": {"Statement": [row]}}
    return {"Role": ("AWS::IAM::Role", {}), "Policy": ("AWS::IAM::Policy", role)}


def _trusting(**statement: Any) -> Resources:
    document = {"Statement": [{**_TRUST, "Principal": _SAGEMAKER, **statement}]}
    return {"Role": ("AWS::IAM::Role", {"AssumeRolePolicyDocument": document})}


def _one(kind: str, **properties: Any) -> Resources:
    return {"Seeded": (kind, properties), "Key": _KEY}


def _denying(
    resource: Any, secure: str = "false", action: str = "s3:*"
) -> tuple[str, Mapping[str, Any]]:
    row = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resource,
        "Condition": {"Bool": {"aws:SecureTransport": secure}},
    }
    return "AWS::S3::BucketPolicy", {"PolicyDocument": {"Statement": [row]}}


_BUCKET_ARN = {"Fn::GetAtt": ["Bucket", "Arn"]}
_OPEN_BLOCK = {"BlockPublicAcls": True, "BlockPublicPolicy": True, "IgnorePublicAcls": True}
_TAGS = [{"Key": key, "Value": "x"} for key in ("CostCenter", "DataClassification", "OwnerTeam")]

SEEDS: tuple[Seed, ...] = (
    Seed("C01", "bucket without a key", "names no key", _one("AWS::S3::Bucket")),
    Seed(
        "C01",
        "log group with a key of somebody else",
        "no key of this app",
        _one("AWS::Logs::LogGroup", KmsKeyId="arn:of:another:key"),
    ),
    Seed(
        "C01",
        "key that is a role",
        "no key of this app",
        {**_one("AWS::Logs::LogGroup", KmsKeyId={"Fn::GetAtt": ["Role", "Arn"]}), **_policy()},
    ),
    Seed(
        "C01",
        "endpoint that captures data in clear",
        "names no key",
        _one("AWS::SageMaker::EndpointConfig", KmsKeyId=_OURS, DataCaptureConfig={}),
    ),
    Seed("C01", "job with a volume in clear", "names no key", _pipeline(_step())),
    Seed(
        "C01",
        "type that the table does not know",
        "does not say where",
        _one("AWS::Timestream::Database", KmsKeyId=_OURS),
    ),
    Seed(
        "C01",
        "crawler without security configuration",
        "security configuration",
        _one("AWS::Glue::Crawler"),
    ),
    Seed("C02", "bucket without a policy", "SecureTransport", _one("AWS::S3::Bucket")),
    Seed(
        "C02",
        "bucket whose objects are left out",
        "its objects",
        {"Bucket": ("AWS::S3::Bucket", {}), "Policy": _denying(_BUCKET_ARN)},
    ),
    Seed(
        "C02",
        "policy that denies TLS",
        "SecureTransport",
        {"Bucket": ("AWS::S3::Bucket", {}), "Policy": _denying([_BUCKET_ARN], "true")},
    ),
    Seed(
        "C02",
        "policy that denies reading only",
        "SecureTransport",
        {
            "Bucket": ("AWS::S3::Bucket", {}),
            "Policy": _denying([_BUCKET_ARN, "${Seed.Bucket.Arn}/*"], action="s3:GetObject"),
        },
    ),
    Seed("C02", "queue without a policy", "SecureTransport", _one("AWS::SQS::Queue")),
    Seed(
        "C02",
        "JDBC in clear",
        "JDBC_ENFORCE_SSL",
        _one("AWS::Glue::Connection", ConnectionInput={"ConnectionType": "JDBC"}),
    ),
    Seed(
        "C03",
        "bucket with one block off",
        "RestrictPublicBuckets",
        _one("AWS::S3::Bucket", PublicAccessBlockConfiguration=_OPEN_BLOCK),
    ),
    Seed(
        "C03",
        "policy for everyone",
        "allows everyone",
        _one(
            "AWS::SNS::TopicPolicy",
            PolicyDocument={"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}}]},
        ),
    ),
    Seed(
        "C03",
        "policy for everyone but one",
        "allows everyone",
        _one(
            "AWS::SNS::TopicPolicy",
            PolicyDocument={
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": "*",
                        "Condition": {"StringNotEquals": {"aws:PrincipalAccount": "them"}},
                    }
                ]
            },
        ),
    ),
    Seed(
        "C03",
        "permission for any rule of any account",
        "SourceArn",
        _one("AWS::Lambda::Permission", Principal="events.amazonaws.com"),
    ),
    Seed(
        "C03",
        "port open to the internet",
        "whole internet",
        _one("AWS::EC2::SecurityGroup", SecurityGroupIngress=[{"CidrIp": "0.0.0.0/0"}]),
    ),
    Seed("C03", "database with an address", "PubliclyAccessible", _one("AWS::RDS::DBInstance")),
    Seed("C03", "notebook instance", "Studio is", _one("AWS::SageMaker::NotebookInstance")),
    Seed("C04", "job with a network", "EnableNetworkIsolation", _pipeline(_step())),
    Seed("C04", "model with a network", "EnableNetworkIsolation", _one("AWS::SageMaker::Model")),
    Seed(
        "C04",
        "monitoring job with a network",
        "EnableNetworkIsolation",
        _one("AWS::SageMaker::DataQualityJobDefinition", JobResources={}, NetworkConfig={}),
    ),
    Seed(
        "C05",
        "two instances that speak in clear",
        "EnableInterContainerTrafficEncryption",
        _pipeline(_step(ProcessingResources={"ClusterConfig": {"InstanceCount": 2}})),
    ),
    Seed("C06", "job outside", "0 subnets", _pipeline(_step())),
    Seed(
        "C06",
        "model in one subnet",
        "1 subnets",
        _one("AWS::SageMaker::Model", VpcConfig={"Subnets": ["subnet-1"]}),
    ),
    Seed(
        "C06",
        "Studio with a way to the internet",
        "VpcOnly",
        _one("AWS::SageMaker::Domain", AppNetworkAccessType="PublicInternetOnly"),
    ),
    Seed(
        "C07",
        "one instance in production",
        "1 instances",
        _one(
            "AWS::SageMaker::EndpointConfig",
            ProductionVariants=[{"VariantName": "a", "InitialInstanceCount": 1}],
        ),
    ),
    Seed(
        "C07",
        "scaling in to one",
        "1 instances",
        _one("AWS::ApplicationAutoScaling::ScalableTarget", MinCapacity=1),
    ),
    Seed("C08", "wildcard action", r"spell out s3:\*", _policy(Action="s3:*")),
    Seed("C08", "everything but", "say what is", _policy(NotAction="iam:*")),
    Seed("C08", "any role to any service", "PassedToService", _policy(Action="iam:PassRole")),
    Seed(
        "C08",
        "any role",
        "name the roles",
        _policy(
            Action="iam:PassRole",
            Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
    ),
    Seed(
        "C08",
        "managed policy",
        "write out",
        _one("AWS::IAM::Role", ManagedPolicyArns=["arn:x:iam::aws:policy/AmazonS3FullAccess"]),
    ),
    Seed("C09", "service of any account", "aws:SourceAccount", _trusting()),
    Seed(
        "C09",
        "condition that need not hold",
        "IfExists",
        _trusting(Condition={"StringEqualsIfExists": {"aws:SourceAccount": "me"}}),
    ),
    Seed(
        "C09",
        "condition that lets any account pass",
        "aws:SourceAccount",
        _trusting(Condition={"StringLike": {"aws:SourceAccount": "*"}}),
    ),
    Seed(
        "C10",
        "trainer that approves",
        "approves and may",
        _policy(Action=["sagemaker:CreateTrainingJob", "sagemaker:UpdateModelPackage"]),
    ),
    Seed(
        "C10",
        "approver of anything",
        "without a condition",
        _policy(Action="sagemaker:UpdateModelPackage"),
    ),
    Seed(
        "C10",
        "deployer that trains",
        "may sagemaker:UpdateEndpoint and",
        _policy(Action=["sagemaker:UpdateEndpoint", "sagemaker:StartPipelineExecution"]),
    ),
    Seed(
        "C10",
        "pipeline that approves its own model",
        "leave out Approved",
        _pipeline(
            {
                "Name": "Register",
                "Type": "RegisterModel",
                "Arguments": {"ModelApprovalStatus": "Approved"},
            }
        ),
    ),
    Seed(
        "C11",
        "two steps with one role",
        "is shared by",
        _pipeline(_step(RoleArn="r"), {**_step(RoleArn="r"), "Name": "Train"}),
    ),
    Seed(
        "C12",
        "trail of one region",
        "IsMultiRegionTrail",
        _one("AWS::CloudTrail::Trail", IsLogging=True, EnableLogFileValidation=True),
    ),
    Seed("C12", "bucket that nobody watches", "data events", _one("AWS::S3::Bucket")),
    Seed("C12", "logs without end", "RetentionInDays", _one("AWS::Logs::LogGroup")),
    Seed("C12", "network without flow logs", "record its flows", _one("AWS::EC2::VPC")),
    Seed(
        "C13",
        "key that the logs cannot use",
        "let logs use",
        _one("AWS::Logs::LogGroup", KmsKeyId=_OURS, LogGroupName="/a"),
    ),
    Seed(
        "C13",
        "topic that alarms cannot reach",
        "let cloudwatch use",
        {
            **_one("AWS::SNS::Topic", KmsMasterKeyId=_OURS),
            "Alarm": ("AWS::CloudWatch::Alarm", {"AlarmActions": [{"Ref": "Seeded"}]}),
        },
    ),
    Seed(
        "C13",
        "log group with a name that the key does not cover",
        "for the log group /b/c",
        {
            **_one("AWS::Logs::LogGroup", KmsKeyId=_OURS, LogGroupName="/b/c"),
            "Key": (
                "AWS::KMS::Key",
                {
                    "KeyPolicy": {
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Principal": {"Service": "logs.amazonaws.com"},
                                "Action": "kms:GenerateDataKey",
                                "Condition": {
                                    "ArnLike": {
                                        "kms:EncryptionContext:aws:logs:arn": "x:log-group:/a/*"
                                    }
                                },
                            }
                        ]
                    }
                },
            ),
        },
    ),
    Seed("C13", "key that never changes", "EnableKeyRotation", {"Key": _KEY}),
    Seed("C14", "tag that moves", "IMMUTABLE", _one("AWS::ECR::Repository")),
    Seed(
        "C15",
        "production without approval",
        "put an approval",
        _one("AWS::CodePipeline::Pipeline", Stages=[{"Name": "Production", "Actions": []}]),
    ),
    Seed("C16", "alarm that tells nobody", "tells nobody", _one("AWS::CloudWatch::Alarm")),
    Seed(
        "C16",
        "alarm that does not know silence",
        "TreatMissingData",
        _one("AWS::CloudWatch::Alarm", AlarmActions=["topic"]),
    ),
    Seed("C16", "endpoint without a way back", "name alarms", _one("AWS::SageMaker::Endpoint")),
    Seed(
        "C16",
        "endpoint that waits for no alarm of ours",
        "no alarm of this app",
        _one(
            "AWS::SageMaker::Endpoint",
            DeploymentConfig={"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "none"}]}},
        ),
    ),
    Seed("C17", "bucket that goes with its stack", "DeletionPolicy", _one("AWS::S3::Bucket")),
    Seed("C17", "bucket without old versions", "Enabled", _one("AWS::S3::Bucket")),
    Seed("C17", "database without backups", "to 7", _one("AWS::RDS::DBCluster")),
    Seed(
        "C03",
        "group that may send anywhere",
        "whole internet",
        _one("AWS::EC2::SecurityGroupEgress", CidrIp="0.0.0.0/0"),
    ),
    Seed(
        "C18",
        "password in a connection",
        "looks like a secret",
        _one(
            "AWS::Glue::Connection",
            ConnectionInput={"ConnectionProperties": {"PASSWORD": "not-very-secret"}},
        ),
    ),
    Seed(
        "C18",
        "token in a variable",
        "API_TOKEN",
        _one(
            "AWS::CodeBuild::Project",
            Environment={"EnvironmentVariables": [{"Name": "API_TOKEN", "Value": "abcdef"}]},
        ),
    ),
    Seed(
        "C18",
        "access key in a job's arguments",
        "looks like a secret",
        _pipeline(_step(Environment={"ID": "AKIA" + "A" * 16})),
    ),
    Seed(
        "C18",
        "secret key in a command",
        "looks like a secret",
        _pipeline(_step(ContainerArguments=["aws_secret_access_key=wJalrXUtnFEMI"])),
    ),
    Seed("C19", "template without what was released", "is gone", _one("AWS::S3::Bucket")),
    Seed("C20", "resource without tags", "lacks the tags", _one("AWS::S3::Bucket")),
    Seed(
        "C20",
        "resource of another environment",
        "tagged as one of dev",
        _one("AWS::S3::Bucket", Tags=[*_TAGS, {"Key": "Environment", "Value": "dev"}]),
    ),
    Seed("C21", "job without end", "StoppingCondition", _pipeline(_step())),
    Seed("C21", "step that gives up", "RetryPolicies", _pipeline(_step())),
    Seed("C21", "build without end", "TimeoutInMinutes", _one("AWS::CodeBuild::Project")),
    Seed(
        "C22",
        "image by its tag",
        "by its digest",
        _one("AWS::SageMaker::Model", PrimaryContainer={"Image": "x.dkr.ecr.y/z:latest"}),
    ),
    Seed(
        "C22",
        "image in a definition",
        "by its digest",
        _pipeline(_step(AppSpecification={"ImageUri": "x.dkr.ecr.y/z:1"})),
    ),
    Seed(
        "C23",
        "rule without a dead-letter queue",
        "dead-letter queue",
        _one("AWS::Events::Rule", Targets=[{"Arn": "x", "Id": "a"}]),
    ),
    Seed(
        "C23",
        "dead-letter queue that nobody watches",
        "add an alarm",
        {
            "Queue": ("AWS::SQS::Queue", {}),
            "Schedule": (
                "AWS::Scheduler::Schedule",
                {
                    "Target": {
                        "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Queue", "Arn"]}},
                        "RetryPolicy": {},
                    }
                },
            ),
        },
    ),
    Seed(
        "C24",
        "value that differs",
        "differs from staging",
        _one("AWS::SQS::Queue", DelaySeconds=1),
        _one("AWS::SQS::Queue", DelaySeconds=2),
    ),
    Seed(
        "C24",
        "resource in one environment",
        "exists in prod only",
        _one("AWS::SQS::Queue"),
        {"Key": _KEY},
    ),
    Seed("C25", "account", "an account", _one("AWS::SNS::Topic", DisplayName="of 111122223333")),
    Seed("C25", "region", "a region", _one("AWS::SNS::Topic", DisplayName="in eu-west-1")),
    Seed(
        "C25",
        "partition in a definition",
        "a partition",
        _pipeline(_step(RoleArn="arn:aws-us-gov:iam::x:role/y")),
    ),
)
