"""Goal: uploads that nobody ends take bounded memory, and it is given back. ``make memory`` has the larger crowds."""

from __future__ import annotations

import sys

import pytest

from onebox.gateway.limits import LARGE_BODIES_BYTES_MAX
from tests.polling import until
from tests.stalls.box import running_box
from tests.stalls.memory import MIB, Crowd, body_of, crowd, make_bucket, memory_mib

UPLOADS = 50
UPLOAD_BYTES = 8 * MIB
OTHERS_MIB = 60
"""What the process takes besides, and what a growing body takes more than it has."""


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is read from /proc")
def test_uploads_without_an_end_take_bounded_memory_and_give_it_back() -> None:
    head = body_of(UPLOAD_BYTES, "s3", "PUT", "/memory/object")
    one = Crowd("uploads", UPLOADS, make_bucket, lambda: head, UPLOAD_BYTES - MIB)
    with running_box() as box:
        one.prepare(box)
        before = memory_mib(box, "VmRSS")
        with crowd(box, one.clients, head, one.rest_bytes) as sent:
            assert sent > LARGE_BODIES_BYTES_MAX + OTHERS_MIB * MIB, "more was sent than may be kept"
        until(lambda: memory_mib(box, "VmRSS") < before + OTHERS_MIB, "the memory's way back")
        assert memory_mib(box, "VmHWM") * MIB < LARGE_BODIES_BYTES_MAX + (before + OTHERS_MIB) * MIB
