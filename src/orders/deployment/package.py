"""The zip file of the functions.

Promises: it holds what the functions import of this package and nothing else, and the same sources give the
same bytes on every machine (sorted, no times, no owners), so that its name can be its content's digest.
"""

from __future__ import annotations

import hashlib
import io
import sys
import zipfile
from importlib.resources import files
from typing import NamedTuple

# What the handlers import, and what that imports; a test holds this list against the truth. The functions share one
# package: they are of one version, and a function loads no more than it imports.
MODULES = (
    "orders/__init__.py",
    "orders/archive/__init__.py",
    "orders/archive/lambda_handler.py",
    "orders/archive/notification.py",
    "orders/archive/objects.py",
    "orders/batches.py",
    "orders/clock.py",
    "orders/domain/__init__.py",
    "orders/domain/amounts.py",
    "orders/domain/bodies.py",
    "orders/domain/claims.py",
    "orders/domain/cloud_events.py",
    "orders/domain/contract.py",
    "orders/domain/contract_schema.py",
    "orders/domain/differences.py",
    "orders/domain/history.py",
    "orders/domain/limits.py",
    "orders/domain/order.py",
    "orders/domain/precedence.py",
    "orders/domain/sizes.py",
    "orders/domain/stored_item.py",
    "orders/domain/times.py",
    "orders/domain/trace_context.py",
    "orders/domain/value_count.py",
    "orders/domain/violations.py",
    "orders/errors.py",
    "orders/history/__init__.py",
    "orders/history/changes.py",
    "orders/history/lambda_handler.py",
    "orders/intake/__init__.py",
    "orders/intake/bodies.py",
    "orders/intake/caller_store.py",
    "orders/intake/callers.py",
    "orders/intake/http_request.py",
    "orders/intake/idempotency.py",
    "orders/intake/intake.py",
    "orders/intake/key_table.py",
    "orders/intake/lambda_handler.py",
    "orders/intake/openapi.py",
    "orders/intake/ports.py",
    "orders/intake/problems.py",
    "orders/intake/results.py",
    "orders/intake/topic.py",
    "orders/intake/webhooks.py",
    "orders/json_text.py",
    "orders/processor/__init__.py",
    "orders/processor/attribute_values.py",
    "orders/processor/aws_json_client.py",
    "orders/processor/breaker.py",
    "orders/processor/claims.py",
    "orders/processor/consume.py",
    "orders/processor/crash_line.py",
    "orders/processor/dynamodb_client.py",
    "orders/processor/dynamodb_events.py",
    "orders/processor/dynamodb_store.py",
    "orders/processor/give_back.py",
    "orders/processor/http_connection.py",
    "orders/processor/lambda_handler.py",
    "orders/processor/metrics.py",
    "orders/processor/next_try.py",
    "orders/processor/notices.py",
    "orders/processor/outcomes.py",
    "orders/processor/ports.py",
    "orders/processor/queue_client.py",
    "orders/processor/record_notices.py",
    "orders/processor/s3_client.py",
    "orders/processor/signature.py",
    "orders/processor/tracing.py",
    "orders/publishing/__init__.py",
    "orders/publishing/message.py",
    "orders/retry.py",
    "orders/text.py",
)
HANDLER = "orders.processor.lambda_handler.lambda_handler"
# Those that use the SDK, which Lambda's runtime brings.
SDK_HANDLERS = (
    "orders.archive.lambda_handler.lambda_handler",
    "orders.history.lambda_handler.lambda_handler",
    "orders.intake.lambda_handler.lambda_handler",
)
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip file can hold
_REGULAR_FILE_READABLE_BY_ALL = 0o100644 << 16


class Package(NamedTuple):
    """A zip file and the SHA-256 of its bytes in hexadecimal."""

    content: bytes
    digest: str


def build_package() -> Package:
    """The zip file of the installed sources."""
    sources = files("orders")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(MODULES):
            content = sources.joinpath(name.partition("/")[2]).read_bytes()
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = _REGULAR_FILE_READABLE_BY_ALL
            entry.create_system = 3  # Unix, on every build platform
            # Stored, not deflated: compressed bytes differ between versions of zlib, and this is 90 kB.
            archive.writestr(entry, content, zipfile.ZIP_STORED)
    content = buffer.getvalue()
    return Package(content, hashlib.sha256(content).hexdigest())


def main() -> None:
    """Unpack the package into the folder that the only argument names: `sam build` zips it itself."""
    with zipfile.ZipFile(io.BytesIO(build_package().content)) as archive:
        archive.extractall(sys.argv[1])


if __name__ == "__main__":
    main()
