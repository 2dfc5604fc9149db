"""Links to the code of functions: what GetFunction answers as ``Code.Location``.

A link is signed with a secret of this process and ends after ten minutes, as AWS's links to S3 do.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from urllib.parse import parse_qs

from onebox.clock import Clock
from onebox.services.context import RequestContext
from onebox.services.lambda_.archives import Archives
from onebox.services.own_paths import CODE_PATH
from onebox.services.pieces import Pieces

_VALID_MS = 10 * 60_000


class CodeDownloads:
    """Makes links and answers them."""

    def __init__(self, clock: Clock, archives: Archives) -> None:
        self._clock = clock
        self._archives = archives
        self._secret = secrets.token_bytes(32)

    def make_link(self, context: RequestContext, sha256: str) -> str:
        """The address of an archive, under the address by which the caller reaches onebox."""
        code = base64.urlsafe_b64encode(base64.b64decode(sha256)).decode().rstrip("=")
        expires_ms = self._clock.now_ms() + _VALID_MS
        signature = self._sign(code, expires_ms)
        return f"{context.endpoint_url}{CODE_PATH}?code={code}&expires={expires_ms}&signature={signature}"

    async def read(self, query: str) -> Pieces | None:
        """The archive that a link means; None if the link is wrong or too old, or the code is gone."""
        try:
            values = {name: found[0] for name, found in parse_qs(query, max_num_fields=3).items()}
            code, signature, expires_ms = values["code"], values["signature"], int(values["expires"][:16])
        except (ValueError, KeyError):
            return None
        wanted = self._sign(code, expires_ms)
        if not hmac.compare_digest(signature.encode(), wanted.encode()) or expires_ms < self._clock.now_ms():
            return None
        sha256 = base64.b64encode(base64.urlsafe_b64decode(code + "=")).decode()
        return await self._archives.read(sha256)

    def _sign(self, code: str, expires_ms: int) -> str:
        return hmac.new(self._secret, f"{code}:{expires_ms}".encode(), hashlib.sha256).hexdigest()
