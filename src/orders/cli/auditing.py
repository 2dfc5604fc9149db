"""The audit log of commands: what cannot be recorded is said on standard error."""

from __future__ import annotations

from orders.audit.log import COMMAND, AuditLog
from orders.aws.clients import Aws
from orders.cli.output import say
from orders.clock import SystemClock


def audit_log(aws: Aws) -> AuditLog:
    """The audit log of the system that a command changes."""
    return AuditLog(aws, SystemClock(), lambda sentence: say(f"orders: {sentence}", err=True, fg="yellow"), COMMAND)
