"""Fixtures of the SQS unit tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.onebox.sqs.harness import SqsHarness


@pytest.fixture
def harness() -> Iterator[SqsHarness]:
    """The service by itself, its time standing still."""
    harness = SqsHarness()
    yield harness
    harness.close()
