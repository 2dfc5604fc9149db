"""Access control of the console, and the headers of every response.

Promises: a page of another site can neither read from the console nor change anything through it, not even with DNS
rebinding. The Host header must be a name of the console; a request that changes something must come from the console's
own pages with their CSRF token. If other machines can reach the console, every request needs the token that was printed
at startup. A read-only console refuses every change here, whatever its pages offer.
https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import hmac
import secrets
from ipaddress import ip_address
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import FormData, Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orders.console.settings import ConsoleSettings, is_loopback

SAFE_METHODS = frozenset({"GET", "HEAD"})
COOKIE = "orders_console"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf"
LOGIN_PATH = "/login"
STATIC_PREFIX = "/static/"
# Orders are at most 256 KB each; for more than this there is `orders publish`.
FORM_BYTES_MAX = 64 * 1024 * 1024
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer browsers send forms with the origin null
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Access:
    """Checks the token, the session cookie and the CSRF token, which are new for each run."""

    def __init__(self, token: str | None) -> None:
        """``token`` is required from visitors; None requires none."""
        self._token = token
        self._cookie = secrets.token_urlsafe(32)
        self.csrf = secrets.token_urlsafe(32)
        """Part of every form of the console; pages of other sites cannot know it."""

    def is_token(self, given: str) -> bool:
        return self._token is not None and hmac.compare_digest(given.encode(), self._token.encode())

    def is_let_in(self, request: Request) -> bool:
        return self._token is None or hmac.compare_digest(
            request.cookies.get(COOKIE, "").encode(), self._cookie.encode()
        )

    def let_in(self, path: str) -> Response:
        """Send a visitor who knew the token on, with the cookie that says so."""
        response = RedirectResponse(path, 303)
        response.set_cookie(COOKIE, self._cookie, httponly=True, samesite="strict")
        return response

    async def check_form(self, request: Request) -> FormData:
        """The form of a console page. Raises Forbidden if the CSRF token is missing or wrong."""
        form = await request.form(max_part_size=FORM_BYTES_MAX)
        given = request.headers.get(CSRF_HEADER) or form.get(CSRF_FIELD) or ""
        if not isinstance(given, str) or not hmac.compare_digest(given.encode(), self.csrf.encode()):
            raise Forbidden
        return form


class Forbidden(Exception):
    """A form without this run's CSRF token: sent by another site, or its page is older than the console."""


class Guard:
    """The outermost layer of the app. ``harmless`` are the paths to which a POST changes nothing."""

    def __init__(self, app: ASGIApp, settings: ConsoleSettings, access: Access, harmless: frozenset[str]) -> None:
        self._app = app
        self._settings = settings
        self._access = access
        self._harmless = harmless | {LOGIN_PATH}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(MutableHeaders(scope=message))
            await send(message)

        answer = self._refuse(Request(scope)) or self._app
        await answer(scope, receive, send_with_headers)

    def _refuse(self, request: Request) -> Response | None:
        """The refusal of a request; None if it may pass."""
        headers = request.headers
        if not self._knows_host(headers.get("host", "")):
            return _say(421, "This console does not accept that host name. Use the address it printed.")
        is_change = request.method not in SAFE_METHODS
        if is_change and not _is_from_own_page(headers):
            return _say(403, "This request does not come from a console page.")
        if not self._is_open(request.url.path) and not self._access.is_let_in(request):
            return self._ask_for_token(request)
        if self._settings.read_only and is_change and request.url.path not in self._harmless:
            return _say(403, "This console is read-only: it was started with --read-only.")
        return None

    def _knows_host(self, host: str) -> bool:
        name = (urlsplit(f"//{host}").hostname or "").lower()
        if name in self._settings.allowed_hosts or name == self._settings.host:
            return True
        if self._settings.token is None:
            return is_loopback(name)
        # An IP address cannot be rebound; of names only the allowed ones are accepted.
        return _is_address(name) or is_loopback(name)

    def _is_open(self, path: str) -> bool:
        """Whether the path needs no token: the login page and static files."""
        return path == LOGIN_PATH or path.startswith(STATIC_PREFIX)

    def _ask_for_token(self, request: Request) -> Response:
        given = request.query_params.get("token")
        if given is not None and self._access.is_token(given):
            # Removes the token from the address bar and the history.
            rest = [(name, value) for name, value in request.query_params.multi_items() if name != "token"]
            return self._access.let_in(request.url.path + (f"?{urlencode(rest)}" if rest else ""))
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            return RedirectResponse(LOGIN_PATH, 303)
        return _say(401, "Enter the token that the console printed at startup.")


def _add_headers(headers: MutableHeaders) -> None:
    for name, value in HEADERS.items():
        headers[name] = value
    headers.setdefault("Cache-Control", "no-store")  # assets.py says otherwise of its files


def _is_from_own_page(headers: Headers) -> bool:
    """Whether the browser marks the request as same-origin. All current browsers do so for a POST."""
    site = headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    origin = headers.get("origin")
    if origin is None:
        return site == "same-origin"
    return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _say(status: int, sentence: str) -> Response:
    return PlainTextResponse(sentence + "\n", status)
