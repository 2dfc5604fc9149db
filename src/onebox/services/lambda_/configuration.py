"""A function's configuration: what a client may set, checked and completed, and how it is shown.

Pure. AWS: https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from onebox.arn import find_arn
from onebox.services.context import Wire
from onebox.services.lambda_ import limits
from onebox.services.lambda_.errors import InvalidParameterValueException, ValidationException
from onebox.services.lambda_.model import FunctionVersion
from onebox.services.lambda_.platform_times import offset_milliseconds
from onebox.services.lambda_.runtimes import RUNTIMES, runtime_version_arn, supports_snap_start
from onebox.services.lambda_.validation import check_range, constraint_error, length_at_most, must_be_one_of

_LOG_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_SYSTEM_LOG_LEVELS = ("DEBUG", "INFO", "WARN")
_ROLE = re.compile(r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+")
_VARIABLE_NAME = re.compile(r"[a-zA-Z]([a-zA-Z0-9_])+")
_LOG_GROUP = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")
# AWS: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
_RESERVED_VARIABLES = frozenset(
    [
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
        "AWS_LAMBDA_MAX_CONCURRENCY",
        "AWS_LAMBDA_METADATA_API",
        "AWS_LAMBDA_METADATA_TOKEN",
    ]
)
_SETTABLE = ("Runtime", "Role", "Handler", "Description", "Timeout", "MemorySize")
_SNAP_START = ("PublishedVersions", "None")
ARCHITECTURES = ("x86_64", "arm64")
ARCHITECTURES_CONSTRAINT = f"Member must satisfy constraint: [{must_be_one_of(ARCHITECTURES)}, Member must not be null]"
SOURCE_DESCRIPTION = "_SourceDescription"
"""A published version's record of $LATEST's Description at that time, which its own may differ from."""
_LATEST_STATE: Wire = {"State": "Active", "LastUpdateStatus": "Successful"}


def new_configuration(request: Wire, function_name: str) -> Wire:
    """The complete configuration of a new function. Raises ValidationException or
    InvalidParameterValueException in AWS's words."""
    if request.get("PackageType", "Zip") != "Zip":
        raise InvalidParameterValueException(
            "Container images are not supported. Please use the package type Zip for the function."
        )
    if not request.get("Runtime") or not request.get("Handler"):
        raise InvalidParameterValueException(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )
    defaults: Wire = {
        "Description": "",
        "Timeout": limits.TIMEOUT_S_DEFAULT,
        "MemorySize": limits.MEMORY_MB_DEFAULT,
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": limits.EPHEMERAL_STORAGE_MB_MIN},
        "TracingConfig": {"Mode": "PassThrough"},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function_name}"},
    }
    return changed_configuration(defaults, request, function_name)


def changed_configuration(configuration: Wire, request: Wire, function_name: str) -> Wire:
    """The configuration after a request of CreateFunction or UpdateFunctionConfiguration."""
    _check_scalars(request)
    _refuse_unsupported(request)
    changed = dict(configuration)
    changed.update({member: request[member] for member in _SETTABLE if member in request})
    if "Environment" in request:
        variables = request["Environment"].get("Variables") or {}
        _check_variables(variables)
        changed["Environment"] = {"Variables": variables}
    if "DeadLetterConfig" in request:
        changed.pop("DeadLetterConfig", None)
        if target := request["DeadLetterConfig"].get("TargetArn"):
            _check_dead_letter_target(target)
            changed["DeadLetterConfig"] = {"TargetArn": target}
    if "Architectures" in request:
        changed["Architectures"] = checked_architectures(request["Architectures"])
    if "EphemeralStorage" in request:
        changed["EphemeralStorage"] = {"Size": request["EphemeralStorage"]["Size"]}
    if "TracingConfig" in request:
        changed["TracingConfig"] = {"Mode": request["TracingConfig"].get("Mode", "PassThrough")}
    if "SnapStart" in request:
        changed["SnapStart"] = _snap_start(request["SnapStart"], str(changed["Runtime"]))
    if "LoggingConfig" in request:
        changed["LoggingConfig"] = _logging(request["LoggingConfig"], function_name)
    return changed


def checked_architectures(architectures: list[str]) -> list[str]:
    """One of AWS's processors; the function runs on this machine's, whichever it is."""
    if len(architectures) > 1:
        raise constraint_error("architectures", _listed(architectures), length_at_most(1))
    if len(architectures) != 1 or architectures[0] not in ARCHITECTURES:
        raise constraint_error("architectures", _listed(architectures), ARCHITECTURES_CONSTRAINT)
    return architectures


def describe(function: FunctionVersion, **overrides: Any) -> Wire:
    """The version as FunctionConfiguration; ``overrides`` replace members (the state right after a change)."""
    configuration = function.configuration
    described: Wire = {
        **{member: value for member, value in configuration.items() if member not in (SOURCE_DESCRIPTION, "Layers")},
        "FunctionName": function.key.name,
        "FunctionArn": function.arn,
        "CodeSize": function.code_bytes,
        "LastModified": offset_milliseconds(function.modified_at_ms),
        "CodeSha256": function.code_sha256,
        "Version": function.version,
        "RevisionId": function.revision_id,
        "RuntimeVersionConfig": {
            "RuntimeVersionArn": runtime_version_arn(function.key.region, str(configuration["Runtime"]))
        },
        **_LATEST_STATE,
        **overrides,
    }
    if configuration.get("Layers"):
        described["Layers"] = [
            {"Arn": layer["Arn"], "CodeSize": layer["CodeSize"]} for layer in configuration["Layers"]
        ]
    return described


def describe_in_list(function: FunctionVersion, arn: str | None = None) -> Wire:
    """As lists show a version: what needs a look at its state is left out."""
    described = describe(function, FunctionArn=arn or function.arn)
    return {name: value for name, value in described.items() if name not in _LATEST_STATE}


def describe_pending(function: FunctionVersion, revision_id: str, arn: str) -> Wire:
    """How AWS answers CreateFunction: the state, and with it another revision, follows within moments."""
    pending = describe(
        function,
        FunctionArn=arn,
        RevisionId=revision_id,
        State="Pending",
        StateReason="The function is being created.",
        StateReasonCode="Creating",
    )
    del pending["LastUpdateStatus"]
    return pending


def describe_updating(function: FunctionVersion, revision_id: str) -> Wire:
    """How AWS answers updates: the end of the update, and with it another revision, follows within moments."""
    return describe(
        function,
        RevisionId=revision_id,
        LastUpdateStatus="InProgress",
        LastUpdateStatusReason="The function is being created.",
        LastUpdateStatusReasonCode="Creating",
    )


def _check_scalars(request: Wire) -> None:
    apply_on = request.get("SnapStart", {}).get("ApplyOn", "None")
    if apply_on not in _SNAP_START:
        raise constraint_error("snapStart.applyOn", apply_on, must_be_one_of(_SNAP_START))
    runtime = request.get("Runtime")
    if runtime is not None and runtime not in RUNTIMES:
        raise InvalidParameterValueException(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
            f"[{', '.join(RUNTIMES)}] or be a valid ARN"
        )
    role = request.get("Role")
    if role is not None and not _ROLE.fullmatch(role):
        raise constraint_error("role", role, f"Member must satisfy regular expression pattern: {_ROLE.pattern}")
    check_range("timeout", request.get("Timeout"), limits.TIMEOUT_S_MIN, limits.TIMEOUT_S_MAX)
    check_range("memorySize", request.get("MemorySize"), limits.MEMORY_MB_MIN, limits.MEMORY_MB_MAX)
    storage = request.get("EphemeralStorage", {}).get("Size")
    low, high = limits.EPHEMERAL_STORAGE_MB_MIN, limits.EPHEMERAL_STORAGE_MB_MAX
    check_range("ephemeralStorage.size", storage, low, high)
    description, handler = request.get("Description", ""), request.get("Handler")
    if len(description) > limits.DESCRIPTION_CHARACTERS_MAX:
        wanted = f"Member must have length less than or equal to {limits.DESCRIPTION_CHARACTERS_MAX}"
        raise constraint_error("description", description, wanted)
    if handler is not None and (len(handler) > limits.HANDLER_CHARACTERS_MAX or re.search(r"\s", handler)):
        raise constraint_error("handler", handler, r"Member must satisfy regular expression pattern: [^\s]+")
    mode = request.get("TracingConfig", {}).get("Mode", "PassThrough")
    if mode not in ("Active", "PassThrough"):
        wanted = must_be_one_of(("Active", "PassThrough"))
        raise constraint_error("tracingConfig.mode", mode, wanted)


def _refuse_unsupported(request: Wire) -> None:
    """What onebox has no counterpart of is refused as AWS refuses what doesn't exist there."""
    for subnet in request.get("VpcConfig", {}).get("SubnetIds") or []:
        raise InvalidParameterValueException(
            "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. "
            f"EC2 Error Message: The subnet ID '{subnet}' does not exist"
        )
    for file_system in request.get("FileSystemConfigs") or []:
        raise InvalidParameterValueException(
            f"EFS access point {file_system.get('Arn')} does not exist or is not accessible."
        )
    for member in ("KMSKeyArn", "CodeSigningConfigArn", "ImageConfig", "TenancyConfig"):
        if request.get(member):
            raise InvalidParameterValueException(f"{member} is not supported in this environment.")
    for member in ("CapacityProviderConfig", "DurableConfig", "AcceleratorConfig"):
        if request.get(member):
            raise InvalidParameterValueException(f"{member} is not supported in this environment.")


def _check_variables(variables: Mapping[str, str]) -> None:
    if any(not _VARIABLE_NAME.fullmatch(name) for name in variables):
        raise ValidationException(
            "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: "
            "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: "
            "[a-zA-Z]([a-zA-Z0-9_])+, Member must not be null]"
        )
    reserved = sorted(_RESERVED_VARIABLES.intersection(variables))
    if reserved:
        raise InvalidParameterValueException(
            "Lambda was unable to configure your environment variables because the environment variables you "
            "have provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    measured = orjson.dumps(variables)
    if len(measured) > limits.ENVIRONMENT_BYTES_MAX:
        raise InvalidParameterValueException(
            "Lambda was unable to configure your environment variables because the environment variables you "
            f"have provided exceeded the 4KB limit. String measured: {measured.decode()}"
        )


def _check_dead_letter_target(target: str) -> None:
    arn = find_arn(target)
    if arn is None or arn.service not in ("sqs", "sns"):
        raise InvalidParameterValueException(
            f"The provided target {target} is not supported. The dead-letter target is an SQS queue or an SNS topic."
        )


def _logging(request: Wire, function_name: str) -> Wire:
    log_format = request.get("LogFormat", "Text")
    group = request.get("LogGroup", f"/aws/lambda/{function_name}")
    application, system = request.get("ApplicationLogLevel"), request.get("SystemLogLevel")
    if log_format not in ("Text", "JSON"):
        wanted = "Member must satisfy enum value set: [JSON, Text]"
        raise constraint_error("loggingConfig.logFormat", log_format, wanted)
    if not _LOG_GROUP.fullmatch(group):
        wanted = r"Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+"
        raise constraint_error("loggingConfig.logGroup", group, wanted)
    if log_format == "Text":
        if application or system:
            raise InvalidParameterValueException(
                "To use ApplicationLogLevel or SystemLogLevel, you must set LogFormat to JSON."
            )
        return {"LogFormat": "Text", "LogGroup": group}
    application, system = application or "INFO", system or "INFO"
    if application not in _LOG_LEVELS:
        wanted = f"Member must satisfy enum value set: [{', '.join(_LOG_LEVELS)}]"
        raise constraint_error("loggingConfig.applicationLogLevel", application, wanted)
    if system not in _SYSTEM_LOG_LEVELS:
        wanted = f"Member must satisfy enum value set: [{', '.join(_SYSTEM_LOG_LEVELS)}]"
        raise constraint_error("loggingConfig.systemLogLevel", system, wanted)
    return {
        "LogFormat": "JSON",
        "ApplicationLogLevel": application,
        "SystemLogLevel": system,
        "LogGroup": group,
    }


def _snap_start(request: Wire, runtime: str) -> Wire:
    """Stored; no snapshot is taken."""
    apply_on = request.get("ApplyOn", "None")
    if apply_on == "PublishedVersions" and not supports_snap_start(runtime):
        raise InvalidParameterValueException(f"{runtime} is not supported for SnapStart enabled functions.")
    return {"ApplyOn": apply_on, "OptimizationStatus": "Off"}


def _listed(values: list[str]) -> str:
    return f"[{', '.join(values)}]"
