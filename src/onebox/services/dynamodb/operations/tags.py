"""TagResource, UntagResource, ListTagsOfResource.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Tagging.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from onebox.arn import find_arn
from onebox.errors import AccessDeniedException, ValidationException
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.errors import ResourceNotFoundException, invalid_values, resource_not_found
from onebox.services.dynamodb.limits import TAGS_MAX
from onebox.services.dynamodb.model import Table
from onebox.services.dynamodb.table_cache import table_key
from onebox.services.dynamodb.validation import NAME, NAME_MIN
from onebox.services.violations import Violations


def tag_resource(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Set tags of a table."""
    arn = _parse_arn(request)
    check_tags(context, _require(request, "Tags"))
    table = _load(core, context, arn)
    tags = {**table.settings["Tags"], **{tag["Key"]: tag["Value"] for tag in request["Tags"]}}
    if len(tags) > TAGS_MAX:
        raise ValidationException(f"Number of tags exceeds the limit of {TAGS_MAX}")
    _save(core, table, tags)
    return {}


def untag_resource(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Remove tags of a table."""
    arn = _parse_arn(request)
    gone = set(_require(request, "TagKeys"))
    if not gone:
        raise ValidationException("Atleast one Tag Key needs to be provided as Input.")
    table = core.table_cache.find_usable(table_key(context, arn))
    if table is None:
        raise resource_not_found()
    _save(core, table, {key: value for key, value in table.settings["Tags"].items() if key not in gone})
    return {}


def list_tags_of_resource(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The tags of a table; 50 at most, so there is never a second page."""
    arn = _parse_arn(request)
    table = core.table_cache.find_usable(table_key(context, arn))
    if table is None:
        raise AccessDeniedException(
            f"User: {context.principal.arn} is not authorized to perform: dynamodb:ListTagsOfResource "
            f"on resource: {arn}"
        )
    tags = context.visible_tags(table.settings["Tags"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


_TAG_SIGNS = "+-=._:/@"


def _is_tag_text(text: str) -> bool:
    return all(character.isalnum() or character.isspace() or character in _TAG_SIGNS for character in text)


def check_tags(context: RequestContext, tags: list[Wire]) -> None:
    """Refuse tags that AWS refuses."""
    if not tags:
        raise ValidationException("Atleast one Tag needs to be provided as Input.")
    violations = Violations()
    for at, tag in enumerate(tags, 1):
        violations.check_length(tag["Key"], f"tags.{at}.member.key", 1, 128)
        violations.check_length(tag["Value"], f"tags.{at}.member.value", 0, 256)
    violations.raise_if_any()
    if len(tags) > TAGS_MAX:
        raise ValidationException(f"Number of tags exceeds the limit of {TAGS_MAX}")
    for tag in tags:
        if not _is_tag_text(tag["Key"]) or not _is_tag_text(tag["Value"]):
            raise invalid_values(
                f"Tag keys and values hold letters, digits, white space and {_TAG_SIGNS}: {tag['Key']}"
            )
    keys = [tag["Key"] for tag in tags]
    if len(set(keys)) != len(keys):
        raise ValidationException("One or more parameter values were invalid: Duplicate tag keys")
    if not all(context.may_set_tag(key) for key in keys):
        raise invalid_values("Tag keys cannot begin with aws:")


def _parse_arn(request: Wire) -> str:
    """The ARN of a table. Raises ValidationException."""
    arn: str | None = request.get("ResourceArn")
    if arn is None:
        raise ValidationException("Invalid TableArn")
    if not arn.startswith("arn:"):
        raise invalid_values(f"ARNs must start with 'arn:': {arn}")
    found = find_arn(arn)
    kind, _, name = ("", "", "") if found is None else found.resource.partition("/")
    if (
        found is None
        or found.service != "dynamodb"
        or kind != "table"
        or len(name) < NAME_MIN
        or not NAME.fullmatch(name)
    ):
        raise ValidationException(f"Invalid TableArn: Invalid ResourceArn provided as input {arn}")
    return arn


def _require(request: Wire, member: str) -> Any:
    value = request.get(member)
    if value is None:
        violations = Violations()
        violations.add(None, member[0].lower() + member[1:], "Member must not be null")
        violations.raise_if_any()
    return value


def _load(core: Core, context: RequestContext, arn: str) -> Table:
    table = core.table_cache.find_usable(table_key(context, arn))
    if table is None:
        raise ResourceNotFoundException(f"Requested resource not found: ResourcArn: {arn} not found")
    return table


def _save(core: Core, table: Table, tags: dict[str, str]) -> None:
    core.table_cache.forget(table.key_name)
    core.tables.update_table(replace(table, settings={**table.settings, "Tags": tags}))
