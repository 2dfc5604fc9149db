"""Tags of alarms and dashboards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onebox.arn import find_arn
from onebox.services.cloudwatch.errors import InvalidParameterValueException, ResourceNotFoundException
from onebox.services.cloudwatch.limits import TAGS_MAX
from onebox.services.context import RequestContext, Wire

if TYPE_CHECKING:
    from onebox.services.cloudwatch.service import CloudWatch


def tag_resource(cloudwatch: CloudWatch, context: RequestContext, request: Wire) -> Wire:
    arn = _load_arn(cloudwatch, context, request["ResourceARN"])
    tags = parse_tags(context, request["Tags"])
    if len(cloudwatch.tag_store.tags(arn).keys() | tags.keys()) > TAGS_MAX:
        raise InvalidParameterValueException(f"A resource cannot have more than {TAGS_MAX} tags.")
    cloudwatch.tag_store.put(arn, tags)
    return {}


def untag_resource(cloudwatch: CloudWatch, context: RequestContext, request: Wire) -> Wire:
    cloudwatch.tag_store.delete(_load_arn(cloudwatch, context, request["ResourceARN"]), request["TagKeys"])
    return {}


def list_tags_for_resource(cloudwatch: CloudWatch, context: RequestContext, request: Wire) -> Wire:
    tags = cloudwatch.tag_store.tags(_load_arn(cloudwatch, context, request["ResourceARN"]))
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def parse_tags(context: RequestContext, tags: list[dict[str, str]]) -> dict[str, str]:
    """Tags of a request by key. Raises InvalidParameterValue."""
    parsed = {tag["Key"]: tag["Value"] for tag in tags}
    if len(parsed) != len(tags):
        raise InvalidParameterValueException("Tag keys must be unique.")
    if len(parsed) > TAGS_MAX:
        raise InvalidParameterValueException(f"A resource cannot have more than {TAGS_MAX} tags.")
    for key, value in parsed.items():
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise InvalidParameterValueException(f"The tag {key} is too long or has no key.")
        if not context.may_set_tag(key):
            raise InvalidParameterValueException("Tag keys must not begin with aws:")
    return parsed


def _load_arn(cloudwatch: CloudWatch, context: RequestContext, text: str) -> str:
    """The ARN, if an alarm or dashboard of the caller has it."""
    arn = find_arn(text)
    if arn is None or arn.service != "cloudwatch":
        raise InvalidParameterValueException(f"The value {text} for parameter ResourceARN is invalid.")
    kind, _, name = arn.resource.replace("dashboard/", "dashboard:", 1).partition(":")
    own = arn.account == context.account
    if own and kind == "alarm" and arn.region == context.region:
        if cloudwatch.alarm_store.find(context.account, context.region, name) is not None:
            return text
    elif own and kind == "dashboard" and cloudwatch.dashboard_store.find_body(context.account, name) is not None:
        return text
    raise ResourceNotFoundException(f"Unknown resource {text}", ResourceType=kind, ResourceId=name)
