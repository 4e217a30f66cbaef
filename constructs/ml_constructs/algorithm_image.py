"""The image of an algorithm that is not ours, in the registry of whoever keeps it."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import CfnMapping
from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_constructs.arns import REGION, URL_SUFFIX, format_arn
from ml_constructs.image_repository import PULL

_ACCOUNT = "Account"


class MissingRegistryError(ValueError):
    """Nobody keeps the image in the region of the stack, and SageMaker pulls from no other."""

    def __init__(self, name: str, region: str, known: Mapping[str, str]) -> None:
        super().__init__(
            f"training.algorithm {name} has no image in {region}; it is in {', '.join(known)}; "
            "deploy there, or name another algorithm in usecase.yaml"
        )


class AlgorithmImage(Construct):
    """Name an image by the region that the stack is deployed to, without looking anything up.

    Stateless.

    Args:
        scope: the stack.
        construct_id: its name there.
        name: what people call the algorithm.
        repository: the repository, which has the same name in every registry.
        version: a tag with its colon, or a digest with its @.
        registries: the account that keeps the repository, by region.
        region: that of the stack where it is known before deployment.

    Raises:
        MissingRegistryError: if the image is not in that region.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        repository: str,
        version: str,
        registries: Mapping[str, str],
        region: str | None,
    ) -> None:
        super().__init__(scope, construct_id)
        if region is not None and region not in registries:
            raise MissingRegistryError(name, region, registries)
        accounts = CfnMapping(
            self,
            "Registries",
            mapping={place: {_ACCOUNT: account} for place, account in registries.items()},
        )
        account = accounts.find_in_map(REGION, _ACCOUNT)
        self.uri = f"{account}.dkr.ecr.{REGION}.{URL_SUFFIX}/{repository}{version}"
        self._repository_arn = format_arn(
            service="ecr", resource="repository", resource_name=repository, account=account
        )

    def grant_pull(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` run the image; the token for registries it has for our own already."""
        iam.Grant.add_to_principal(
            grantee=grantee, actions=list(PULL), resource_arns=[self._repository_arn]
        )
