"""What is kept ready for one version by provisioned concurrency."""

from __future__ import annotations

from dataclasses import dataclass

INIT_FAILURE = "FUNCTION_ERROR_INIT_FAILURE"
"""AWS's word for a function that cannot be initialised."""


@dataclass(slots=True)
class Provision:
    """How many workers are wanted, and how many of them there are."""

    wanted: int = 0
    held: int = 0
    """Provisioned workers that start, wait or run, those included that will end."""
    failure: str = ""
    """Why no further worker is started; '' if nothing is wrong."""
