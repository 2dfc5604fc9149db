"""The callers in Parameter Store, as an operator adds, lists and removes them.

AWS: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from typing import Any, NamedTuple

from orders.aws.clients import Aws, error_code
from orders.errors import OperatorError
from orders.intake.callers import CALLERS_MAX, TOKEN, WEBHOOK, Caller, encode_caller, token_digest
from orders.intake.webhooks import make_secret, read_secret

TOKEN_PREFIX = "ord_"  # noqa: S105  (a prefix, so that scanners for leaked secrets find tokens)
SECRET_BYTES = 32
_is_name = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII).fullmatch


class KnownCaller(NamedTuple):
    """A caller, without its secret."""

    name: str
    kind: str
    added_at_ms: int


class CallerAdmin:
    """The operator's side of the callers."""

    def __init__(self, aws: Aws) -> None:
        self._ssm = aws.client("ssm")
        self._path = aws.names.intake_callers

    def add(self, name: str, kind: str, secret: str | None = None, *, replace: bool = False) -> str:
        """Add a caller; its token or webhook secret, which is made unless given. Raises OperatorError."""
        _check_name(name)
        known = {one.name for one in self.list()}
        if name not in known and len(known) >= CALLERS_MAX:
            raise OperatorError(f"there are {CALLERS_MAX} callers already", "Remove one: `orders intake remove NAME`.")
        made = secret or _make(kind)
        try:
            self._put(name, _encode(name, kind, made), kind, replace=replace)
        except ValueError as error:
            raise OperatorError(f"the secret: {error}") from error
        return made

    def list(self) -> list[KnownCaller]:
        """All callers, by name."""
        return sorted(KnownCaller(one["Name"].rpartition("/")[2], *_describe(one)) for one in self._pages())

    def remove(self, name: str) -> None:
        """Remove a caller. Raises OperatorError if there is none of this name."""
        from botocore.exceptions import ClientError

        _check_name(name)
        try:
            self._ssm.delete_parameter(Name=f"{self._path}/{name}")
        except ClientError as error:
            if error_code(error) != "ParameterNotFound":
                raise
            raise OperatorError(f"there is no caller {name}", "`orders intake list` lists them.") from error

    def _put(self, name: str, value: str, kind: str, *, replace: bool) -> None:
        from botocore.exceptions import ClientError

        request: dict[str, Any] = {"Name": f"{self._path}/{name}", "Value": value, "Type": "SecureString"}
        try:
            self._ssm.put_parameter(**request, Description=kind, Overwrite=replace)
        except ClientError as error:
            if error_code(error) != "ParameterAlreadyExists":
                raise
            raise OperatorError(f"there is a caller {name} already", "--replace gives it a new secret.") from error

    def _pages(self) -> Iterator[Any]:
        """The parameters, without their values."""
        pages = self._ssm.get_paginator("describe_parameters").paginate(
            ParameterFilters=[{"Key": "Path", "Option": "OneLevel", "Values": [self._path]}]
        )
        for page in pages:
            yield from page["Parameters"]


def _describe(parameter: Any) -> tuple[str, int]:
    return str(parameter.get("Description", "")), int(parameter["LastModifiedDate"].timestamp() * 1_000)


def _check_name(name: str) -> None:
    if not _is_name(name):
        raise OperatorError(f"{name!r} is not a caller's name", "Use up to 64 letters, digits, - and _.")


def _make(kind: str) -> str:
    if kind == WEBHOOK:
        return make_secret(secrets.token_bytes(SECRET_BYTES))
    return TOKEN_PREFIX + secrets.token_urlsafe(SECRET_BYTES)


def _encode(name: str, kind: str, secret: str) -> str:
    """The parameter's value. Raises ValueError for a secret that is none."""
    if kind == TOKEN:
        return encode_caller(Caller(name, TOKEN, digest=token_digest(secret)))
    return encode_caller(Caller(name, WEBHOOK, key=read_secret(secret)), secret)
