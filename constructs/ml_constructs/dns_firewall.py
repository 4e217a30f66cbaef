"""Which names a VPC may ask for: a question can carry data out where no packet can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from aws_cdk import aws_route53resolver as resolver
from constructs import Construct

from ml_constructs.arns import URL_SUFFIX

OF_AWS: Final = (
    f"*.{URL_SUFFIX}",
    "*.api.aws",
    "*.app.aws",
    "*.sagemaker.aws",
    "*.compute.internal",
    "*.ec2.internal",
    "*.in-addr.arpa",
)
"""The services, what SageMaker calls its parts, and the machines of the VPC itself."""

_PRIORITY = 101
"""The lowest that may be given; AWS keeps 100 and less to itself."""


class DnsFirewall(Construct):
    """Let the resolver of a VPC answer for AWS and ``allowed``; refuse or report the rest.

    Stateless. Names are checked as they are asked: where one that is allowed leads is trusted.
    What is reported or refused is in the logs of the resolver. While the firewall itself is out
    of order nothing is answered, as AWS has it by default.
    Source: Amazon Route 53 Developer Guide, "Using DNS Firewall to filter outbound DNS traffic".
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc_id: str,
        allowed: Sequence[str],
        others: Literal["alert", "block"],
    ) -> None:
        super().__init__(scope, construct_id)
        known = resolver.CfnFirewallDomainList(
            self, "Allowed", domains=list(dict.fromkeys([*OF_AWS, *allowed]))
        )
        everything = resolver.CfnFirewallDomainList(self, "Everything", domains=["*"])
        group = resolver.CfnFirewallRuleGroup(
            self,
            "Resource",
            firewall_rules=[
                {
                    "action": "ALLOW",
                    "priority": 1,
                    "firewallDomainListId": known.attr_id,
                    "firewallDomainRedirectionAction": "TRUST_REDIRECTION_DOMAIN",
                },
                {
                    "action": others.upper(),
                    "priority": 2,
                    "firewallDomainListId": everything.attr_id,
                    **({"blockResponse": "NXDOMAIN"} if others == "block" else {}),
                },
            ],
        )
        resolver.CfnFirewallRuleGroupAssociation(
            self,
            "OfVpc",
            firewall_rule_group_id=group.attr_id,
            vpc_id=vpc_id,
            priority=_PRIORITY,
        )
