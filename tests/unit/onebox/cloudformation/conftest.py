"""Fixtures of the CloudFormation tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.onebox.cloudformation.harness import Harness


@pytest.fixture
def cfn() -> Iterator[Harness]:
    """The service by itself."""
    harness = Harness()
    yield harness
    harness.close()
