"""Goal: the zip file is the same bytes every time and holds all that the function needs and nothing more."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import orders
from orders.deployment.package import HANDLER, MODULES, build_package

# What the handler imports where something failed.
LAZY = ("orders.processor.give_back", "orders.processor.queue_client", "orders.processor.crash_line")
PROBE = """
import sys
sys.path.insert(0, sys.argv[1])
import importlib
for name in sys.argv[2:]:
    importlib.import_module(name)
print(*sorted(m.__file__.split(".zip/")[1] for n, m in sys.modules.items() if n.split(".")[0] == "orders"))
"""


def test_build_package_twice_gives_the_same_bytes() -> None:
    assert build_package() == build_package()


def test_build_package_holds_what_the_handler_imports_and_nothing_more(tmp_path: Path) -> None:
    path = tmp_path / "function.zip"
    path.write_bytes(build_package().content)
    environment = {**os.environ, "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    # Isolated and without site-packages: the zip and the standard library are all there is.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROBE, str(path), HANDLER.rpartition(".")[0], *LAZY],
        env={**environment, "TABLE_NAME": "Orders"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert tuple(done.stdout.split()) == MODULES


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
