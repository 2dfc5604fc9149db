"""Goal: the zip file is the same bytes every time and holds all that the function needs and nothing more."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import orders
from orders.deployment.package import HANDLER, MODULES, SDK_HANDLERS, build_package

# What the handler imports where something failed.
LAZY = (
    "orders.processor.claims",
    "orders.processor.s3_client",
    "orders.processor.give_back",
    "orders.processor.queue_client",
    "orders.processor.crash_line",
    "orders.processor.record_notices",
    "orders.processor.tracing",
)
PROBE = """
import sys
sys.path.insert(0, sys.argv[1])
import importlib
for name in sys.argv[2:]:
    importlib.import_module(name)
print(*sorted(m.__file__.split(".zip/")[1] for n, m in sys.modules.items() if n.split(".")[0] == "orders"))
"""
ENVIRONMENT = {
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "TABLE_NAME": "Orders",
    "EVENTS_TABLE_NAME": "OrderEvents",
    "TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:OrderChanged",
    "BUCKET_NAME": "archive",
    "KEYS_TABLE_NAME": "OrderIntakeKeys",
    "AUTH": "Token",
}


def imported_by(handler: str, folder: Path, *flags: str, lazy: Sequence[str] = ()) -> set[str]:
    """What importing a handler, and what it imports later, loads out of the package."""
    path = folder / "function.zip"
    path.write_bytes(build_package().content)
    done = subprocess.run(
        [sys.executable, "-I", *flags, "-c", PROBE, str(path), handler.rpartition(".")[0], *lazy],
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_build_package_twice_gives_the_same_bytes() -> None:
    assert build_package() == build_package()


def test_build_package_holds_what_the_handlers_import_and_nothing_more(tmp_path: Path) -> None:
    # OrderProcessor runs without site-packages: the zip and the standard library are all that it needs.
    loaded = imported_by(HANDLER, tmp_path, "-S", lazy=LAZY)
    assert not any("/archive/" in name or "/history/" in name or "/intake/" in name for name in loaded), (
        "its start gets slower"
    )
    for handler in SDK_HANDLERS:
        loaded |= imported_by(handler, tmp_path)
    assert tuple(sorted(loaded)) == MODULES


def test_template_names_the_handlers_of_the_package() -> None:
    text = (Path(__file__).parents[4] / "template.yaml").read_text("utf-8")
    named = re.findall(r"^ +Handler: (\S+)$", text, re.MULTILINE)
    assert set(named) - {"index.handler"} == {HANDLER, *SDK_HANDLERS}


def test_build_package_names_no_time_and_lets_all_read() -> None:
    with zipfile.ZipFile(io.BytesIO(build_package().content)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o100644}


def test_build_package_from_a_copy_with_other_times_gives_the_same_bytes(tmp_path: Path) -> None:
    sources = shutil.copytree(Path(orders.__file__).parent, tmp_path / "src" / "orders", copy_function=shutil.copy)
    for path in sources.rglob("*"):
        os.utime(path, (0, 0))
        path.chmod(0o700)
    script = "import orders.deployment.package as package; print(package.build_package().digest, package.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=sources.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [build_package().digest, str(sources / "deployment" / "package.py")]
