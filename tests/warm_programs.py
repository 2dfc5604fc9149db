"""The programs `orders` and `aws` for shell scripts of tests: their own code, in processes that need not import it.

A program is imported once, by a server; each call is a fork of it, with the caller's arguments, environment, folder and
files. What a user's shell finds in PATH is a small program that hands these over and ends as the fork ends.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import os
import pkgutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.polling import PATIENCE_S

_HANDING_OVER = """#!{python} -ISE
import _socket, os, sys
parts = [os.path.basename(sys.argv[0]), os.getcwd(), str(len(sys.argv) - 1), *sys.argv[1:]]
parts += [f"{{name}}={{value}}" for name, value in os.environ.items()]
message = "\\0".join(parts).encode("utf-8", "surrogateescape")
message = len(message).to_bytes(8, "big") + message
server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
server.connect({address!r})
files = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
sent = server.sendmsg([message], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)])
server.sendall(message[sent:])
ended = server.recv(1)
os._exit(ended[0] if ended else 255)
"""
_SERVICES = ("cloudformation", "cloudwatch", "dynamodb", "iam", "lambda", "logs", "s3", "sns", "sqs", "ssm", "sts")


@contextlib.contextmanager
def warm_programs(folder: Path) -> Iterator[Path]:
    """A folder for PATH with the programs, as long as the block lasts. ``folder`` is a short one of its own."""
    address, programs = folder / "server", folder / "bin"
    programs.mkdir()
    for name in _PROGRAMS:
        program = programs / name
        program.write_text(_HANDING_OVER.format(python=sys.executable, address=str(address)))
        program.chmod(0o755)
    command = [sys.executable, "-m", "tests.warm_programs", str(address)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        try:
            assert server.stdout.readline() == b"ready\n", "the programs cannot be imported"
            yield programs
        finally:
            server.kill()


def _run_orders() -> None:
    from orders.entrypoints.cli import main

    main()


def _run_aws() -> None:
    sys.exit(importlib.import_module("awscli.clidriver").main())  # the package has no types


_PROGRAMS = {"orders": _run_orders, "aws": _run_aws}


def _import_all() -> None:
    """What the programs import, and the descriptions of services, which are read once for all calls."""
    import botocore.session
    from botocore.loaders import create_loader

    import orders

    botocore.session.create_loader = functools.cache(create_loader)
    for module in pkgutil.walk_packages(orders.__path__, "orders."):
        if not module.name.endswith((".lambda_handler", ".__main__")):
            importlib.import_module(module.name)
    driver = importlib.import_module("awscli.clidriver").create_clidriver()
    for session in (driver.session, botocore.session.Session()):
        for service in _SERVICES:
            session.create_client(
                service, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
            )


def _serve(address: str) -> None:
    _import_all()
    data_path = os.environ["AWS_DATA_PATH"]  # awscli tells botocore in this way where its descriptions are
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, _reap)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(address)
        listener.listen(100)
        print("ready", flush=True)
        while True:
            caller, _ = listener.accept()
            with caller:
                if os.fork() == 0:
                    listener.close()
                    _become(caller, data_path)


def _reap(*_: object) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _become(caller: socket.socket, data_path: str) -> None:
    """In the fork: be the program that the caller is, and tell it how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    code = 255
    try:
        name, folder, arguments, environment = _receive(caller)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update({**environment, "AWS_DATA_PATH": data_path})
        sys.argv = [name, *arguments]
        sys.modules["__main__"].__package__ = None  # click names a program by it in what it prints
        code = _exit_code_of(name)
        sys.stdout.flush()
    finally:
        with contextlib.suppress(OSError):
            caller.sendall(bytes([code]))
        os._exit(code)


def _exit_code_of(name: str) -> int:
    try:
        _PROGRAMS[name]()
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
            return 1
        return ended.code or 0
    return 0


def _receive(caller: socket.socket) -> tuple[str, str, list[str], dict[str, str]]:
    caller.settimeout(PATIENCE_S)
    received, files, _, _ = socket.recv_fds(caller, 65_536, 3)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    while len(received) < 8 or len(received) < 8 + int.from_bytes(received[:8], "big"):
        more = caller.recv(65_536)
        if not more:
            raise EOFError("the caller has gone")
        received += more
    name, folder, count, *rest = received[8:].decode("utf-8", "surrogateescape").split("\0")
    arguments, environment = rest[: int(count)], rest[int(count) :]
    return name, folder, arguments, dict(variable.split("=", 1) for variable in environment)


if __name__ == "__main__":
    _serve(sys.argv[1])
