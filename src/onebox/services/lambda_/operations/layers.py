"""Layers: archives that functions share.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html"""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.lambda_.configuration import ARCHITECTURES, ARCHITECTURES_CONSTRAINT
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.errors import AccessDeniedException, ResourceNotFoundException
from onebox.services.lambda_.layer_names import (
    VERSION_ARN_PATTERN,
    LayerName,
    checked_number,
    find_version_arn,
    parse_layer_name,
)
from onebox.services.lambda_.layer_policies import check_other_account
from onebox.services.lambda_.limits import LAYER_RUNTIMES_MAX
from onebox.services.lambda_.model import LayerVersion
from onebox.services.lambda_.operations.code import load_package
from onebox.services.lambda_.operations.paging import page_size, parse_marker
from onebox.services.lambda_.platform_times import offset_milliseconds
from onebox.services.lambda_.runtimes import ENDED_RUNTIMES, RUNTIMES
from onebox.services.lambda_.validation import (
    broken,
    constraint_error,
    constraint_errors,
    length_at_most,
    must_be_one_of,
    must_match,
)

_SETTINGS = ("Description", "LicenseInfo", "CompatibleRuntimes", "CompatibleArchitectures")
_NOT_FOUND = "The resource you requested does not exist."
_RUNTIMES_CONSTRAINT = f"Member must satisfy constraint: [{must_be_one_of(RUNTIMES)}, Member must not be null]"
_FIRST_NUMBER = 10**18
_LENGTHS = {"Description": 256, "LicenseInfo": 512}


async def publish_layer_version(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Store an archive as the next version of a layer."""
    layer = _own(context, parse_layer_name(context, request["LayerName"]))
    _check_settings(request)
    package = await load_package(core, context, request["Content"])
    settings = {name: request[name] for name in _SETTINGS if name in request}

    def publish() -> Wire:
        core.code.save(package, ahead)
        version = LayerVersion(
            account=layer.account,
            region=layer.region,
            name=layer.name,
            number=core.layers.take_number(layer),
            settings={"Description": "", **settings},
            code_sha256=package.sha256,
            code_bytes=len(package.archive),
            created_at_ms=context.now_ms,
            statements=(),
            policy_revision_id=core.deps.ids.uuid(),
        )
        core.layers.insert(version)
        return _describe_whole(core, context, version)

    async with core.archives.stored_ahead(package) as ahead:
        return await core.deps.storage.write(publish)


def get_layer_version(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """A version and a link to its archive."""
    number = checked_number(request["VersionNumber"])
    return _get(core, context, parse_layer_name(context, request["LayerName"]), number)


def get_layer_version_by_arn(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The same, named by its ARN."""
    found = find_version_arn(request["Arn"])
    if found is None:
        raise constraint_error("arn", request["Arn"], must_match(VERSION_ARN_PATTERN))
    layer, number = found
    return _get(core, context, layer, checked_number(number))


def list_layer_versions(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The versions of a layer, newest first; none of an unknown layer."""
    layer = parse_layer_name(context, request["LayerName"])
    limit, marker = page_size(request, 50, asked_most=50), parse_marker(request)
    below = int(marker) if marker.isascii() and marker.isdigit() and len(marker) < 19 else _FIRST_NUMBER
    wanted = _wanted(request)
    found = [] if layer.account != context.account else core.layers.list_versions(layer, below, wanted, limit + 1)
    answer: Wire = {"LayerVersions": [_describe(version) for version in found[:limit]]}
    if len(found) > limit:
        answer["NextMarker"] = str(found[limit - 1].number)
    return answer


def list_layers(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The layers of the region, each with its newest version."""
    limit, marker = page_size(request, 50, asked_most=50), parse_marker(request)
    found = core.layers.list_newest(context.account, context.region, marker, _wanted(request), limit + 1)
    layers = [
        {"LayerName": version.name, "LayerArn": version.layer_arn, "LatestMatchingVersion": _describe(version)}
        for version in found[:limit]
    ]
    answer: Wire = {"Layers": layers}
    if len(found) > limit:
        answer["NextMarker"] = found[limit - 1].name
    return answer


def delete_layer_version(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Delete a version, if there is one; functions that have it keep it."""
    number = checked_number(request["VersionNumber"])
    layer = _own(context, parse_layer_name(context, request["LayerName"]))
    version = core.layers.find(layer, number)
    if version is not None:
        core.layers.delete(version)
        core.code.delete_if_unused(version.code_sha256)
    return {}


def _get(core: LambdaCore, context: RequestContext, layer: LayerName, number: int) -> Wire:
    version = core.layers.find(layer, number) if layer.region == context.region else None
    check_other_account(context, layer.account, layer.arn_of(number), version)
    if version is None:
        raise ResourceNotFoundException(_NOT_FOUND)
    return _describe_whole(core, context, version)


def _own(context: RequestContext, layer: LayerName) -> LayerName:
    """Layers are changed in their own account and region alone."""
    if layer.account != context.account or layer.region != context.region:
        raise AccessDeniedException(f"User: {context.principal.arn} is not authorized to access {layer.arn}.")
    return layer


def _check_settings(request: Wire) -> None:
    problems = []
    runtimes, architectures = request.get("CompatibleRuntimes") or [], request.get("CompatibleArchitectures") or []
    if any(runtime not in RUNTIMES for runtime in runtimes):
        problems.append(broken("compatibleRuntimes", f"[{', '.join(runtimes)}]", _RUNTIMES_CONSTRAINT))
    if len(runtimes) > LAYER_RUNTIMES_MAX:
        problems.append(broken("compatibleRuntimes", f"[{', '.join(runtimes)}]", length_at_most(LAYER_RUNTIMES_MAX)))
    if any(architecture not in ARCHITECTURES for architecture in architectures):
        problems.append(broken("compatibleArchitectures", f"[{', '.join(architectures)}]", ARCHITECTURES_CONSTRAINT))
    for member, most in _LENGTHS.items():
        if len(request.get(member, "")) > most:
            problems.append(broken(member[0].lower() + member[1:], request[member], length_at_most(most)))
    if problems:
        raise constraint_errors(problems)


def _wanted(request: Wire) -> Wire:
    """What listed versions must be compatible with, by the member that says so."""
    problems, wanted = [], {}
    for member, known in (
        ("CompatibleRuntime", (*RUNTIMES, *ENDED_RUNTIMES)),
        ("CompatibleArchitecture", ARCHITECTURES),
    ):
        value = request.get(member)
        if value is not None and value not in known:
            problems.append(broken(member[0].lower() + member[1:], value, must_be_one_of(known)))
        if value is not None:
            wanted[f"{member}s"] = value
    if problems:
        raise constraint_errors(problems)
    return wanted


def _describe_whole(core: LambdaCore, context: RequestContext, version: LayerVersion) -> Wire:
    return {
        **_describe(version),
        "LayerArn": version.layer_arn,
        "Content": {
            "CodeSha256": version.code_sha256,
            "CodeSize": version.code_bytes,
            "Location": core.downloads.make_link(context, version.code_sha256),
        },
    }


def _describe(version: LayerVersion) -> Wire:
    return {
        "LayerVersionArn": version.arn,
        "Version": version.number,
        "CreatedDate": offset_milliseconds(version.created_at_ms),
        **version.settings,
    }
