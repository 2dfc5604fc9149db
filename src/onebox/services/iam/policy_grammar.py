"""The grammar of policy documents, with AWS's words for what breaks it.

Promises: a document accepted here compiles (policy.py) and can be evaluated without an error.
AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import re
from typing import Any

from onebox.services.iam.conditions import parse_moment_s, parse_operator
from onebox.services.iam.errors import MalformedPolicyDocumentException
from onebox.text.documents import parse_document

DOCUMENT_BYTES_MAX = 131_072
VERSIONS = ("2008-10-17", "2012-10-17")
_SID = re.compile(r"[0-9A-Za-z]*")
_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9*?_-]+|\*")
_POLICY_MEMBERS = frozenset(("Version", "Id", "Statement"))
_STATEMENT_MEMBERS = frozenset(
    (
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
        "Principal",
        "NotPrincipal",
    )
)
_PARTITIONS = frozenset(("aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-eusc", "*"))
_PRINCIPAL_KINDS = frozenset(("AWS", "Service", "Federated", "CanonicalUser"))
_ASSUME_ACTIONS = frozenset(
    (
        "sts:assumerole",
        "sts:assumerolewithsaml",
        "sts:assumerolewithwebidentity",
        "sts:tagsession",
        "sts:setsourceidentity",
        "sts:setcontext",
    )
)
_ACCOUNT = re.compile(r"\d{12}")


def check_identity_policy(text: str) -> None:
    """The rules for inline, managed and session policies. Raises MalformedPolicyDocument."""
    for statement in _parse(text, "Syntax errors in policy."):
        if "Principal" in statement or "NotPrincipal" in statement:
            raise MalformedPolicyDocumentException("Policy document should not specify a principal.")
        _check_actions(statement)
        if not _texts(statement, "Resource"):
            raise MalformedPolicyDocumentException("Policy statement must contain resources.")
        for resource in _texts(statement, "Resource"):
            _check_resource(resource)


def check_trust_policy(text: str) -> None:
    """The rules for a role's AssumeRolePolicyDocument. Raises MalformedPolicyDocument."""
    for statement in _parse(text, "This policy contains invalid Json"):
        for member in ("Resource", "NotResource"):
            if member in statement:
                raise MalformedPolicyDocumentException(f"Has prohibited field {member}")
        _check_actions(statement)
        if any(not _is_assume_action(action) for action in _texts(statement, "Action")):
            raise MalformedPolicyDocumentException("AssumeRole policy may only specify STS AssumeRole actions.")
        _check_principal(statement)


def check_resource_policy(text: str) -> None:
    """The rules for a resource policy given to the simulator. Raises MalformedPolicyDocument."""
    for statement in _parse(text, "Syntax errors in policy."):
        _check_actions(statement)
        _check_principal(statement)


def _parse(text: str, not_json: str) -> list[dict[str, Any]]:
    """The statements of a document whose common parts are right."""
    try:
        document = parse_document(text, bytes_max=DOCUMENT_BYTES_MAX)
    except ValueError as error:
        raise MalformedPolicyDocumentException(not_json) from error
    if not isinstance(document, dict) or not document.keys() <= _POLICY_MEMBERS:
        raise MalformedPolicyDocumentException("Syntax errors in policy.")
    if document.get("Version", VERSIONS[0]) not in VERSIONS:
        raise MalformedPolicyDocumentException("Syntax errors in policy.")
    statements = document.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise MalformedPolicyDocumentException("Syntax errors in policy.")
    for statement in statements:
        _check_statement(statement)
    sids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    if len(set(sids)) < len(sids):
        raise MalformedPolicyDocumentException("Statement IDs (SID) in a single policy must be unique.")
    return statements


def _check_statement(statement: Any) -> None:
    """What identity and trust policies share."""
    syntax = MalformedPolicyDocumentException("Syntax errors in policy.")
    if not isinstance(statement, dict) or not statement.keys() <= _STATEMENT_MEMBERS:
        raise syntax
    effect = statement.get("Effect")
    if not isinstance(effect, str) or effect.lower() not in ("allow", "deny"):
        raise syntax
    for name in ("Action", "Resource", "Principal"):
        if name in statement and f"Not{name}" in statement:
            raise syntax
    for name in ("Action", "NotAction", "Resource", "NotResource"):
        if name in statement and not _is_texts(statement[name]):
            raise syntax
    sid = statement.get("Sid", "")
    if not isinstance(sid, str) or not _SID.fullmatch(sid):
        raise MalformedPolicyDocumentException(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression"
            " [0-9A-Za-z]*"
        )
    _check_condition(statement.get("Condition", {}))


def _check_actions(statement: dict[str, Any]) -> None:
    actions = _texts(statement, "Action")
    if not actions:
        raise MalformedPolicyDocumentException("Policy statement must contain actions.")
    for action in actions:
        if not _ACTION.fullmatch(action):
            if ":" not in action:
                raise MalformedPolicyDocumentException(
                    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
                )
            raise MalformedPolicyDocumentException("The policy failed legacy parsing")


def _check_resource(resource: str) -> None:
    if resource == "*" or resource.startswith("${"):
        return
    parts = resource.split(":", 5)
    if parts[0] != "arn" or len(parts) < 3:
        raise MalformedPolicyDocumentException(f'Resource {resource} must be in ARN format or "*".')
    if parts[1] not in _PARTITIONS:
        raise MalformedPolicyDocumentException(f'Partition "{parts[1]}" is not valid for resource "{resource}".')
    if any(character in parts[2] for character in "*?") and parts[2] != "*":
        raise MalformedPolicyDocumentException(
            f"Resource vendor must be fully qualified and cannot contain regexes. Resource: {resource}"
        )
    if len(parts) < 6 and not resource.endswith("*"):
        raise MalformedPolicyDocumentException(
            f"The policy failed legacy parsing: resource {resource} is not a complete ARN"
        )


def _check_condition(block: Any) -> None:
    syntax = MalformedPolicyDocumentException("Syntax errors in policy.")
    if not isinstance(block, dict):
        raise syntax
    for operator, tests in block.items():
        try:
            _, parsed, _ = parse_operator(operator)
        except ValueError:
            raise syntax from None
        if not isinstance(tests, dict) or not tests:
            raise syntax
        for values in tests.values():
            several = values if isinstance(values, list) else [values]
            if not all(isinstance(value, (str, bool, int, float)) for value in several):
                raise syntax
            if parsed.name.startswith("date") and any(parse_moment_s(str(value)) is None for value in several):
                raise syntax


def _check_principal(statement: dict[str, Any]) -> None:
    member = "NotPrincipal" if "NotPrincipal" in statement else "Principal"
    if member not in statement:
        raise MalformedPolicyDocumentException("Missing required field Principal")
    principal = statement[member]
    if principal == "*":
        return
    if not isinstance(principal, dict) or not principal:
        raise MalformedPolicyDocumentException("AssumeRolepolicy contained an invalid principal.")
    for kind, names in principal.items():
        if kind not in _PRINCIPAL_KINDS or not _is_texts(names):
            raise MalformedPolicyDocumentException("AssumeRolepolicy contained an invalid principal.")
        for name in [names] if isinstance(names, str) else names:
            if not _is_principal(kind, name):
                raise MalformedPolicyDocumentException(f'Invalid principal in policy: "{kind}":"{name}"')


def _is_principal(kind: str, name: str) -> bool:
    if kind == "Service":
        return "." in name and " " not in name
    if kind != "AWS" or name == "*":
        return bool(name)
    return _ACCOUNT.fullmatch(name) is not None or name.startswith("arn:")


def _is_assume_action(action: str) -> bool:
    return action.lower() in _ASSUME_ACTIONS or action.lower() in ("sts:*", "sts:assume*")


def _is_texts(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(one, str) for one in value)
    return isinstance(value, str)


def _texts(statement: dict[str, Any], name: str) -> list[str]:
    """The values of an element or of its Not form."""
    value = statement.get(name, statement.get(f"Not{name}", []))
    return [value] if isinstance(value, str) else value
