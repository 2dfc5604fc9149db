"""Scripts, styles and pictures: read into memory once, under an address that holds a digest of them all.

A file of another version has another address, so browsers keep what they have without asking, and no page mixes two
versions. Modules import one another by relative paths, so they stay under the same digest.
"""

from __future__ import annotations

import hashlib
import mimetypes
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

# Python knows the types of the machine's registry, which may lack or misname these.
TYPES = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
FOLDER = Path(__file__).parent / "static"
FOREVER = "public, max-age=31536000, immutable"
DIGEST_LENGTH = 12


class Asset(NamedTuple):
    content: bytes
    media_type: str


@lru_cache(1)
def load_assets() -> dict[str, Asset]:
    """All files of static/ by their paths below it."""
    found = [path for path in FOLDER.rglob("*") if path.is_file()]
    return {path.relative_to(FOLDER).as_posix(): Asset(path.read_bytes(), _type_of(path.name)) for path in found}


@lru_cache(1)
def base_path() -> str:
    """Where the files are served: ``/static/`` and the digest."""
    digest = hashlib.sha256()
    for path, asset in sorted(load_assets().items()):
        digest.update(path.encode() + b"\0" + hashlib.sha256(asset.content).digest())
    return f"/static/{digest.hexdigest()[:DIGEST_LENGTH]}"


def asset_url(path: str) -> str:
    """The address of a file of static/. Raises KeyError if there is none."""
    load_assets()[path]
    return f"{base_path()}/{path}"


async def serve(request: Request) -> Response:
    """One file. 404 under another version's digest: its page is reloaded, or the browser still has the file."""
    found = load_assets().get(request.path_params["path"])
    if found is None or not request.url.path.startswith(f"{base_path()}/"):
        raise HTTPException(404)
    return Response(found.content, media_type=found.media_type, headers={"Cache-Control": FOREVER})


def _type_of(name: str) -> str:
    known = TYPES.get(name.rpartition(".")[2])
    return known or mimetypes.guess_type(name)[0] or "application/octet-stream"


ROUTES = [Route("/static/{digest}/{path:path}", serve)]
