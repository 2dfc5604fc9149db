"""Every setting of onebox, in one place; built once at the entrypoint, read from nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import platformdirs

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 4566


@dataclass(frozen=True, slots=True)
class Settings:
    """Units in the names; the defaults are those of ``onebox serve``."""

    host: str = DEFAULT_HOST
    """The address to listen on; loopback keeps the neighbours out."""
    port: int = DEFAULT_PORT
    """0 takes a free port."""
    data: Path | None = None
    """The folder of the database and of the functions' code; None is ephemeral: nothing outlives the process."""
    stop_grace_ms: int = 2_000
    """How long answers and invocations under way may take when the process is asked to stop."""
    credentials_required: bool = False
    """Refuse every access key that onebox did not issue; else such keys stand for a user with all rights."""
    accept_loss: bool = False
    """Start although the write-ahead log was cut short and acknowledged changes are missing."""
    function_calls_max: int = 20_000
    """Invocations after which a function's process is replaced by a fresh one."""
    fast_sdk: bool = True
    """Whether calls of the AWS SDK for Python are made cheaper in function processes."""
    allowed_hosts: tuple[str, ...] = ()
    """Names by which clients reach onebox besides localhost, ``*.localhost`` and addresses; ``*.suffix`` for all names
    under a suffix, ``*`` for any name (which gives up the protection against DNS rebinding)."""
    allowed_origins: tuple[str, ...] = ()
    """Web pages that may send requests: ``scheme://host[:port]``, or ``*`` for every page."""
    log_level: str = "WARNING"
    """What onebox itself writes to standard error: DEBUG, INFO, WARNING or ERROR."""


def default_data_folder() -> Path:
    """The platform's folder for a user's application data."""
    return Path(platformdirs.user_data_dir("onebox", appauthor=False))
