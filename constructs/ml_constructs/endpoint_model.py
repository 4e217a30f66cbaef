"""A version of the registry, made ready to serve."""

from __future__ import annotations

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from ml_constructs.job_role import JobRole
from ml_constructs.network import Network
from ml_constructs.role_policies import wait_for_policies


class EndpointModel(Construct):
    """Define the SageMaker model of one model package: its image, its files, its role.

    Stateless, and unnamed: another version is another model. The container reaches nothing,
    and SageMaker fetches its files through the network. ``network`` None: for a serverless
    endpoint, where SageMaker has neither a network of ours nor isolation.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        package_arn: str,
        role: JobRole,
        network: Network | None,
    ) -> None:
        super().__init__(scope, construct_id)
        model = sagemaker.CfnModel(
            self,
            "Resource",
            execution_role_arn=role.role_arn,
            containers=[
                sagemaker.CfnModel.ContainerDefinitionProperty(model_package_name=package_arn)
            ],
            enable_network_isolation=network is not None,
            vpc_config=sagemaker.CfnModel.VpcConfigProperty(
                subnets=network.subnet_ids, security_group_ids=network.security_group_ids
            )
            if network
            else None,
        )
        wait_for_policies(model, role.role)
        self.name = model.attr_model_name
