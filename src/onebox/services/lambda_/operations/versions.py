"""Published versions: immutable copies of ``$LATEST``.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html"""

from __future__ import annotations

import dataclasses

from onebox.services.context import RequestContext, Wire
from onebox.services.lambda_.configuration import SOURCE_DESCRIPTION, describe, describe_in_list
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.errors import InvalidParameterValueException
from onebox.services.lambda_.model import FunctionVersion
from onebox.services.lambda_.operations.paging import page_size, parse_marker


def publish_version(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Publish ``$LATEST``; the last version again if nothing has changed since."""
    function = core.load_unqualified(context, request["FunctionName"], "PublishVersion")
    core.check_revision(function, request.get("RevisionId"))
    sha256 = request.get("CodeSha256")
    if sha256 and sha256 != function.code_sha256:
        raise InvalidParameterValueException(
            f"CodeSHA256 ({sha256}) is different from current CodeSHA256 in $LATEST ({function.code_sha256}). "
            "Please try again with the CodeSHA256 in $LATEST."
        )
    return describe(publish(core, function, request.get("Description"), context.now_ms))


def publish(core: LambdaCore, latest: FunctionVersion, description: str | None, now_ms: int) -> FunctionVersion:
    """The version that stands for what ``$LATEST`` is now, a new one if need be."""
    newest = core.functions.find_newest_published(latest.key)
    if newest is not None and _same_function(newest, latest):
        return newest
    source_description = latest.configuration["Description"]
    configuration = {**latest.configuration, SOURCE_DESCRIPTION: source_description}
    if description is not None:
        configuration["Description"] = description
    version = dataclasses.replace(
        latest,
        version=core.functions.take_version_number(latest.key),
        configuration=configuration,
        revision_id=core.deps.ids.uuid(),
        modified_at_ms=now_ms,
    )
    core.functions.insert_version(version)
    # AWS gives $LATEST another revision when a version is published.
    core.functions.update_latest(dataclasses.replace(latest, revision_id=core.deps.ids.uuid()))
    return version


def list_versions_by_function(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """``$LATEST`` and the published versions, with their numbers in the ARNs."""
    function = core.load_unqualified(context, request["FunctionName"], "ListVersionsByFunction")
    limit = page_size(request, 50)
    marker = parse_marker(request)
    from_number = int(marker) if marker.isdigit() else 0
    found = core.functions.list_versions(function.key, from_number, limit + 1)
    versions = [describe_in_list(version, f"{version.key.arn}:{version.version}") for version in found[:limit]]
    answer: Wire = {"Versions": versions}
    if len(found) > limit:
        answer["NextMarker"] = found[limit].version
    return answer


def _same_function(published: FunctionVersion, latest: FunctionVersion) -> bool:
    """Whether ``$LATEST`` is what it was when the version was published, its Description included."""
    was = dict(published.configuration)
    # Versions that were published before this was recorded keep their own Description.
    was["Description"] = was.pop(SOURCE_DESCRIPTION, was["Description"])
    return published.code_sha256 == latest.code_sha256 and was == latest.configuration
