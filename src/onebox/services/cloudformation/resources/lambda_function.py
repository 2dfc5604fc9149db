"""AWS::Lambda::Function.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-lambda-function.html
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from importlib import resources
from typing import Any

from onebox.errors import AwsError
from onebox.services.cloudformation.resources.existing import create_or_adopt, means_gone
from onebox.services.cloudformation.resources.shapes import (
    BOOLEAN,
    INTEGER,
    TAGS,
    TEXT,
    TEXTS,
    ListOf,
    MapOf,
    Record,
)
from onebox.services.cloudformation.resources.tagging import apply_tags
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    Naming,
    NewResource,
    ResourceType,
    arn,
    changed,
    pick,
)
from onebox.services.context import Wire

_CONFIGURATION: dict[str, Any] = {
    "DeadLetterConfig": {"TargetArn": ""},
    "Description": "",
    "Environment": {"Variables": {}},
    "EphemeralStorage": {"Size": 512},
    "FileSystemConfigs": [],
    "Handler": None,
    "ImageConfig": {},
    "KMSKeyArn": "",
    "Layers": [],
    "LoggingConfig": {"LogFormat": "Text"},
    "MemorySize": 128,
    "Role": None,
    "Runtime": None,
    "SnapStart": {"ApplyOn": "None"},
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
    "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
}
"""What UpdateFunctionConfiguration takes, with what each falls back to when its property goes away."""
_INLINE_FILES = {"nodejs": "index.js", "python": "index.py"}
_MODULES = "onebox.services.cloudformation.resources.inline_modules"
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
"""A fixed date in the archive, so that the same code gives the same hash."""


class _Function:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        properties = _renamed(new.properties)
        request = pick(properties, *_CONFIGURATION, "Architectures", "PackageType")
        request |= {"FunctionName": new.name, "Code": _code(properties), "Tags": new.tags}
        await create_or_adopt(
            "AWS::Lambda::Function",
            new,
            lambda: client.call("lambda", "CreateFunction", request),
            lambda: _live_tags(client, new.name),
        )
        await new.initiated(new.name)
        await _wait_ready(client, new.name)
        await _apply_side_settings(client, new.name, {}, properties)
        return {"Arn": arn(client, "lambda", f"function:{new.name}")}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        function = {"FunctionName": old.physical_id}
        before, after = _renamed(old.properties), _renamed(properties)
        if changed(before, after, "Code", "Architectures"):
            request = {**function, **_code(after), **pick(after, "Architectures")}
            await client.call("lambda", "UpdateFunctionCode", request)
            await _wait_ready(client, old.physical_id)
        settings = {
            name: after.get(name, fallback)
            for name, fallback in _CONFIGURATION.items()
            if before.get(name) != after.get(name) and after.get(name, fallback) is not None
        }
        if settings:
            await client.call("lambda", "UpdateFunctionConfiguration", {**function, **settings})
            await _wait_ready(client, old.physical_id)
        await _apply_side_settings(client, old.physical_id, before, after)
        resource = {"Resource": old.attributes["Arn"]}
        await apply_tags(
            old.tags,
            tags,
            lambda fresh: client.call("lambda", "TagResource", {**resource, "Tags": fresh}),
            lambda keys: client.call("lambda", "UntagResource", {**resource, "TagKeys": keys}),
        )
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await client.call("lambda", "DeleteFunction", {"FunctionName": old.physical_id})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        try:
            answer = await client.call("lambda", "GetFunction", {"FunctionName": old.physical_id})
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        configuration = answer["Configuration"]
        live = pick(configuration, "FunctionName", "Description", "Handler", "MemorySize", "Role", "Runtime", "Timeout")
        if "Environment" in configuration:
            live["Environment"] = pick(configuration["Environment"], "Variables")
        if "DeadLetterConfig" in configuration:
            live["DeadLetterConfig"] = configuration["DeadLetterConfig"]
        if "Concurrency" in answer:
            live["ReservedConcurrentExecutions"] = answer["Concurrency"]["ReservedConcurrentExecutions"]
        return live


def _renamed(properties: Wire) -> Wire:
    """The API spells KmsKeyArn otherwise."""
    if "KmsKeyArn" not in properties:
        return properties
    return {**properties, "KMSKeyArn": properties["KmsKeyArn"]}


def _code(properties: Wire) -> Wire:
    code = properties["Code"]
    if "ZipFile" not in code:
        return pick(code, "S3Bucket", "S3Key", "S3ObjectVersion", "ImageUri")
    runtime = properties.get("Runtime", "")
    file_name = next((name for prefix, name in _INLINE_FILES.items() if runtime.startswith(prefix)), None)
    if file_name is None:
        raise InvalidInlineCode(runtime)
    files = {file_name: code["ZipFile"]}
    if file_name.endswith(".py") and "cfnresponse" in code["ZipFile"]:
        # AWS adds this module to inline code that imports it.
        files["cfnresponse.py"] = resources.files(_MODULES).joinpath("cfnresponse.py").read_text("utf-8")
    return {"ZipFile": zip_inline(files)}


class InvalidInlineCode(AwsError):
    """Inline code exists for Python and Node.js only."""

    code = "InvalidRequest"

    def __init__(self, runtime: str) -> None:
        super().__init__(
            f"ZipFile can only be used when Runtime is set to either of nodejs or python, not {runtime or 'none'}."
        )


def zip_inline(files: Mapping[str, str]) -> bytes:
    """An archive of the files, the same bytes for the same sources."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, source in files.items():
            entry = zipfile.ZipInfo(name, _ZIP_EPOCH)
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, source, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


async def _apply_side_settings(client: Client, name: str, old: Wire, new: Wire) -> None:
    """Settings with operations of their own."""
    function = {"FunctionName": name}
    if changed(old, new, "ReservedConcurrentExecutions"):
        if "ReservedConcurrentExecutions" in new:
            request = function | pick(new, "ReservedConcurrentExecutions")
            await client.call("lambda", "PutFunctionConcurrency", request)
        else:
            await client.call("lambda", "DeleteFunctionConcurrency", function)


async def _wait_ready(client: Client, name: str) -> None:
    while True:
        state = await client.call("lambda", "GetFunctionConfiguration", {"FunctionName": name})
        if state.get("State", "Active") != "Pending" and state.get("LastUpdateStatus") != "InProgress":
            return
        await client.pause()


async def _live_tags(client: Client, name: str) -> dict[str, str]:
    return dict((await client.call("lambda", "GetFunction", {"FunctionName": name})).get("Tags", {}))


FUNCTION = ResourceType(
    name="AWS::Lambda::Function",
    schema=Record(
        {
            "Architectures": TEXTS,
            "Code": Record(
                {
                    "ImageUri": TEXT,
                    "S3Bucket": TEXT,
                    "S3Key": TEXT,
                    "S3ObjectVersion": TEXT,
                    "ZipFile": TEXT,
                }
            ),
            "DeadLetterConfig": Record({"TargetArn": TEXT}),
            "Description": TEXT,
            "Environment": Record({"Variables": MapOf(TEXT)}),
            "EphemeralStorage": Record({"Size": INTEGER}, required=("Size",)),
            "FileSystemConfigs": ListOf(
                Record({"Arn": TEXT, "LocalMountPath": TEXT}, required=("Arn", "LocalMountPath"))
            ),
            "FunctionName": TEXT,
            "Handler": TEXT,
            "ImageConfig": Record({"Command": TEXTS, "EntryPoint": TEXTS, "WorkingDirectory": TEXT}),
            "KmsKeyArn": TEXT,
            "Layers": TEXTS,
            "LoggingConfig": Record(
                {"ApplicationLogLevel": TEXT, "LogFormat": TEXT, "LogGroup": TEXT, "SystemLogLevel": TEXT}
            ),
            "MemorySize": INTEGER,
            "PackageType": TEXT,
            "ReservedConcurrentExecutions": INTEGER,
            "Role": TEXT,
            "Runtime": TEXT,
            "SnapStart": Record({"ApplyOn": TEXT}, required=("ApplyOn",)),
            "Tags": TAGS,
            "Timeout": INTEGER,
            "TracingConfig": Record({"Mode": TEXT}),
            "VpcConfig": Record({"Ipv6AllowedForDualStack": BOOLEAN, "SecurityGroupIds": TEXTS, "SubnetIds": TEXTS}),
        },
        required=("Code", "Role"),
    ),
    lifecycle=_Function(),
    create_only=frozenset({"FunctionName", "PackageType"}),
    attributes=frozenset({"Arn"}),
    naming=Naming("FunctionName", characters_max=64),
    taggable=True,
)
