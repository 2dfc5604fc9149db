"""Goal: functions run by other programs than Python work as on AWS: bootstraps, wrapper scripts and Node.js."""

from __future__ import annotations

import io
import json
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.api.lambda_support import alive, invoke, log_messages, make_function
from tests.api.test_lambda_processes import client_of
from tests.polling import PATIENCE_S, until

Client = Callable[..., Any]
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="the bootstrap of these tests calls curl")
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="this machine has no Node.js")
BOOTSTRAP = """#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
while true; do
  event=$(curl -sS -D "$TMPDIR/head" "$api/invocation/next") || exit 1
  id=$(tr -d '\\r' < "$TMPDIR/head" | sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: //p')
  echo "handled by $_HANDLER"
  case "$event" in
    '"fail"') curl -sS -d '{"errorType":"Own","errorMessage":"no"}' "$api/invocation/$id/error" > /dev/null ;;
    *) curl -sS -d "{\\"got\\":$event}" "$api/invocation/$id/response" > /dev/null ;;
  esac
done
"""
WRAPPER = '#!/bin/sh\nexport ADDED="by the wrapper"\nexec "$@"\n'
WRAPPED = "import os\ndef handler(event, context):\n    return [os.environ['ADDED'], event]\n"


def archive(files: dict[str, str], executable: tuple[str, ...] = ()) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o755 if name in executable else 0o644) << 16
            opened.writestr(entry, text)
    return buffer.getvalue()


def make(client: Client, content: bytes, **overrides: Any) -> None:
    make_function(client, "", Code={"ZipFile": content}, **overrides)


@needs_curl
@pytest.mark.parametrize("runtime", ["provided.al2023", "provided.al2"])
def test_bootstraps_speak_the_runtime_api(client: Client, runtime: str) -> None:
    make(client, archive({"bootstrap": BOOTSTRAP}, ("bootstrap",)), Runtime=runtime, Handler="own.handler")
    assert invoke(client, {"a": 1})[0] == {"got": {"a": 1}}
    answer, response = invoke(client, "fail")
    assert (answer["errorType"], response["FunctionError"]) == ("Own", "Unhandled")
    assert invoke(client, 2)[0] == {"got": 2}
    until(lambda: log_messages(client).count("handled by own.handler\n") == 3, "the bootstrap's output in the log")
    assert not [line for line in log_messages(client) if "Max Memory Used: 0 MB" in line]


@needs_curl
def test_a_bootstrap_may_come_with_a_layer(client: Client) -> None:
    content = archive({"bootstrap": BOOTSTRAP}, ("bootstrap",))
    layer = client("lambda").publish_layer_version(LayerName="runtime", Content={"ZipFile": content})
    layers = [layer["LayerVersionArn"]]
    make(client, archive({"data": "d"}), Runtime="provided.al2023", Layers=layers)
    assert invoke(client, 1)[0] == {"got": 1}


def test_a_missing_bootstrap_is_named(client: Client) -> None:
    make(client, archive({"bootstrap": BOOTSTRAP}), Runtime="provided.al2023")  # not executable
    answer, response = invoke(client)
    assert response["FunctionError"] == "Unhandled"
    assert answer["errorType"] == "Runtime.InvalidEntrypoint"
    assert answer["errorMessage"] == "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"


def wrapped(path: str) -> dict[str, Any]:
    return {"Environment": {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": path}}}


@pytest.mark.parametrize("script", [WRAPPER, WRAPPER.replace("exec ", "")], ids=["becomes", "starts"])
def test_wrapper_scripts_start_the_runtime(client: Client, script: str) -> None:
    content = archive({"app.py": WRAPPED, "bin/wrapper": script}, ("bin/wrapper",))
    make(client, content, **wrapped("/var/task/bin/wrapper"))
    assert invoke(client, 1)[0] == ["by the wrapper", 1]
    assert invoke(client, 2)[0] == ["by the wrapper", 2]


def test_a_wrapper_script_may_come_with_a_layer(client: Client) -> None:
    content = archive({"wrapper": WRAPPER}, ("wrapper",))
    layer = client("lambda").publish_layer_version(LayerName="wrapper", Content={"ZipFile": content})
    layers = [layer["LayerVersionArn"]]
    make(client, archive({"app.py": WRAPPED}), Layers=layers, **wrapped("/opt/wrapper"))
    assert invoke(client, 1)[0] == ["by the wrapper", 1]


def test_wrapper_scripts_that_cannot_run_are_named(client: Client) -> None:
    make(client, archive({"app.py": WRAPPED, "plain": WRAPPER}), **wrapped("/var/task/absent"))
    assert invoke(client)[0]["errorMessage"] == "fork/exec /var/task/absent: no such file or directory"
    client("lambda").update_function_configuration(FunctionName="function", **wrapped("/var/task/plain"))
    assert invoke(client)[0]["errorMessage"] == "fork/exec /var/task/plain: permission denied"


NODE = """
exports.handler = async (event, context) => {
  if (event === "fail") throw new TypeError("no");
  if (event === "crash") { setTimeout(() => { throw new Error("late"); }, 1); return new Promise(() => {}); }
  if (event === "leave") process.exit(3);
  console.log("got", event, "\\nsecond line");
  return { event, name: context.functionName, id: context.awsRequestId, left: context.getRemainingTimeInMillis() > 0 };
};
exports.callback = (event, context, callback) => {
  if (event === "fail") return callback(new Error("told"));
  context.callbackWaitsForEmptyEventLoop = event !== "early";
  callback(null, { event });
};
exports.nothing = () => {};
"""


def make_node(client: Client, files: dict[str, str], **overrides: Any) -> None:
    make(client, archive(files), **{"Runtime": "nodejs20.x", "Handler": "index.handler", **overrides})


@needs_node
def test_node_functions_answer_log_and_fail(client: Client) -> None:
    make_node(client, {"index.js": NODE})
    for number in range(3):
        answer, response = invoke(client, number)
        request_id = response["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
        assert answer == {"event": number, "name": "function", "id": request_id, "left": True}
    answer, response = invoke(client, "fail")
    assert (answer["errorType"], answer["errorMessage"]) == ("TypeError", "no")
    assert response["FunctionError"] == "Unhandled"
    assert any("/var/task/index.js:3" in line for line in answer["trace"])
    assert invoke(client, "crash")[0]["errorMessage"] == "late"
    assert invoke(client, "leave")[0]["errorMessage"].endswith("exit status 3")
    assert invoke(client, "again")[0]["event"] == "again"
    until(lambda: any("\tINFO\tgot again" in line for line in log_messages(client)), "the console's line in the log")


@needs_node
def test_node_handlers_with_callbacks(client: Client) -> None:
    make_node(client, {"index.js": NODE}, Handler="index.callback")
    assert [invoke(client, event)[0] for event in ("late", "early", 3)] == [
        {"event": "late"},
        {"event": "early"},
        {"event": 3},
    ]
    assert invoke(client, "fail")[0]["errorMessage"] == "told"
    client("lambda").update_function_configuration(FunctionName="function", Handler="index.nothing")
    assert invoke(client)[0] is None


@needs_node
def test_node_modules_of_both_kinds_and_of_layers(client: Client) -> None:
    files = {"src/app.mjs": "import { x } from './x.mjs';\nexport const handler = async () => x;\n"}
    make_node(client, {**files, "src/x.mjs": "export const x = 'module';\n"}, Handler="src/app.handler")
    assert invoke(client)[0] == "module"
    content = archive({"nodejs/node_modules/shared/index.js": "exports.name = 'of the layer';\n"})
    layer = client("lambda").publish_layer_version(LayerName="modules", Content={"ZipFile": content})
    code = "const shared = require('shared');\nexports.handler = async () => shared.name;\n"
    layers = [layer["LayerVersionArn"]]
    role = client("lambda").get_function_configuration(FunctionName="function")["Role"]
    make_node(client, {"index.js": code}, Layers=layers, FunctionName="layered", Role=role)
    assert invoke(client, FunctionName="layered")[0] == "of the layer"


@needs_node
@pytest.mark.parametrize(
    ("files", "handler", "error_type"),
    [
        ({"index.js": NODE}, "absent.handler", "Runtime.ImportModuleError"),
        ({"index.js": "require('absent')"}, "index.handler", "Runtime.ImportModuleError"),
        ({"index.js": "exports.handler = {"}, "index.handler", "Runtime.UserCodeSyntaxError"),
        ({"index.js": NODE}, "index.absent", "Runtime.HandlerNotFound"),
        ({"index.js": NODE}, "index", "Runtime.MalformedHandlerName"),
    ],
)
def test_node_functions_that_cannot_be_loaded(
    client: Client, files: dict[str, str], handler: str, error_type: str
) -> None:
    make_node(client, files, Handler=handler)
    answer, response = invoke(client)
    assert (answer["errorType"], response["FunctionError"]) == (error_type, "Unhandled")


@needs_node
def test_node_json_logs(client: Client) -> None:
    code = "exports.handler = async () => { console.debug('low'); console.warn('high', 1); };\n"
    make_node(client, {"index.js": code}, LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "WARN"})
    assert invoke(client)[0] is None

    def lines() -> list[Any]:
        return [json.loads(line) for line in log_messages(client) if '"requestId"' in line and '"level"' in line]

    (line,) = until(lines, "the console's line in the log")
    assert (line["level"], line["message"]) == ("WARN", "high 1")


def test_runtimes_that_nothing_runs_say_so(client: Client) -> None:
    make_function(client, "", Code={"ZipFile": archive({"a": "b"})}, Runtime="java21")
    assert invoke(client)[0]["errorMessage"] == "This machine has nothing that runs java21."


BUSY_BOOTSTRAP = """#!/bin/sh
echo $$
exec sleep 1000
"""


def test_programs_that_know_nothing_of_onebox_end_with_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "onebox", "serve", "--port", "0", "--data", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            client = client_of(process)
            content = archive({"bootstrap": BUSY_BOOTSTRAP}, ("bootstrap",))
            make(client, content, Runtime="provided.al2023")
            client("lambda").invoke(FunctionName="function", InvocationType="Event")
            lines = until(
                lambda: [line for line in log_messages(client) if line.strip().isdigit()], "the bootstrap's first line"
            )
            pid = int(lines[0])
            assert alive(pid)
            process.send_signal(signal.SIGKILL)
            process.wait(PATIENCE_S)
            until(lambda: not alive(pid), "the bootstrap's end")
        finally:
            process.kill()
