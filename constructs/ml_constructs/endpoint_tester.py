"""Who may try an endpoint: the delivery, after it deployed a version."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_constructs.arns import ACCOUNT, format_arn


class EndpointTester(Construct):
    """Define the role that sends requests to one endpoint and asks how it is.

    Stateless. It has a name because the delivery, in ``account`` (by default this one), writes
    it out. Who of that account may take it is for its own policies to say.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        endpoint_name: str,
        account: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Resource",
            role_name=name,
            assumed_by=iam.AccountPrincipal(account or ACCOUNT),
            description=f"Tries the endpoint {endpoint_name} after a deployment; changes nothing",
        )
        self.role_arn = self.role.role_arn
        iam.Grant.add_to_principal(
            grantee=self.role,
            actions=["sagemaker:DescribeEndpoint", "sagemaker:InvokeEndpoint"],
            resource_arns=[
                format_arn(
                    service="sagemaker", resource="endpoint", resource_name=endpoint_name.lower()
                )
            ],
        )
