"""A bad version of OrderProcessor made live, as a bad deployment does."""

from __future__ import annotations

from typing import Any

from tests.api.lambda_support import zipped

THROWS = "def lambda_handler(event, context):\n    raise RuntimeError('boom')\n"
# Each call takes a while, so that a test sees the backlog.
SLOW = "import time\n\ndef lambda_handler(event, context):\n    time.sleep(1)\n"


def go_live(functions: Any, source: str) -> None:
    """Give OrderProcessor's handler this source, and let the alias call it. ``functions``: a client of Lambda."""
    packages = {"orders/__init__.py": "", "orders/processor/__init__.py": ""}
    package = zipped({**packages, "orders/processor/lambda_handler.py": source})
    functions.update_function_code(FunctionName="OrderProcessor", ZipFile=package)
    functions.get_waiter("function_updated_v2").wait(FunctionName="OrderProcessor")
    version = functions.publish_version(FunctionName="OrderProcessor")["Version"]
    functions.update_alias(FunctionName="OrderProcessor", Name="live", FunctionVersion=version)
