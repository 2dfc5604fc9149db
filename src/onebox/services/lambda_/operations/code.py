"""The code that a request brings: a zip in the request, or an object of S3.

An archive is hashed and read through off the event loop: a large one keeps no other request waiting.
"""

from __future__ import annotations

import asyncio

from onebox.errors import AwsError
from onebox.services.context import RequestContext, Wire
from onebox.services.lambda_ import limits
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.errors import (
    AccessDeniedException,
    InvalidParameterValueException,
    RequestEntityTooLargeException,
)
from onebox.services.lambda_.package import Package, inspect
from onebox.services.pieces import Pieces
from onebox.services.registry import Access


async def load_package(core: LambdaCore, context: RequestContext, code: Wire) -> Package:
    """The checked archive of ``Code`` or of a request of UpdateFunctionCode. Raises in AWS's words."""
    archive = await _load_archive(core, context, code)
    return await asyncio.get_running_loop().run_in_executor(None, inspect, archive)


async def _load_archive(core: LambdaCore, context: RequestContext, code: Wire) -> Pieces:
    if code.get("ImageUri"):
        raise InvalidParameterValueException(
            "Please don't provide ImageUri when updating a function with packageType Zip."
        )
    archive: bytes | Pieces | None = code.get("ZipFile")
    if archive is not None:
        if len(archive) > limits.INLINE_ZIP_BYTES_MAX:
            raise RequestEntityTooLargeException(
                f"Zipped size must be smaller than {limits.INLINE_ZIP_BYTES_MAX} bytes"
            )
        return Pieces.of(archive)
    bucket, key = code.get("S3Bucket"), code.get("S3Key")
    if not bucket or not key:
        raise InvalidParameterValueException("Please provide a source for function code.")
    objects, version_id = core.objects, code.get("S3ObjectVersion")
    if objects is None:
        raise InvalidParameterValueException(_s3_error("NoSuchBucket", "The specified bucket does not exist"))
    _check_read_access(core, context, objects.read_access(context, bucket, key, version_id))
    try:
        stored = await objects.fetch(context, bucket, key, version_id, bytes_max=limits.UNZIPPED_BYTES_MAX)
    except AwsError as error:
        raise InvalidParameterValueException(_s3_error(error.wire_code, error.message)) from error
    if stored is None:
        raise InvalidParameterValueException(f"Unzipped size must be smaller than {limits.UNZIPPED_BYTES_MAX} bytes")
    return stored


def _check_read_access(core: LambdaCore, context: RequestContext, access: Access) -> None:
    """Lambda reads the object with the rights of its caller; the bucket's policy and the object's tags count."""
    decision = core.iam.check(
        context, access.action, [access.resource], access.find_condition_keys, access.find_resource_policy
    )
    if not decision.allowed:
        raise AccessDeniedException(
            "Your access has been denied by S3, please make sure your request credentials have permission to GetObject "
            f"for {access.resource.rpartition(':')[2]}. S3 Error Code: AccessDenied. S3 Error Message: Access Denied"
        )


def _s3_error(code: str, message: str) -> str:
    return f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}"
