"""What every operation of STS works with."""

from __future__ import annotations

from dataclasses import dataclass

from onebox.services.iam.internal import IamInternal


@dataclass(frozen=True, slots=True)
class Core:
    """Built once by :func:`make_core`."""

    iam: IamInternal


def make_core(iam: IamInternal) -> Core:
    """The parts, put together."""
    return Core(iam)
