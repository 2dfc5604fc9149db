"""Goal: what others wrote is in the console as they published it, with version and licence, and nothing else is."""

from __future__ import annotations

import hashlib
from pathlib import Path

VENDOR = Path(__file__).parents[2] / "src/orders/console/static/vendor"


def test_vendored_files_are_those_that_were_published() -> None:
    listed = {}
    for line in (VENDOR / "SHA256SUMS").read_text("utf-8").splitlines():
        digest, name = line.split()
        listed[name] = digest
    found = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.glob("*/*")
    }
    assert found == listed


def test_vendored_packages_bear_licence_and_version() -> None:
    table = (VENDOR / "README.md").read_text("utf-8")
    for folder in (path for path in VENDOR.iterdir() if path.is_dir()):
        assert (folder / "LICENSE").is_file()
        assert f"| `{folder.name}/` |" in table


def test_pages_fetch_nothing_from_elsewhere() -> None:
    console = VENDOR.parents[1]
    sources = [*console.glob("templates/*.html"), *console.glob("static/*.css"), *console.glob("static/js/*.js")]
    assert sources
    for path in sources:
        text = path.read_text("utf-8")
        for fetching in (
            'src="http',
            "src='http",
            'href="//',
            'src="//',
            "@import",
            "url(http",
            "from 'http",
            'from "http',
        ):
            assert fetching not in text, f"{path.name} fetches from elsewhere: {fetching}"
