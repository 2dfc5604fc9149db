"""The options that every command shares: where AWS is, and whether the answer is for a program."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from orders.aws.clients import Aws
from orders.aws.settings import PREFIX_VARIABLE, find_settings
from orders.errors import OperatorError

Command = TypeVar("Command", bound=Callable[..., Any])


def aws_options(command: Command) -> Command:
    """Add --endpoint-url, --region, --profile and --prefix; the command receives ``aws`` in their place."""

    @functools.wraps(command)
    def wrapped(
        *args: Any,
        endpoint_url: str | None,
        region: str | None,
        profile: str | None,
        prefix: str | None,
        **kwargs: Any,
    ) -> Any:
        settings = find_settings(os.environ, endpoint_url, region, profile, prefix)
        try:
            return command(*args, aws=Aws(settings), **kwargs)
        except OperatorError as error:
            given = {"endpoint-url": endpoint_url, "region": region, "profile": profile, "prefix": prefix}
            error.advice = _for_the_same_system(error.advice, given)
            raise

    for option in (
        prefix_option,
        click.option("--profile", help="Profile in AWS's configuration files."),
        click.option("--region", help="AWS region."),
        click.option(
            "--endpoint-url", metavar="URL", help="AWS endpoint. Default: a onebox running on this machine, else AWS."
        ),
    ):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[return-value]


def _for_the_same_system(advice: str, given: Mapping[str, str | None]) -> str:
    """Advice with the options that led to this system; without them its command would go to another one."""
    options = " ".join(f"--{name} {value}" for name, value in given.items() if value)
    if not options or "`orders " not in advice or "`orders up" in advice:
        return advice
    return f"{advice}\nGive it {options} too."


prefix_option = click.option(
    "--prefix",
    metavar="NAME-",
    help=f"The system of this prefix: staging- for staging-OrderTopic and so on. Default: {PREFIX_VARIABLE}, or none.",
)
stack_name_option = click.option("--stack-name", help="Default: the prefix and `orders`.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
