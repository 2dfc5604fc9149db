"""Goal: paging with any prefix, delimiter and page size yields what a plain loop over all keys yields."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from onebox.services.s3.listing import common_prefix, first_key_after, list_from
from onebox.services.s3.rules import key_after_prefix

KEYS = st.text(alphabet="ab/é\U0010ffff", min_size=1, max_size=6)


@dataclass(frozen=True)
class Entry:
    key: str


class Source:
    def __init__(self, keys: list[str]) -> None:
        self._keys = keys
        self.loaded = 0

    def load(self, position: str, end_key: str | None, limit: int) -> list[Entry]:
        found = [Entry(key) for key in self._keys if key >= position and (end_key is None or key < end_key)][:limit]
        self.loaded += len(found)
        return found

    def at_key(self, key: str) -> str:
        return key

    def after_entry(self, entry: Entry) -> str:
        return entry.key + "\0"


def test_a_page_of_common_prefixes_reads_little_more_than_one_key_for_each() -> None:
    keys = [f"{folder:04}/{number:03}" for folder in range(200) for number in range(100)]
    source = Source(keys)
    listing = list_from(source, "", end_key=None, prefix="", delimiter="/", limit=150)
    assert (len(listing.prefixes), listing.is_truncated) == (150, True)
    assert source.loaded < 170


def _expected(keys: list[str], prefix: str, delimiter: str) -> list[str]:
    seen: list[str] = []
    for key in keys:
        if key.startswith(prefix):
            rolled_up = common_prefix(key, prefix, delimiter) or key
            if not seen or seen[-1] != rolled_up:
                seen.append(rolled_up)
    return seen


@given(
    st.sets(KEYS, max_size=60), st.text(alphabet="ab/", max_size=3), st.sampled_from(["", "/", "a/"]), st.integers(1, 7)
)
def test_list_from_page_by_page_yields_every_key_and_prefix_once(
    keys: set[str], prefix: str, delimiter: str, limit: int
) -> None:
    ordered = sorted(keys)
    source = Source(ordered)
    seen: list[str] = []
    marker = ""
    while True:
        begin = first_key_after(marker, prefix, delimiter)
        page = list_from(
            source, begin, end_key=key_after_prefix(prefix), prefix=prefix, delimiter=delimiter, limit=limit
        )
        assert page.count <= limit
        seen += sorted([*[entry.key for entry in page.entries], *page.prefixes])
        if not page.is_truncated:
            break
        assert page.count == limit
        marker = page.last

    assert seen == _expected(ordered, prefix, delimiter)


def test_list_from_huge_common_prefix_is_jumped_over() -> None:
    source = Source([f"a/{number:05}" for number in range(10_000)] + ["b"])

    page = list_from(source, "", end_key=None, prefix="", delimiter="/", limit=1000)

    assert (page.prefixes, [entry.key for entry in page.entries]) == (["a/"], ["b"])
    assert source.loaded < 50


@given(st.text(max_size=3), st.text(max_size=3))
def test_key_after_prefix_separates_what_begins_with_it(prefix: str, rest: str) -> None:
    after = key_after_prefix(prefix)

    assert after is None or prefix + rest < after
    if after is None:
        assert prefix.strip("\U0010ffff") == ""
