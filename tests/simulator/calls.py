"""Calls over the simulated network: one request at a time on a connection, with a timeout and every way to fail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import httptools

from tests.simulator.loop import SimulatedLoop
from tests.simulator.network import Network, Refused
from tests.simulator.requests import Answer, Credentials, decode, encode
from tests.simulator.wires import WireEnd

FindNetwork = Callable[[], "Network | None"]


class NotSent(Exception):
    """The request never left: nobody listens."""


class Lost(Exception):
    """The request was sent and no answer came: nobody knows what it did."""


class Caller:
    """A program that calls the API. ``find_network`` gives the network of the life that is up, if one is."""

    def __init__(self, loop: SimulatedLoop, find_network: FindNetwork, credentials: Credentials) -> None:
        self._loop = loop
        self._find_network = find_network
        self._credentials = credentials
        self._exchange: _Exchange | None = None

    async def call(self, service: str, operation: str, parameters: Mapping[str, Any], timeout_s: float = 10) -> Answer:
        """Send a request and wait for its answer. Raises NotSent or Lost."""
        exchange = self._exchange = self._open()
        received = exchange.send(encode(service, operation, parameters, self._credentials))
        timer = self._loop.call_later(timeout_s, exchange.give_up)
        try:
            status, headers, body = await received
        finally:
            timer.cancel()
        return decode(service, operation, status, headers, body)

    def with_credentials(self, credentials: Credentials) -> Caller:
        """A caller of its own that asks as somebody else."""
        return Caller(self._loop, self._find_network, credentials)

    def vanish(self) -> None:
        """Hang up, whatever is under way."""
        if self._exchange is not None:
            self._exchange.give_up()

    def _open(self) -> _Exchange:
        if self._exchange is not None and self._exchange.is_usable:
            return self._exchange
        network = self._find_network()
        if network is None:
            raise NotSent
        exchange = _Exchange(self._loop)
        try:
            exchange.wire = network.connect(self._loop, exchange)
        except Refused:
            raise NotSent from None
        return exchange


class _Exchange(asyncio.Protocol):
    """A client's connection."""

    wire: WireEnd

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop
        self._received: asyncio.Future[tuple[int, list[tuple[str, str]], bytes]] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._headers: list[tuple[str, str]] = []
        self._body = b""
        self.is_usable = True

    def send(self, request: bytes) -> asyncio.Future[tuple[int, list[tuple[str, str]], bytes]]:
        self._received = self._loop.create_future()
        self.wire.write(request)
        return self._received

    def give_up(self) -> None:
        self.is_usable = False
        self.wire.close()
        self._fail()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        self.is_usable = False
        self._fail()

    def on_message_begin(self) -> None:
        self._headers, self._body = [], b""

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        received, self._received = self._received, None
        if not self._parser.should_keep_alive():
            self.is_usable = False
        if received is not None and not received.done():
            received.set_result((self._parser.get_status_code(), self._headers, self._body))

    def _fail(self) -> None:
        received, self._received = self._received, None
        if received is not None and not received.done():
            received.set_exception(Lost())
