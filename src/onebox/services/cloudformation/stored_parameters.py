"""Parameters of a template that name a parameter of the Parameter Store: what is stored there.

Read with the rights of the caller whenever a stack is created or updated.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from onebox.errors import AwsError
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.template.parameters import ParameterDeclaration, is_stored
from onebox.services.context import RequestContext, Wire
from onebox.services.registry import ApiCaller

_NAMES_PER_REQUEST = 10


async def find_stored_values(
    caller: ApiCaller,
    context: RequestContext,
    declared: Mapping[str, ParameterDeclaration],
    parameters: Mapping[str, str],
) -> dict[str, str]:
    """The stored values by the template's names for them. Raises ValidationError."""
    stored_names = {name: parameters[name] for name, declaration in declared.items() if is_stored(declaration)}
    wanted = list(dict.fromkeys(stored_names.values()))
    forwarded = replace(context, called_via="cloudformation.amazonaws.com")
    found: dict[str, Wire] = {}
    missing: list[str] = []
    for start in range(0, len(wanted), _NAMES_PER_REQUEST):
        names = wanted[start : start + _NAMES_PER_REQUEST]
        try:
            answer = await caller.call(forwarded, "ssm", "GetParameters", {"Names": names})
        except AwsError as error:
            raise ValidationError(error.message) from error
        found.update({f"{entry['Name']}{entry.get('Selector') or ''}": entry for entry in answer["Parameters"]})
        missing += answer["InvalidParameters"]
    if missing:
        unknown = ",".join(missing)
        raise ValidationError(f"Unable to fetch parameters [{unknown}] from parameter store for this account.")
    secret = [name for name, entry in found.items() if entry["Type"] == "SecureString"]
    if secret:
        raise ValidationError(
            f"Parameters [{','.join(secret)}] referenced by template have types not supported by CloudFormation."
        )
    return {name: str(found[stored]["Value"]) for name, stored in stored_names.items()}
