"""Check templates with cfn-lint: the schemas of CloudFormation, and rules beyond them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from cfnlint.config import ConfigMixIn, ManualArgs
from cfnlint.decode.decode import decode_str
from cfnlint.runner import Runner, run_template_by_data

# Any region will do: the templates name none.
_REGIONS = ["eu-west-1"]
# How the CDK writes text, not what it says: "prefer Fn::Sub over Fn::Join".
_STYLE = ["I1022"]


def lint(template: Mapping[str, Any]) -> list[str]:
    """Return what cfn-lint says of a template: errors, warnings and hints, one a line."""
    config, rules = _rules()
    document, errors = decode_str(json.dumps(_normalised(template)))
    matches = errors or run_template_by_data(document, config, rules)
    return sorted(f"{each.rule.id} {each.message} at {_place(each)}" for each in matches)


@cache
def _rules() -> tuple[Any, Any]:
    """Load the rules once; each load takes half a second."""
    config = ConfigMixIn(**ManualArgs(regions=_REGIONS, include_checks=["I"], ignore_checks=_STYLE))
    return config, Runner(config).rules


def _normalised(value: Any) -> Any:
    """Replace ``Fn::GetStackOutput`` by ``Fn::ImportValue``.

    cfn-lint 1.58 refuses the first inside ``Fn::Join`` and the like (E1022), where
    CloudFormation allows both; both give a text that is known only when it is deployed.
    """
    if isinstance(value, Mapping):
        if set(value) == {"Fn::GetStackOutput"}:
            output = value["Fn::GetStackOutput"]
            return {"Fn::ImportValue": f"{output['StackName']}:{output['OutputName']}"}
        return {key: _normalised(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_normalised(item) for item in value]
    return value


def _place(match: Any) -> str:
    return "/".join(str(part) for part in getattr(match, "path", None) or ())
