"""The inode of the other end of a TCP connection on this machine, asked of the kernel (netlink, sock_diag).

One question for one socket; /proc/net/tcp would list every socket of the machine. Linux only.
AWS has no part in this. Layout: linux/inet_diag.h.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys

Address = tuple[str, int]

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST = 1
_NO_COOKIE = b"\xff" * 8
_ALL_STATES = 0xFFFFFFFF
_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBBI")
_INODE_AT = _HEADER.size + 4 + 48 + 16


def find_socket_inode(own: Address, other: Address) -> int | None:
    """The inode of the socket whose own address is ``own`` and that is connected to ``other``; None if this machine
    has no such socket or the system does not tell."""
    if sys.platform != "linux":
        return None
    for family in _families(own, other):
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as link,
        ):
            link.settimeout(1)
            link.send(_question(family, own, other))
            answer = link.recv(4096)
            if _HEADER.unpack_from(answer)[1] == _SOCK_DIAG_BY_FAMILY and len(answer) >= _INODE_AT + 4:
                inode: int = struct.unpack_from("=I", answer, _INODE_AT)[0]
                return inode
    return None


def _ask(question: bytes) -> bytes:
    assert sys.platform == "linux"
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as link:
        link.settimeout(1)
        link.send(question)
        return link.recv(4096)


def _families(own: Address, other: Address) -> tuple[socket.AddressFamily, ...]:
    # A client may reach an IPv4 address through an IPv6 socket (::ffff:127.0.0.1).
    plain = ":" not in own[0] and ":" not in other[0]
    return (socket.AF_INET, socket.AF_INET6) if plain else (socket.AF_INET6,)


def _question(family: socket.AddressFamily, own: Address, other: Address) -> bytes:
    identity = struct.pack(
        "=2s2s16s16sI8s",
        own[1].to_bytes(2, "big"),
        other[1].to_bytes(2, "big"),
        _packed(family, own[0]),
        _packed(family, other[0]),
        0,
        _NO_COOKIE,
    )
    body = _REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0, _ALL_STATES) + identity
    return _HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0) + body


def _packed(family: socket.AddressFamily, host: str) -> bytes:
    if family == socket.AF_INET6 and ":" not in host:
        host = f"::ffff:{host}"
    return socket.inet_pton(family, host.partition("%")[0]).ljust(16, b"\0")
