"""Connections without sockets: bytes arrive in order, a random moment after they were written."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any, Protocol

from tests.simulator.machine import Machine

LATENCY_NS_MAX = 2_000_000
SERVER = ("10.0.0.1", 4566)
CLIENT = ("10.0.0.2", 40_000)


class Loop(Protocol):
    """What an end needs of its loop."""

    def call_soon(self, callback: Callable[..., object], *args: Any) -> asyncio.Handle: ...
    def call_at_ns(self, when_ns: int, callback: Callable[..., object], *args: Any) -> asyncio.TimerHandle: ...


class WireEnd(asyncio.Transport):
    """One end of a connection. Its protocol is called on the loop of this end."""

    def __init__(self, machine: Machine, chance: random.Random, loop: Loop, addresses: Any) -> None:
        super().__init__()
        self._machine = machine
        self._chance = chance
        self.loop = loop
        self._own_address, self._peer_address = addresses
        self._peer: WireEnd | None = None
        self._protocol: asyncio.BaseProtocol | None = None
        self._arrives_ns = 0
        self._is_closing = False
        self._is_lost = False

    @classmethod
    def pair(cls, machine: Machine, chance: random.Random, own: Loop, other: Loop) -> tuple[WireEnd, WireEnd]:
        """The two ends, the server's first."""
        # A generator for each end: onebox cuts its connections in the order of a set, which differs from run to run.
        seeds = chance.getrandbits(64), chance.getrandbits(64)
        first = cls(machine, random.Random(seeds[0]), own, (SERVER, CLIENT))
        second = cls(machine, random.Random(seeds[1]), other, (CLIENT, SERVER))
        first._peer, second._peer = second, first
        return first, second

    # asyncio's transport

    def write(self, data: bytes | bytearray | memoryview) -> None:
        content = bytes(data)
        if content and not self._is_closing:
            self._send(lambda end: end._receive(content))

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            self._send(WireEnd._lose)
            self.loop.call_soon(self._lose)

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return self._is_closing

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": self._peer_address, "sockname": self._own_address}.get(name, default)

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is ever buffered here."""

    def pause_reading(self) -> None:
        """What was written arrives all the same; onebox keeps what it cannot serve yet."""

    def resume_reading(self) -> None:
        """See ``pause_reading``."""

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        assert self._protocol is not None
        return self._protocol

    # The wire itself

    def cut(self) -> None:
        """The network fails: nothing more arrives at either end."""
        for end in (self, self._peer):
            if end is not None:
                end._is_closing = True
                end.loop.call_soon(end._lose)

    def die(self) -> None:
        """The program at this end is gone: what it wrote arrives, then the other end is told."""
        if not self._is_closing:
            self._is_closing = self._is_lost = True
            self._send(WireEnd._lose)

    def _send(self, deliver: Callable[[WireEnd], None]) -> None:
        peer = self._peer
        if peer is None:
            return
        latest_ns = self._machine.passed_ns + self._chance.randrange(LATENCY_NS_MAX)
        self._arrives_ns = max(self._arrives_ns, latest_ns)
        peer.loop.call_at_ns(self._arrives_ns, deliver, peer)

    def _receive(self, data: bytes) -> None:
        protocol = self._protocol
        if not self._is_lost and not self._is_closing and isinstance(protocol, asyncio.Protocol):
            protocol.data_received(data)

    def _lose(self) -> None:
        if not self._is_lost:
            self._is_lost = self._is_closing = True
            if self._protocol is not None:
                self._protocol.connection_lost(None)


class _Socket:
    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address

    def getsockname(self) -> tuple[str, int]:
        return self._address


class Listener(asyncio.AbstractServer):
    """A listening socket of a simulated machine."""

    def __init__(self, loop: Loop, factory: Callable[[], asyncio.Protocol], host: str, port: int) -> None:
        self.loop = loop
        self.is_open = True
        self.sockets = [_Socket((host, port or SERVER[1]))]
        self._factory = factory

    def close(self) -> None:
        self.is_open = False

    async def wait_closed(self) -> None:
        """Nothing is left to wait for."""

    def accept(self, end: WireEnd) -> None:
        """A client connects; ``end`` is the server's end of the connection."""
        protocol = self._factory()
        end.set_protocol(protocol)
        protocol.connection_made(end)
