"""Goal: scripts and styles are kept by browsers without asking again, and never of another version than the page."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from onebox.testing import EngineThread
from tests.console.support import Browser, console_for


@pytest.fixture
def browser(onebox: EngineThread, account: str) -> Iterator[Browser]:
    with console_for(onebox, account) as console:
        yield console


def test_every_asset_of_a_page_may_be_kept_for_ever(browser: Browser) -> None:
    paths = re.findall(r'(?:src|href)="(/static/[^"]+)"', browser.text("/metrics"))
    assert len(paths) >= 6
    for path in paths:
        answer = browser.client.get(path)
        assert answer.status_code == 200, path
        assert "immutable" in answer.headers["cache-control"]
        wanted = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}[path.rpartition(".")[2]]
        assert answer.headers["content-type"].split(";")[0] == wanted


def test_a_module_finds_its_imports_beside_it(browser: Browser) -> None:
    (script,) = re.findall(r'src="(/static/[^"]+/js/console\.js)"', browser.text("/"))
    folder = script.rpartition("/")[0]
    names = re.findall(r'from "\./([\w-]+\.js)"', browser.client.get(script).text)
    assert names
    for name in names:
        assert browser.client.get(f"{folder}/{name}").status_code == 200


@pytest.mark.parametrize("path", ["000000000000/console.css", "{digest}/no.css", "{digest}/../assets.py", "{digest}/"])
def test_other_versions_and_other_files_are_not_served(browser: Browser, path: str) -> None:
    found = re.search(r"/static/([0-9a-f]+)/console\.css", browser.text("/"))
    assert found is not None
    answer = browser.client.get(f"/static/{path.format(digest=found.group(1))}")
    assert answer.status_code == 404
    assert "immutable" not in answer.headers["cache-control"]
