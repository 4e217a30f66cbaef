"""The changes that somebody must hear of, as data: one row a change, with who asks for it.

The patterns of the rows that name a control are those that Security Hub looks for; it
compares them, so a clause more or less would leave the control failed.
Source: AWS Security Hub User Guide, "Security Hub CSPM controls for Amazon CloudWatch";
CIS AWS Foundations Benchmark v1.4.0, section 4.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AuditedChange:
    """One kind of event in the trail, and which controls ask that it be noticed."""

    name: str
    description: str
    pattern: str
    controls: tuple[str, ...] = ()


def _any_of(names: tuple[str, ...]) -> str:
    return " || ".join(f"($.eventName={name})" for name in names)


def _named(*names: str) -> str:
    return f"{{{_any_of(names)}}}"


def _calls(service: str, *names: str) -> str:
    called = f"({_any_of(names)})" if len(names) > 1 else _any_of(names)
    return f"{{($.eventSource={service}.amazonaws.com) && {called}}}"


AUDITED_CHANGES: tuple[AuditedChange, ...] = (
    AuditedChange(
        "RootUse",
        "The root user of the account did something",
        '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && '
        '$.eventType !="AwsServiceEvent"}',
        ("SecurityHub CloudWatch.1", "CIS 1.7", "CIS 4.3"),
    ),
    AuditedChange(
        "DeniedCalls",
        "Calls were denied: a role lacks a right, or somebody tries doors",
        '{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}',
        ("SecurityHub CloudWatch.2", "CIS 4.1"),
    ),
    AuditedChange(
        "SignInWithoutMfa",
        "An IAM user signed in to the console without a second factor",
        '{($.eventName="ConsoleLogin") && ($.additionalEventData.MFAUsed !="Yes") && '
        '($.userIdentity.type="IAMUser") && ($.responseElements.ConsoleLogin="Success")}',
        ("SecurityHub CloudWatch.3", "CIS 4.2"),
    ),
    AuditedChange(
        "IamPolicyChange",
        "A policy of IAM was made, changed, attached or removed",
        _calls(
            "iam",
            "DeleteGroupPolicy", "DeleteRolePolicy", "DeleteUserPolicy", "PutGroupPolicy",
            "PutRolePolicy", "PutUserPolicy", "CreatePolicy", "DeletePolicy",
            "CreatePolicyVersion", "DeletePolicyVersion", "AttachRolePolicy", "DetachRolePolicy",
            "AttachUserPolicy", "DetachUserPolicy", "AttachGroupPolicy", "DetachGroupPolicy",
        ),
        ("SecurityHub CloudWatch.4", "CIS 4.4"),
    ),
    AuditedChange(
        "TrailChange",
        "A trail was made, changed, stopped or deleted",
        _named("CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging"),
        ("SecurityHub CloudWatch.5", "CIS 4.5"),
    ),
    AuditedChange(
        "FailedSignIn",
        "Sign-ins to the console failed",
        '{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}',
        ("SecurityHub CloudWatch.6", "CIS 4.6"),
    ),
    AuditedChange(
        "KeyDisabled",
        "A key was disabled or is about to be deleted, and with it all that it encrypts",
        _calls("kms", "DisableKey", "ScheduleKeyDeletion"),
        ("SecurityHub CloudWatch.7", "CIS 4.7"),
    ),
    AuditedChange(
        "BucketPolicyChange",
        "The policy, the sharing or the lifecycle of a bucket changed",
        _calls(
            "s3",
            "PutBucketAcl", "PutBucketPolicy", "PutBucketCors", "PutBucketLifecycle",
            "PutBucketReplication", "DeleteBucketPolicy", "DeleteBucketCors",
            "DeleteBucketLifecycle", "DeleteBucketReplication",
        ),
        ("SecurityHub CloudWatch.8", "CIS 4.8"),
    ),
    AuditedChange(
        "ConfigChange",
        "AWS Config records less than before",
        _calls(
            "config",
            "StopConfigurationRecorder", "DeleteDeliveryChannel", "PutDeliveryChannel",
            "PutConfigurationRecorder",
        ),
        ("SecurityHub CloudWatch.9", "CIS 4.9"),
    ),
    AuditedChange(
        "SecurityGroupChange",
        "A security group was made, changed or deleted",
        _named(
            "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress",
            "RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress",
            "CreateSecurityGroup", "DeleteSecurityGroup",
        ),
        ("SecurityHub CloudWatch.10", "CIS 4.10"),
    ),
    AuditedChange(
        "NetworkAclChange",
        "A network access control list was made, changed or deleted",
        _named(
            "CreateNetworkAcl", "CreateNetworkAclEntry", "DeleteNetworkAcl",
            "DeleteNetworkAclEntry", "ReplaceNetworkAclEntry", "ReplaceNetworkAclAssociation",
        ),
        ("SecurityHub CloudWatch.11", "CIS 4.11"),
    ),
    AuditedChange(
        "GatewayChange",
        "A way out of a network was made, attached or removed",
        _named(
            "CreateCustomerGateway", "DeleteCustomerGateway", "AttachInternetGateway",
            "CreateInternetGateway", "DeleteInternetGateway", "DetachInternetGateway",
        ),
        ("SecurityHub CloudWatch.12", "CIS 4.12"),
    ),
    AuditedChange(
        "RouteTableChange",
        "A route was made, changed or deleted",
        _calls(
            "ec2",
            "CreateRoute", "CreateRouteTable", "ReplaceRoute", "ReplaceRouteTableAssociation",
            "DeleteRouteTable", "DeleteRoute", "DisassociateRouteTable",
        ),
        ("SecurityHub CloudWatch.13", "CIS 4.13"),
    ),
    AuditedChange(
        "VpcChange",
        "A network was made, changed, joined to another or deleted",
        _named(
            "CreateVpc", "DeleteVpc", "ModifyVpcAttribute", "AcceptVpcPeeringConnection",
            "CreateVpcPeeringConnection", "DeleteVpcPeeringConnection",
            "RejectVpcPeeringConnection", "AttachClassicLinkVpc", "DetachClassicLinkVpc",
            "DisableVpcClassicLink", "EnableVpcClassicLink",
        ),
        ("SecurityHub CloudWatch.14", "CIS 4.14"),
    ),
    # What follows no benchmark asks for: it is how this platform could be opened or silenced.
    AuditedChange(
        "KeyPolicyChange",
        "Who may use a key changed",
        _calls("kms", "PutKeyPolicy"),
    ),
    AuditedChange(
        "PublicAccessChange",
        "What keeps buckets from being public changed",
        _calls(
            "s3",
            "PutBucketPublicAccessBlock", "DeleteBucketPublicAccessBlock",
            "PutAccountPublicAccessBlock", "DeleteAccountPublicAccessBlock",
        ),
    ),
    AuditedChange(
        "AlarmChange",
        "An alarm was deleted or silenced",
        _calls("monitoring", "DeleteAlarms", "DisableAlarmActions"),
    ),
    AuditedChange(
        "LogDeletion",
        "Logs, or the filters that watch them, were deleted",
        _calls("logs", "DeleteLogGroup", "DeleteLogStream", "DeleteMetricFilter"),
    ),
    AuditedChange(
        "ModelApproval",
        "A version of a model was approved or rejected: evidence, not a fault",
        _calls("sagemaker", "UpdateModelPackage"),
    ),
)  # fmt: skip
"""In the order of the runbook, docs/runbooks/audit.md."""
