"""TagResource, UntagResource, ListTagsOfResource.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Tagging.html
"""

from __future__ import annotations

from dataclasses import replace

from onebox.errors import ValidationException
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.errors import ResourceNotFoundException, invalid_values
from onebox.services.dynamodb.limits import TAGS_MAX
from onebox.services.dynamodb.model import Table
from onebox.services.dynamodb.table_cache import table_key
from onebox.services.violations import Violations


def tag_resource(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Set tags of a table."""
    check_tags(context, request["Tags"])
    table = _load(core, context, request["ResourceArn"])
    tags = {**table.settings["Tags"], **{tag["Key"]: tag["Value"] for tag in request["Tags"]}}
    if len(tags) > TAGS_MAX:
        raise ValidationException(f"Number of tags exceeds the limit of {TAGS_MAX}")
    _save(core, table, tags)
    return {}


def untag_resource(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Remove tags of a table."""
    table = _load(core, context, request["ResourceArn"])
    gone = set(request["TagKeys"])
    if not gone:
        raise ValidationException("Atleast one Tag Key needs to be provided as Input.")
    _save(core, table, {key: value for key, value in table.settings["Tags"].items() if key not in gone})
    return {}


def list_tags_of_resource(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The tags of a table; 50 at most, so there is never a second page."""
    table = _load(core, context, request["ResourceArn"])
    tags = context.visible_tags(table.settings["Tags"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def check_tags(context: RequestContext, tags: list[Wire]) -> None:
    """Refuse tags that AWS refuses."""
    if not tags:
        raise ValidationException("Atleast one Tag needs to be provided as Input.")
    violations = Violations()
    for at, tag in enumerate(tags, 1):
        violations.check_length(tag["Key"], f"tags.{at}.member.key", 1, 128)
        violations.check_length(tag["Value"], f"tags.{at}.member.value", 0, 256)
    violations.raise_if_any()
    keys = [tag["Key"] for tag in tags]
    if len(set(keys)) != len(keys):
        raise ValidationException("One or more parameter values were invalid: Duplicate tag keys")
    if not all(context.may_set_tag(key) for key in keys):
        raise invalid_values("Tag keys cannot begin with aws:")


def _load(core: Core, context: RequestContext, resource_arn: str) -> Table:
    if not resource_arn.startswith("arn:"):
        raise ValidationException(f"Invalid TableArn: Invalid ResourceArn provided as input {resource_arn}")
    table = core.table_cache.find(table_key(context, resource_arn))
    if table is None:
        raise ResourceNotFoundException(f"Requested resource not found: ResourcArn: {resource_arn} not found")
    return table


def _save(core: Core, table: Table, tags: dict[str, str]) -> None:
    core.table_cache.forget(table.key_name)
    core.tables.update_table(replace(table, settings={**table.settings, "Tags": tags}))
