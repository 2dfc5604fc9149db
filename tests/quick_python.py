"""Spares a test process work that says nothing of what is tested: walks of the garbage collector over all that pytest
keeps, and reading boto3's descriptions of services anew for each of thousands of sessions."""

from __future__ import annotations

import functools
import gc
from pathlib import Path

import boto3
import botocore.session
from botocore.loaders import Loader


class SharedLoader(Loader):
    """Reads each description once. A boto3 session adds its own folder to a list; here that folder is known already."""

    def __init__(self) -> None:
        super().__init__(extra_search_paths=[str(Path(boto3.__file__).parent / "data")])

    @property
    def search_paths(self) -> list[str]:
        """A copy: the folders of all sessions are the same."""
        return list(super().search_paths)


def share_descriptions() -> None:
    """Every boto3 session of this process has the same loader."""
    botocore.session.create_loader = functools.cache(lambda _data_path: SharedLoader())


def rest_the_collector() -> None:
    """While all tests are collected: nothing of it is ever given up, and walks over it take a seventh of the time."""
    gc.disable()


def spare_the_collector() -> None:
    """As onebox does when it serves: what is there stays for good, and walks are rarer."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()
