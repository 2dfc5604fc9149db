"""First code in a function's process: ties its life to onebox's, lays out the import path as AWS does, and hands
over to AWS's runtime client (awslambdaric).

Run in the folder of the function's code as ``python -S -s launcher.py PACKAGES LAYERS PARENT_PID BYTECODE FAST_SDK
HANDLER``. PACKAGES is the folder that stands for AWS's /var/runtime (awslambdaric, boto3), LAYERS the one that stands
for /opt, which a function without layers does not have, BYTECODE where an interpreter that
differs from onebox's keeps its bytecode ("" for none), FAST_SDK whether calls of the SDK are made cheaper (yes, no).
Standard library only, Python 3.10 to 3.14.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_SIGKILL = 9


def main() -> None:
    packages, layers, parent_pid, bytecode, fast_sdk, handler = sys.argv[1:7]
    if parent_pid != "0":  # else guard.py has done it, and a wrapper script may be the parent
        _die_with_parent(int(parent_pid))
    _complete_builtins()
    if bytecode:
        sys.pycache_prefix = bytecode
    # sys.path[0] is this file's folder, after it come the entries of the function's own PYTHONPATH.
    own_folder = sys.path.pop(0)
    sys.path[0:0] = [packages, own_folder]
    # Boundaries of multi-line log messages survive in frames of their own; they share the pipe of the output, so
    # that both stay in order.
    os.environ["_LAMBDA_TELEMETRY_LOG_FD"] = str(os.dup(1))
    import runtime_client  # type: ignore[import-not-found]  # a neighbour on the path of this process

    runtime_client.speeds_up_sdk = fast_sdk == "yes"
    runtime_client.inherited_socket = _take_socket()
    from awslambdaric import bootstrap

    _read_events_fast()
    del sys.path[0:2]
    # The function's code comes first, then its PYTHONPATH, the layers, what AWS brings along, the standard library.
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    extra = os.environ.get("PYTHONPATH", "")
    at = 1 + (len(extra.split(os.pathsep)) if extra else 0)
    sys.path[at:at] = [*_layer_folders(layers), packages]
    sys.argv[:] = ["bootstrap.py", handler]
    # awslambdaric polls from a thread where its compiled client would block signals; ours does not.
    bootstrap.run(handler, _make_client(runtime_client))


def _layer_folders(layers: str) -> list[str]:
    """Where modules of layers are, as on AWS."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    folders = (os.path.join(layers, "python", "lib", version, "site-packages"), os.path.join(layers, "python"))
    return [folder for folder in folders if os.path.isdir(folder)]


def _take_socket() -> int:
    """The descriptor of the inherited connection to onebox, -1 if there is none; the function's own processes do not
    inherit it, nor see its variable."""
    descriptor = int(os.environ.pop("_ONEBOX_RUNTIME_FD", "-1"))
    try:
        os.set_inheritable(descriptor, False)
    except OSError:
        return -1  # A wrapper script has closed it.
    return descriptor


def _make_client(runtime_client: Any) -> Any:
    """AWS's client; it would report a failed initialisation over a connection of its own."""
    from awslambdaric.lambda_runtime_client import LambdaRuntimeClient
    from awslambdaric.lambda_runtime_marshaller import to_json

    class Client(LambdaRuntimeClient):  # type: ignore[misc]  # awslambdaric has no types
        def post_init_error(self, error_response_data: Any, error_type_override: Any = None) -> None:
            runtime_client.post_init_error(to_json(error_response_data))

    return Client(os.environ["AWS_LAMBDA_RUNTIME_API"], False)


def _die_with_parent(parent_pid: int) -> None:
    """Have the kernel kill this process when onebox dies, however it dies. Elsewhere than on Linux the runtime client
    notices it when it asks for the next invocation."""
    if sys.platform == "linux":
        import ctypes

        prctl = ctypes.CDLL(None, use_errno=True).prctl
        prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
        # Whatever the function starts stays a descendant of this process, and is counted and ended with it.
        prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if os.getppid() != parent_pid:
        os._exit(1)


def _read_events_fast() -> None:
    """Have events read by the standard library, which gives the same values as simplejson in half the time.

    Where simplejson has no compiled part for this interpreter (it is installed for onebox's own), in a fiftieth of it.
    """
    import json
    from types import SimpleNamespace

    from awslambdaric import lambda_runtime_marshaller as marshaller

    marshaller.json = SimpleNamespace(loads=json.loads, raw_json=marshaller.json.raw_json)


def _complete_builtins() -> None:
    """``exit``, ``quit`` and ``help``, which an interpreter without site-packages (-S) lacks."""
    import site

    site.setquit()
    site.setcopyright()
    site.sethelper()


if __name__ == "__main__":
    main()
