"""The domain: inside the network, encrypted, and of no use to whoever has no persona."""

from __future__ import annotations

from typing import Any

import pytest

VPC = "vpc-0123456789abcdef0"
SUBNETS = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]


def _apps(**options: Any) -> Any:
    from ml_constructs.studio_apps import StudioApps

    chosen: dict[str, Any] = {
        "instance_types": ["ml.t3.medium", "ml.m5.large"],
        "idle_timeout_min": 90,
        "volume_gib": 10,
        "max_volume_gib": 50,
    }
    return StudioApps(**{**chosen, **options})


def _domain(site: Any, **options: Any) -> Any:
    from aws_cdk import RemovalPolicy

    from ml_constructs.network import Network
    from ml_constructs.studio_domain import StudioDomain
    from ml_constructs.studio_security_group import StudioSecurityGroup

    return StudioDomain(
        site.stack,
        "Domain",
        name="site",
        auth="iam",
        network=Network(
            vpc_id=VPC, subnet_ids=SUBNETS, security_group_ids=["sg-0123456789abcdef0"]
        ),
        security_group=StudioSecurityGroup(
            site.stack, "Group", vpc_id=VPC, https_destinations=["0.0.0.0/0"]
        ),
        apps=_apps(**options),
        key=site.key,
        shared_output="s3://bucket/shared",
        removal_policy=RemovalPolicy.RETAIN,
    )


@pytest.fixture
def domain(site: Any) -> Any:
    """A domain with JupyterLab and nothing else."""
    return _domain(site)


def _properties(site: Any) -> dict[str, Any]:
    (found,) = site.resources("AWS::SageMaker::Domain").values()
    properties: dict[str, Any] = found["Properties"]
    return properties


def test_nothing_leaves_by_the_internet_of_sagemaker(site: Any, domain: Any) -> None:
    """All traffic goes through the VPC, in two zones, by a group of Studio's own."""
    properties = _properties(site)
    ((name, group),) = site.resources("AWS::EC2::SecurityGroup").items()

    assert properties["AppNetworkAccessType"] == "VpcOnly"
    assert properties["SubnetIds"] == SUBNETS
    assert "SecurityGroupIngress" not in group["Properties"]
    (egress,) = group["Properties"]["SecurityGroupEgress"]
    assert egress["FromPort"] == egress["ToPort"] == 443
    for settings in ("DefaultUserSettings", "DefaultSpaceSettings"):
        assert properties[settings]["SecurityGroups"] == [{"Fn::GetAtt": [name, "GroupId"]}]


def test_disks_and_shared_output_are_encrypted_with_our_key(site: Any, domain: Any) -> None:
    """And there is no file system that would outlive the domain."""
    properties = _properties(site)
    sharing = properties["DefaultUserSettings"]["SharingSettings"]

    assert properties["KmsKeyId"]["Fn::GetAtt"][0].startswith("Key")
    assert sharing["S3KmsKeyId"] == properties["KmsKeyId"]
    assert properties["HomeEfsFileSystemCreation"] == "Disabled"


def test_the_domain_outlives_its_stack_where_it_shall(site: Any, domain: Any) -> None:
    """The disks of people's spaces go with it."""
    (found,) = site.resources("AWS::SageMaker::Domain").values()

    assert found["DeletionPolicy"] == found["UpdateReplacePolicy"] == "Retain"


def test_sessions_carry_the_name_of_the_user(site: Any, domain: Any) -> None:
    """People share the role of their persona; the trail must tell them apart."""
    (role,) = site.resources("AWS::IAM::Role").values()
    (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]

    assert _properties(site)["DomainSettings"] == {
        "DockerSettings": {"EnableDockerAccess": "DISABLED"},
        "ExecutionRoleIdentityConfig": "USER_PROFILE_NAME",
    }
    assert trust["Action"] == ["sts:AssumeRole", "sts:SetSourceIdentity"]
    assert "aws:SourceAccount" in str(trust["Condition"])


def test_a_profile_without_persona_may_do_nothing(site: Any, domain: Any) -> None:
    """The role that the domain falls back to has no policy."""
    (role,) = site.resources("AWS::IAM::Role")
    default = {"Fn::GetAtt": [role, "Arn"]}

    assert _properties(site)["DefaultUserSettings"]["ExecutionRole"] == default
    assert _properties(site)["DefaultSpaceSettings"]["ExecutionRole"] == default
    assert site.resources("AWS::IAM::Policy") == {}


@pytest.mark.parametrize("app", ["JupyterLabAppSettings", "CodeEditorAppSettings"])
def test_an_idle_app_stops_and_nobody_can_postpone_it(site: Any, domain: Any, app: str) -> None:
    """A forgotten notebook costs money every hour."""
    settings = _properties(site)["DefaultUserSettings"][app]

    assert settings["DefaultResourceSpec"] == {"InstanceType": "ml.t3.medium"}
    assert settings["AppLifecycleManagement"]["IdleSettings"] == {
        "LifecycleManagement": "ENABLED",
        "IdleTimeoutInMinutes": 90,
        "MinIdleTimeoutInMinutes": 60,
        "MaxIdleTimeoutInMinutes": 90,
    }


def test_the_portal_hides_what_is_switched_off() -> None:
    """Canvas brings Data Wrangler along; a reviewer sees no tool that makes something."""
    plain = _apps().portal(is_maker=True)
    full = _apps(canvas=True, code_editor=True).portal(is_maker=True)
    reviewer = _apps(canvas=True, code_editor=True).portal(is_maker=False)

    assert {"Canvas", "CodeEditor"} <= set(plain["hiddenAppTypes"])
    assert "JupyterLab" not in plain["hiddenAppTypes"]
    assert "DataWrangler" in plain["hiddenMlTools"]
    assert not {"Canvas", "CodeEditor", "JupyterLab"} & set(full["hiddenAppTypes"])
    assert "DataWrangler" not in full["hiddenMlTools"]
    assert {"Canvas", "CodeEditor", "JupyterLab"} <= set(reviewer["hiddenAppTypes"])
    assert not {"Models", "Pipelines"} & set(reviewer["hiddenMlTools"])


def _statement(site: Any, action: str, *, effect: str = "Allow") -> dict[str, Any]:
    (found,) = (
        each
        for each in site.statements("Maker")
        if each["Effect"] == effect and action in str(each["Action"])
    )
    return dict(found)


def test_people_open_studio_as_themselves(site: Any, domain: Any) -> None:
    """One URL: that of the profile that asks."""
    domain.access.grant_open(site.role("Maker"))
    found = _statement(site, "CreatePresignedDomainUrl")

    assert str(found["Resource"]).endswith("'/${sagemaker:UserProfileName}']]}")
    assert "CreateApp" not in str(site.statements("Maker"))


@pytest.mark.parametrize("action", ["sagemaker:CreateSpace", "sagemaker:CreateApp"])
def test_spaces_are_private_and_ones_own(site: Any, domain: Any, action: str) -> None:
    """Nobody starts, changes or deletes what belongs to somebody else, or to everybody."""
    domain.access.grant_spaces(site.role("Maker"))
    found = _statement(site, action)

    assert found["Condition"]["StringEquals"] == {"sagemaker:SpaceSharingType": "Private"}
    owner = found["Condition"]["ArnEquals"]["sagemaker:OwnerUserProfileArn"]
    assert str(owner).endswith("'/${sagemaker:UserProfileName}']]}")


def test_only_listed_machines_start(site: Any, domain: Any) -> None:
    """A denial, so that no policy added later opens the way to a larger one."""
    domain.access.grant_spaces(site.role("Maker"))
    found = _statement(site, "CreateApp", effect="Deny")

    assert set(found["Action"]) == {
        "sagemaker:CreateApp",
        "sagemaker:CreateSpace",
        "sagemaker:UpdateSpace",
    }
    assert found["Condition"] == {
        "ForAnyValue:StringNotEquals": {
            "sagemaker:InstanceTypes": ["ml.t3.medium", "ml.m5.large", "system"]
        }
    }


def test_tags_are_added_to_what_is_being_made_only(site: Any, domain: Any) -> None:
    """Otherwise people could move their costs to somebody else's account of them."""
    domain.access.grant_spaces(site.role("Maker"))

    assert _statement(site, "AddTags")["Condition"] == {
        "StringEquals": {"sagemaker:TaggingAction": ["CreateApp", "CreateSpace"]}
    }


def test_canvas_runs_in_the_own_profile(site: Any) -> None:
    """It has no space, so no owner to compare with: the profile is part of its name."""
    _domain(site, canvas=True).access.grant_spaces(site.role("Maker"))
    resources = [
        str(each["Resource"])
        for each in site.statements("Maker")
        if "sagemaker:CreateApp" in each["Action"] and "Condition" not in each
    ]

    assert len(resources) == 1
    assert resources[0].endswith("'/${sagemaker:UserProfileName}/*']]}")
