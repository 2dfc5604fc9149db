"""Functions: create, show, change, delete.
AWS: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html and its neighbours."""

from __future__ import annotations

import dataclasses

from onebox.services.context import RequestContext, Wire
from onebox.services.lambda_ import limits
from onebox.services.lambda_.configuration import (
    changed_configuration,
    checked_architectures,
    describe,
    describe_in_list,
    describe_pending,
    describe_updating,
    new_configuration,
)
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.errors import (
    AccessDeniedException,
    InvalidParameterValueException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from onebox.services.lambda_.function_layers import check_unzipped_size, with_layers
from onebox.services.lambda_.model import LATEST, FunctionKey, FunctionVersion, version_number
from onebox.services.lambda_.naming import VERSION_NUMBER, FunctionReference, parse_new_function
from onebox.services.lambda_.operations.code import load_package
from onebox.services.lambda_.operations.paging import page_size, parse_marker
from onebox.services.lambda_.operations.tags import checked_tags
from onebox.services.lambda_.operations.versions import publish
from onebox.services.lambda_.validation import constraint_error, must_be_one_of

_SERVICE = "lambda.amazonaws.com"


async def create_function(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Store a function and its code; it is active at once, though AWS's first answer says Pending."""
    reference = parse_new_function(context, request["FunctionName"])
    configuration = with_layers(core, context, request, new_configuration(request, reference.key.name))
    tags = checked_tags(context, request.get("Tags") or {})
    _check_role(core, context, request["Role"])
    _check_dead_letter_rights(core, context, configuration, reference.key.name)
    _check_new(core, reference)
    package = await load_package(core, context, request["Code"])

    def create() -> Wire:
        _check_new(core, reference)
        configuration = with_layers(core, context, request, new_configuration(request, reference.key.name))
        core.code.save(package, ahead)
        check_unzipped_size(core, package.sha256, configuration)
        function = FunctionVersion(
            key=reference.key,
            version=LATEST,
            configuration=configuration,
            revision_id=core.deps.ids.uuid(),
            code_sha256=package.sha256,
            code_bytes=len(package.archive),
            modified_at_ms=context.now_ms,
            reserved_concurrency=None,
        )
        core.functions.insert_function(function, tags)
        if request.get("Publish"):
            function = publish(core, function, None, context.now_ms)
        return describe_pending(function, core.deps.ids.uuid(), reference.key.arn)

    async with core.archives.stored_ahead(package) as ahead:
        return await core.deps.storage.write(create)


def _check_new(core: LambdaCore, reference: FunctionReference) -> None:
    if core.functions.find_version(reference.key, LATEST) is not None:
        raise ResourceConflictException(f"Function already exist: {reference.key.name}")


def get_function(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Configuration, tags and reserved concurrency of a version."""
    name, qualifier = request["FunctionName"], request.get("Qualifier")
    reference, function = core.load_referenced(context, name, qualifier, "GetFunction")
    location = core.downloads.make_link(context, function.code_sha256)
    answer: Wire = {
        "Configuration": describe(function, FunctionArn=reference.arn),
        "Code": {"RepositoryType": "S3", "Location": location},
    }
    names_version = reference.qualifier is not None and VERSION_NUMBER.fullmatch(reference.qualifier)
    if not names_version and (tags := core.functions.load_tags(function.key)):
        answer["Tags"] = tags
    if function.reserved_concurrency is not None:
        answer["Concurrency"] = {"ReservedConcurrentExecutions": function.reserved_concurrency}
    return answer


def get_function_configuration(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The configuration of a version."""
    name, qualifier = request["FunctionName"], request.get("Qualifier")
    reference, function = core.load_referenced(context, name, qualifier, "GetFunctionConfiguration")
    return describe(function, FunctionArn=reference.arn)


async def update_function_code(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Give ``$LATEST`` other code; its execution environments end."""
    name = request["FunctionName"]
    core.check_revision(core.load_unqualified(context, name, "UpdateFunctionCode"), request.get("RevisionId"))
    package = await load_package(core, context, request)

    def update() -> Wire:
        function = core.load_unqualified(context, name, "UpdateFunctionCode")
        core.check_revision(function, request.get("RevisionId"))
        configuration = dict(function.configuration)
        if "Architectures" in request:
            configuration["Architectures"] = checked_architectures(request["Architectures"])
        changed = dataclasses.replace(
            function,
            configuration=configuration,
            revision_id=core.deps.ids.uuid(),
            code_sha256=package.sha256,
            code_bytes=len(package.archive),
            modified_at_ms=context.now_ms,
        )
        if request.get("DryRun"):
            return describe(changed)
        core.code.save(package, ahead)
        check_unzipped_size(core, package.sha256, configuration)
        core.functions.update_latest(changed)
        core.code.delete_if_unused(function.code_sha256)
        core.retire_after_commit(function.key, LATEST)
        if request.get("Publish"):
            version = publish(core, changed, None, context.now_ms)
            return describe_pending(version, core.deps.ids.uuid(), version.arn)
        return describe_updating(changed, core.deps.ids.uuid())

    async with core.archives.stored_ahead(package) as ahead:
        return await core.deps.storage.write(update)


def update_function_configuration(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Change ``$LATEST``'s configuration; its children end."""
    function = core.load_unqualified(context, request["FunctionName"])
    core.check_revision(function, request.get("RevisionId"))
    configuration = changed_configuration(function.configuration, request, function.key.name)
    configuration = with_layers(core, context, request, configuration)
    check_unzipped_size(core, function.code_sha256, configuration)
    if "Role" in request:
        _check_role(core, context, request["Role"])
    _check_dead_letter_rights(core, context, configuration, function.key.name)
    changed = dataclasses.replace(
        function,
        configuration=configuration,
        revision_id=core.deps.ids.uuid(),
        modified_at_ms=context.now_ms,
    )
    core.functions.update_latest(changed)
    core.retire_after_commit(function.key, LATEST)
    return describe_updating(changed, core.deps.ids.uuid())


def delete_function(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Delete a function, or one published version of it."""
    reference = core.parse(context, request["FunctionName"], request.get("Qualifier"), "DeleteFunction")
    key, qualifier = reference.key, reference.qualifier
    if qualifier == LATEST:
        raise InvalidParameterValueException("$LATEST version cannot be deleted without deleting the function.")
    if core.functions.find_version(key, LATEST) is None or (qualifier and "$" in qualifier):
        raise ResourceNotFoundException(f"Function not found: {key.arn}")
    core.provisioning.apply_after_commit(key)
    core.retire_after_commit(key, qualifier)
    if qualifier is None:
        core.functions.delete_function(key)
    else:
        _delete_version(core, key, qualifier)
    return {"StatusCode": 204}


def _delete_version(core: LambdaCore, key: FunctionKey, qualifier: str) -> None:
    if not qualifier.isdigit():
        raise InvalidParameterValueException("Deletion of aliases is not currently supported.")
    aliases = core.functions.list_aliases(key, "", limits.ZIP_ENTRIES_MAX)
    using = [
        alias.name for alias in aliases if qualifier == alias.version or qualifier in alias.additional_version_weights
    ]
    if using:
        raise ResourceConflictException(
            f"Version {qualifier} is currently referenced by one or more aliases: {', '.join(using)}"
        )
    version = core.functions.find_version(key, qualifier)
    if version is not None:
        core.provisioned.delete(key, qualifier)
        core.functions.delete_version(version)


def list_functions(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The functions of the region in order of their names; with their versions if FunctionVersion is ALL."""
    wanted = request.get("FunctionVersion")
    if wanted not in (None, "ALL"):
        raise constraint_error("functionVersion", wanted, must_be_one_of(["ALL"]))
    limit = page_size(request, 50)
    after, _, number = parse_marker(request).partition(":")
    if number and not (number.isdecimal() and number.isascii() and len(number) <= 9):
        raise InvalidParameterValueException("Invalid Marker.")
    if wanted is None:
        found = core.functions.list_functions(context.account, context.region, after, limit + 1)
        functions = [describe_in_list(function) for function in found[:limit]]
    else:
        found = core.functions.list_all_versions(context.account, context.region, after, int(number or -1), limit + 1)
        functions = [describe_in_list(version, f"{version.key.arn}:{version.version}") for version in found[:limit]]
    answer: Wire = {"Functions": functions}
    if len(found) > limit:
        last = found[limit - 1]
        answer["NextMarker"] = last.key.name if wanted is None else f"{last.key.name}:{version_number(last.version)}"
    return answer


def get_account_settings(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The account's limits and what it uses of them."""
    functions, code_bytes = core.functions.count_functions(context.account, context.region)
    code_bytes += core.layers.sum_code_bytes(context.account, context.region)
    reserved = core.functions.sum_reserved(context.account, context.region)
    return {
        "AccountLimit": {
            "TotalCodeSize": limits.TOTAL_CODE_BYTES_MAX,
            "CodeSizeUnzipped": limits.UNZIPPED_BYTES_MAX,
            "CodeSizeZipped": limits.INLINE_ZIP_BYTES_MAX,
            "ConcurrentExecutions": limits.CONCURRENT_EXECUTIONS_MAX,
            "UnreservedConcurrentExecutions": limits.CONCURRENT_EXECUTIONS_MAX - reserved,
        },
        "AccountUsage": {"TotalCodeSize": code_bytes, "FunctionCount": functions},
    }


def _check_role(core: LambdaCore, context: RequestContext, role_arn: str) -> None:
    decision = core.iam.check_pass_role(context, role_arn, _SERVICE)
    if not decision.allowed:
        raise AccessDeniedException(decision.reason)
    role = core.iam.find_role(context.account, role_arn)
    if role is None or not core.iam.trusts_service(role, _SERVICE):
        raise InvalidParameterValueException("The role defined for the function cannot be assumed by Lambda.")


def _check_dead_letter_rights(
    core: LambdaCore, context: RequestContext, configuration: Wire, function_name: str
) -> None:
    target = configuration.get("DeadLetterConfig", {}).get("TargetArn")
    if target is None:
        return
    action, words = (
        ("sns:Publish", "Publish on SNS") if ":sns:" in target else ("sqs:SendMessage", "SendMessage on SQS")
    )
    if not core.role_may(context, configuration["Role"], function_name, action, target):
        raise InvalidParameterValueException(f"The provided execution role does not have permissions to call {words}")
