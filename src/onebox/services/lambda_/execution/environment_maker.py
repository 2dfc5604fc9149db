"""What a child is started with: code, interpreter, credentials, variables, log.

Promises: nothing of onebox's own environment but PATH reaches a function; its credentials are those of its role.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable
from datetime import datetime, timezone
from functools import cache
from pathlib import Path

from onebox.services.context import Deps, RequestContext
from onebox.services.iam.internal import IamInternal
from onebox.services.iam.model import Session
from onebox.services.lambda_.archives import Archives
from onebox.services.lambda_.errors import InvalidParameterValueException, ResourceNotFoundException
from onebox.services.lambda_.execution.code_folders import CodeFolder, CodeFolders, remove_tree
from onebox.services.lambda_.execution.commands import Commands
from onebox.services.lambda_.execution.environment import Environment
from onebox.services.lambda_.execution.interpreters import Interpreters
from onebox.services.lambda_.execution.log_buffer import LogBuffer
from onebox.services.lambda_.execution.output import LogEvent
from onebox.services.lambda_.limits import SESSION_S
from onebox.services.lambda_.model import FunctionKey, FunctionVersion
from onebox.services.lambda_.principals import role_context, session_name
from onebox.services.lambda_.settings import LambdaSettings
from onebox.services.lambda_.store.functions import FunctionStore
from onebox.services.pieces import Pieces

# What AWS has in /var/runtime: its runtime client and its SDK, with all they import.
_PACKAGES = (
    *("awslambdaric", "simplejson", "snapshot_restore_py"),
    *("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3"),
)


class _CodeReplaced(Exception):
    """The function was updated after the invocation came, and its former code is gone."""


class EnvironmentMaker:
    """Makes the environment of a new child."""

    def __init__(
        self,
        deps: Deps,
        store: FunctionStore,
        archives: Archives,
        *,
        iam: IamInternal,
        logs: LogBuffer,
        settings: LambdaSettings,
    ) -> None:
        self._deps = deps
        self._store = store
        self._archives = archives
        self._iam = iam
        self._logs = logs
        self._settings = settings
        self._interpreters = Interpreters(settings.interpreters)
        root = settings.data_dir / "lambda"
        self._code = CodeFolders(root / "code", deps.ids)
        self._scratch_root = root / "scratch"
        self._packages = root / "runtime"
        self._bytecode = root / "bytecode"

    def clean_up(self) -> None:
        """At the start: remove what earlier processes left, and lay out the packages that functions import. Blocks."""
        self._code.clear()
        remove_tree(self._scratch_root)
        shutil.rmtree(self._packages, ignore_errors=True)
        link_packages(self._packages)

    def forget(self, key: FunctionKey, version: str | None) -> None:
        """A version of the function changed or is gone; None stands for all."""
        self._code.forget(key, version)

    async def make(self, function: FunctionVersion, *, provisioned: bool) -> Environment:
        """Everything for a child of this version, or of the one that has replaced it meanwhile.

        Raises InvalidParameterValueException if its role is gone, ResourceNotFoundException if the version is."""
        try:
            code = await self._code.take(function, lambda: self._load_archives(function))
        except _CodeReplaced:
            return await self.make(self._load_successor(function), provisioned=provisioned)
        try:
            return await self._make(function, code, provisioned=provisioned)
        except BaseException:
            self._code.release(code)
            raise

    async def _load_archives(self, function: FunctionVersion) -> list[Pieces]:
        archives = []
        for sha256 in (function.code_sha256, *function.layer_hashes):
            archive = await self._archives.read(sha256)
            if archive is None:
                raise _CodeReplaced
            archives.append(archive)
        return archives

    def _load_successor(self, function: FunctionVersion) -> FunctionVersion:
        successor = self._store.find_version(function.key, function.version)
        if successor is None:
            raise ResourceNotFoundException(f"Function not found: {function.arn}")
        assert successor.revision_id != function.revision_id, "the code of the present revision is stored"
        return successor

    async def _make(self, function: FunctionVersion, code: CodeFolder, *, provisioned: bool) -> Environment:
        command = await self._find_commands().make(function, code)
        now_ms = self._deps.clock.now_ms()
        context = role_context(function, now_ms, self._deps.ids.uuid(), self._settings.endpoint_url())
        session = await self._issue_session(context, function)
        stream = f"{_date(now_ms)}/[{function.version}]{self._deps.ids.hex(32)}"
        scratch = self._scratch_root / self._deps.ids.hex(16)
        return Environment(
            function=function,
            command=command.arguments,
            variables={
                "AWS_LAMBDA_INITIALIZATION_TYPE": "provisioned-concurrency" if provisioned else "on-demand",
                **self._variables(function, session, stream, code, scratch),
            },
            code_folder=code.task,
            layers_folder=code.opt,
            scratch_folder=scratch,
            description=command.description,
            expires_at_ms=session.expiration_at_ms,
            write_log=self._log_writer(context, function, stream),
            log_is_behind=self._logs.is_behind,
            inherits_socket=command.inherits_socket,
            provisioned=provisioned,
            release=lambda: self._code.release(code),
        )

    async def stop(self) -> None:
        """Make no more; call it when nobody waits for one."""
        await self._interpreters.stop()

    async def _issue_session(self, context: RequestContext, function: FunctionVersion) -> Session:
        role_arn = str(function.configuration["Role"])
        if self._iam.find_role(function.key.account, role_arn) is None:
            raise InvalidParameterValueException("The role defined for the function cannot be assumed by Lambda.")
        name = session_name(function.key.name)
        return await self._deps.storage.when_free(lambda: self._iam.issue_session(context, role_arn, name, SESSION_S))

    def _find_commands(self) -> Commands:
        # Bytecode is kept beside the packages, as any Python does, or here if that folder is not ours to write.
        cache = "" if os.access(_installed(_PACKAGES[0]).parent, os.W_OK) else str(self._bytecode)
        return Commands(self._interpreters, self._packages, cache, self._settings.speeds_up_sdk)

    def _variables(
        self, function: FunctionVersion, session: Session, stream: str, code: CodeFolder, scratch: Path
    ) -> dict[str, str]:
        configuration = function.configuration
        variables = {
            "AWS_ACCESS_KEY_ID": session.access_key_id,
            "AWS_DEFAULT_REGION": function.key.region,
            "AWS_ENDPOINT_URL": self._settings.endpoint_url(),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{configuration['Runtime']}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_FUNCTION_NAME": function.key.name,
            "AWS_LAMBDA_FUNCTION_VERSION": function.version,
            "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            "AWS_REGION": function.key.region,
            "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
            "AWS_SESSION_TOKEN": session.session_token,
            # The child's own folder: nobody's ~/.aws reaches a function, and its temporary files end with it.
            "HOME": str(scratch),
            "LAMBDA_RUNTIME_DIR": str(self._packages),
            "LAMBDA_TASK_ROOT": str(code.task),
            "LANG": "en_US.UTF-8",
            "PATH": os.environ.get("PATH", os.defpath),
            "TMPDIR": str(scratch),
            "TZ": ":UTC",
            "_HANDLER": str(configuration["Handler"]),
        }
        if function.json_logs:
            variables["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
            variables["AWS_LAMBDA_LOG_LEVEL"] = configuration["LoggingConfig"]["ApplicationLogLevel"]
        if str(configuration["Runtime"]).startswith("nodejs"):
            modules = code.opt / "nodejs"
            major = str(configuration["Runtime"]).removeprefix("nodejs").removesuffix(".x")
            variables["NODE_PATH"] = (
                f"{modules / f'node{major}' / 'node_modules'}{os.pathsep}{modules / 'node_modules'}"
            )
        if function.layer_hashes:
            variables["PATH"] = f"{code.opt / 'bin'}{os.pathsep}{variables['PATH']}"
            variables["LD_LIBRARY_PATH"] = str(code.opt / "lib")
        return {**variables, **configuration.get("Environment", {}).get("Variables", {})}

    def _log_writer(
        self, context: RequestContext, function: FunctionVersion, stream: str
    ) -> Callable[[list[LogEvent]], None]:
        """Where the child's log goes: nowhere, as on AWS, if the role may not write it, or if the group is missing and
        the role may not create it.
        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html#monitoring-cloudwatchlogs-prereqs
        """
        group = function.log_group
        streams = f"arn:aws:logs:{context.region}:{context.account}:log-group:{group}:log-stream:"

        def may(action: str, arn: str) -> bool:
            return self._iam.check(context, action, [arn]).allowed

        if not may("logs:CreateLogStream", streams + stream) or not may("logs:PutLogEvents", streams + stream):
            return _discard
        return self._logs.writer(context, group, stream, may_create_group=may("logs:CreateLogGroup", streams))


def _discard(_events: list[LogEvent]) -> None:
    """The log of a function whose role may not write one."""


def link_packages(folder: Path) -> None:
    """Make ``folder`` hold what AWS's runtimes bring along, as links to the installed packages."""
    folder.mkdir(parents=True)
    for name in _PACKAGES:
        source = _installed(name)
        (folder / source.name).symlink_to(source)


@cache
def _installed(package: str) -> Path:
    """The folder, or the file, of an installed package."""
    spec = importlib.util.find_spec(package)
    assert spec is not None, package
    assert spec.origin is not None, package
    origin = Path(spec.origin)
    return origin.parent if spec.submodule_search_locations else origin


def _date(now_ms: int) -> str:
    return datetime.fromtimestamp(now_ms / 1000, timezone.utc).strftime("%Y/%m/%d")
