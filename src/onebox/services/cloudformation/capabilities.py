"""Which capabilities a template needs before CloudFormation may act on it.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html (Capabilities)
"""

from __future__ import annotations

from collections.abc import Sequence

from onebox.services.cloudformation.errors import InsufficientCapabilitiesException
from onebox.services.cloudformation.template.document import Template

_CUSTOM_NAMES = {
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
}

# They give nobody a right, and AWS asks for no acknowledgement.
_WITHOUT_RIGHTS = frozenset(("AWS::IAM::ServerCertificate", "AWS::IAM::ServiceLinkedRole"))


def needed_capability(template: Template) -> tuple[str, list[str]] | None:
    """The capability that must be acknowledged, and the resource types it is needed for."""
    iam_types = {r.type for r in template.resources.values() if r.type.startswith("AWS::IAM::")}
    types = sorted(iam_types - _WITHOUT_RIGHTS)
    if not types:
        return None
    named = any(_CUSTOM_NAMES.get(r.type) in r.properties for r in template.resources.values())
    return ("CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"), types


def check_capabilities(template: Template, given: Sequence[str]) -> None:
    """Raise InsufficientCapabilitiesException unless the caller acknowledged what the template holds."""
    missing = []
    needed = needed_capability(template)
    if needed is not None:
        enough = {"CAPABILITY_NAMED_IAM"} | ({"CAPABILITY_IAM"} if needed[0] == "CAPABILITY_IAM" else set())
        if not enough & set(given):
            missing.append(needed[0])
    if missing:
        raise InsufficientCapabilitiesException(f"Requires capabilities : [{', '.join(missing)}]")
