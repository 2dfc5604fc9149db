"""Where an S3 request says its bucket: in the path, or in the host as ``BUCKET.s3.…`` or ``BUCKET.localhost``.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
"""

from __future__ import annotations

import re

from onebox.gateway.message import Request

_VIRTUAL_HOST = re.compile(r"([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\.(?:s3[.-][^:]*|localhost)(?::\d+)?", re.ASCII)


def address_path(request: Request) -> str:
    """The path with the bucket in front, however it was addressed; still percent-encoded."""
    host = request.headers.get("host", "")
    if (host[:1].isdigit() and "localhost" not in host) or "." not in host:
        return request.path
    match = _VIRTUAL_HOST.fullmatch(host)
    if match is None or match[1] == "s3":
        return request.path
    return f"/{match[1]}{request.path}"
