"""The rights that a request requires: Lambda's actions, and the resources they are asked for.
AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from onebox.errors import AwsError
from onebox.services.context import RequestContext, Wire
from onebox.services.iam.policy import Statement
from onebox.services.lambda_.condition_keys import find_condition_keys
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.layer_names import find_version_arn, parse_layer_name
from onebox.services.lambda_.layer_policies import compiled_policy
from onebox.services.lambda_.model import LATEST, Mapping
from onebox.services.lambda_.naming import parse_function_reference
from onebox.services.lambda_.operations import OPERATIONS
from onebox.services.lambda_.resource_policies import load_policy
from onebox.services.registry import Access, ConditionKeys, access_to


def required_access(core: LambdaCore, context: RequestContext, operation: str, request: Wire) -> list[Access]:
    """The operation's action on each resource that the request names."""
    return [
        access._replace(
            find_condition_keys=partial(_condition_keys, core, context, access.resource, request),
            find_resource_policy=partial(_policy, core, context, access.resource),
        )
        for access in access_to("lambda", OPERATIONS, operation, _resources(core, context, operation, request))
    ]


def _policy(core: LambdaCore, context: RequestContext, resource: str) -> Sequence[Statement]:
    """The policy of the function, version or alias, or of the layer's version."""
    if (found := find_version_arn(resource)) is not None:
        return compiled_policy(core.layers.find(*found))
    try:
        reference = parse_function_reference(context, resource, any_account=True)
    except AwsError:
        return ()
    return load_policy(core.policies, reference)


def _condition_keys(core: LambdaCore, context: RequestContext, resource: str, request: Wire) -> ConditionKeys:
    mapping = core.mappings.find_mapping(context.account, context.region, request.get("UUID", ""))
    function_arn = None if mapping is None else mapping.function_arn
    if "EventSourceArn" in request and "FunctionName" in request:
        function_arn = _find_arn(context, request)
    return find_condition_keys(function_arn, _tags(core, context, resource, mapping), request)


def _tags(core: LambdaCore, context: RequestContext, resource: str, mapping: Mapping | None) -> dict[str, str]:
    if mapping is not None:
        return core.mappings.load_tags(mapping.uuid)
    try:
        key = parse_function_reference(context, resource, any_account=True).key
    except AwsError:
        return {}
    return {} if core.functions.find_version(key, LATEST) is None else core.functions.load_tags(key)


def _find_arn(context: RequestContext, request: Wire) -> str | None:
    try:
        return parse_function_reference(context, request["FunctionName"], any_account=True).arn
    except AwsError:
        return None


def _layer(context: RequestContext, operation: str, request: Wire) -> str:
    """The layer that is published to, or the version that a request is about; AWS lists without a resource."""
    if operation == "GetLayerVersionByArn":
        arn = str(request["Arn"])
        found = find_version_arn(arn)
        # A version has one ARN; another partition or a leading zero would be a way around a policy that names it.
        return found[0].arn_of(found[1]) if found is not None and found[1] else arn
    if operation == "ListLayerVersions":
        return "*"
    try:
        layer = parse_layer_name(context, request["LayerName"])
    except AwsError:
        return "*"  # The operation itself says what is wrong with the name.
    return layer.arn_of(request["VersionNumber"]) if "VersionNumber" in request else layer.arn


def _resources(core: LambdaCore, context: RequestContext, operation: str, request: Wire) -> list[str]:
    """The function, mapping or tagged resource that a request is about."""
    if "FunctionName" in request and operation != "CreateEventSourceMapping":
        try:
            reference = parse_function_reference(
                context, request["FunctionName"], request.get("Qualifier"), any_account=True
            )
        except AwsError:
            return ["*"]  # The operation itself says what is wrong with the name.
        return [reference.arn]
    if "LayerName" in request or operation == "GetLayerVersionByArn":
        return [_layer(context, operation, request)]
    if "UUID" in request:
        mapping = core.mappings.find_mapping(context.account, context.region, request["UUID"])
        return ["*" if mapping is None else mapping.arn]
    if "Resource" in request:
        return [request["Resource"]]
    return ["*"]
