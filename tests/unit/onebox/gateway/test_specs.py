"""Goal: reading the models neither imports botocore nor keeps more of them in memory than a small server can bear."""

from __future__ import annotations

import subprocess
import sys

import pytest

from onebox.gateway.specs.loader import ServiceModelMissing, load_model

SERVICES = ("sqs", "sns", "dynamodb", "lambda", "logs", "cloudwatch", "iam", "sts", "cloudformation", "s3", "sqs-query")
_READ_ALL = f"""
import sys
from onebox.gateway.routing import resolve
from onebox.gateway.specs.loader import load_model
def resident_kib():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
before = resident_kib()
for service in {SERVICES!r}:
    load_model(service)
print(resident_kib() - before, "botocore" in sys.modules)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_load_model_all_services_stay_small_without_botocore() -> None:
    output = subprocess.run([sys.executable, "-c", _READ_ALL], check=True, capture_output=True, text=True).stdout
    grown_kib, imported = output.split()

    assert imported == "False"
    assert int(grown_kib) < 8_000


def test_load_model_unknown_service_says_what_is_missing() -> None:
    with pytest.raises(ServiceModelMissing, match="no model of nothing"):
        load_model("nothing")


def test_load_model_documentation_is_dropped_and_members_so_called_stay() -> None:
    model = load_model("lambda")

    assert "documentation" not in model.load_operation("Invoke")
    assert "documentation" not in model.load_shape("InvocationRequest")
