"""Tags of alarms and dashboards."""

from __future__ import annotations

from onebox.arn import find_arn
from onebox.services.cloudwatch.core import CloudWatchCore
from onebox.services.cloudwatch.errors import InvalidParameterValueException, ResourceNotFoundException
from onebox.services.cloudwatch.limits import TAGS_MAX
from onebox.services.cloudwatch.validation import parse_tags
from onebox.services.context import RequestContext, Wire


def tag_resource(core: CloudWatchCore, context: RequestContext, request: Wire) -> Wire:
    """Add tags to an alarm or a dashboard by its ARN."""
    arn = _load_arn(core, context, request["ResourceARN"])
    tags = parse_tags(context, request["Tags"])
    if len(core.tags.of(arn).keys() | tags.keys()) > TAGS_MAX:
        raise InvalidParameterValueException(f"A resource cannot have more than {TAGS_MAX} tags.")
    core.tags.put(arn, tags)
    return {}


def untag_resource(core: CloudWatchCore, context: RequestContext, request: Wire) -> Wire:
    """Remove tags from an alarm or a dashboard."""
    core.tags.delete(_load_arn(core, context, request["ResourceARN"]), request["TagKeys"])
    return {}


def list_tags_for_resource(core: CloudWatchCore, context: RequestContext, request: Wire) -> Wire:
    """The tags of an alarm or a dashboard."""
    # AWS answers no tags, and no error, for an alarm that is gone.
    tags = core.tags.of(_check_arn(request["ResourceARN"]))
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _check_arn(text: str) -> str:
    """The text, if it is an ARN of CloudWatch."""
    arn = find_arn(text)
    if arn is None or arn.service != "cloudwatch":
        raise InvalidParameterValueException(f"The value {text} for parameter ResourceARN is invalid.")
    return text


def _load_arn(core: CloudWatchCore, context: RequestContext, text: str) -> str:
    """The ARN, if an alarm or dashboard of the caller has it."""
    arn = find_arn(_check_arn(text))
    assert arn is not None, "checked"
    kind, _, name = arn.resource.replace("dashboard/", "dashboard:", 1).partition(":")
    own = arn.account == context.account
    if own and kind == "alarm" and arn.region == context.region:
        if core.alarms.find(context.account, context.region, name) is not None:
            return text
    elif own and kind == "dashboard" and core.dashboards.find_body(context.account, name) is not None:
        return text
    raise ResourceNotFoundException(f"Unknown resource {text}", ResourceType=kind, ResourceId=name)
